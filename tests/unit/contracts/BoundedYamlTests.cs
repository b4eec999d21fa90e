using Pipeline.Core.Contracts;
using Xunit;
using YamlDotNet.Core;

namespace Pipeline.Tests.Unit.Contracts;

/// <summary>YAML that is too deep would end the process: a stack that ends cannot be caught.</summary>
public sealed class BoundedYamlTests
{
    [Theory]
    [InlineData("[", "]")]
    [InlineData("{a: ", "}")]
    public void Yaml_within_the_depth_is_read_and_deeper_yaml_is_an_error(string open, string close)
    {
        Assert.Single(BoundedYaml.Load(Nested(open, close, BoundedYaml.MaxDepth)).Documents);
        Assert.Throws<YamlException>(() => BoundedYaml.Load(Nested(open, close, BoundedYaml.MaxDepth + 1)));
        Assert.Throws<YamlException>(() => BoundedYaml.Load(Nested(open, close, 60_000)));
    }

    [Fact]
    public void A_deep_block_is_an_error_too() => Assert.Throws<YamlException>(() =>
        BoundedYaml.Load(string.Concat(Enumerable.Repeat("- ", 60_000)) + "x"));

    private static string Nested(string open, string close, int depth) =>
        string.Concat(Enumerable.Repeat(open, depth)) + "x" + string.Concat(Enumerable.Repeat(close, depth));
}
