using System.Text.RegularExpressions;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Publish;
using Pipeline.Ingest.Shard;
using Pipeline.Shipper.Seal;

namespace Pipeline.Tests.Unit.House;

/// <summary>The README's picture: its rates are measured, its bounds are the program's.</summary>
public sealed partial class ReadmePictureTests
{
    private static readonly string Text = Repository.Read("README.md");

    private static readonly string Flow = PicturePattern().Match(Text).Groups[1].Value;

    [Fact]
    public void Each_rate_is_in_the_benchmarks()
    {
        var benchmarks = Repository.Read("docs", "benchmarks.md");
        Assert.Equal(5, RatePattern().Count(Flow));
        var summary = Text[Text.IndexOf("The upper figure", StringComparison.Ordinal)..];
        Assert.All(RatePattern().Matches(Flow + summary).Select(m => m.Value), rate =>
            Assert.Contains(rate, benchmarks, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_bound_is_the_programs()
    {
        var options = new PublisherOptions { Topic = "t", Connection = new Dictionary<string, string>() };
        Assert.Equal((1 << 20, 12, 900_000), (SourceBlock.MaxBytes, ShardLoop.MaxBlocks, CaptureFile.MaxBytes));
        Assert.Equal((32L << 20, 64L << 20, TimeSpan.FromMinutes(5)), (options.MaxBytes, new SealPolicy().Bytes, SealPolicy.DefaultAge));
        Assert.All(
            ["1 MiB a block", "12 blocks", "900 kB a capture", "64 MiB or 5 min", "32 MiB queued"],
            bound => Assert.Contains(bound, Flow, StringComparison.Ordinal));
    }

    [GeneratedRegex("^```\n( web logs .*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex PicturePattern();

    [GeneratedRegex(@"\d+(?:\.\d+)? (?:[kMG] )?(?:lines|rows|puts|B)/s")]
    private static partial Regex RatePattern();
}
