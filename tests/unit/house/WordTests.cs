using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.House;

/// <summary>Phrases that are no idiomatic English, and tables of documents that must agree with the code.</summary>
public sealed partial class WordTests
{
    /// <summary>Files that still have such a phrase, by the beginning of their path. May only shrink.</summary>
    private static readonly string[] Open = ["cli/commands/RedriveCommand.cs", "docs/storage-format.md", "ingest/"];

    [Fact]
    public void No_text_has_a_phrase_that_is_no_idiom() => Assert.Empty(ProductFile.All.Select(file => file.Name)
        .Concat(Repository.Files("*.md", ".").Select(Repository.Name))
        .Where(name => !Open.Any(start => name.StartsWith(start, StringComparison.Ordinal)))
        .SelectMany(name => File.ReadLines(Path.Combine(Repository.Root, name)).Index()
            .Where(line => PhrasePattern().IsMatch(line.Item)).Select(line => $"{name}:{line.Index + 1}: {line.Item.Trim()}")));

    [Theory]
    [InlineData("README.md", "| exit code | means |")]
    [InlineData("deploy/README.md", "| code | means | started again | do |")]
    public void A_table_of_exit_codes_has_those_of_the_program(string document, string heading)
    {
        var codes = typeof(Pipeline.Cli.ExitCode).GetFields().Where(field => field.IsLiteral)
            .Select(field => (int)field.GetRawConstantValue()!);
        var rows = Repository.Read(document).Split(heading)[1].Split("\n\n")[0];
        Assert.Equal(codes.Order().Select(code => $"{code}"), RowPattern().Matches(rows).Select(row => row.Groups[1].Value));
    }

    [GeneratedRegex(@"\b(?:by now|so many|that is none|beside other work)\b", RegexOptions.IgnoreCase)]
    private static partial Regex PhrasePattern();

    [GeneratedRegex(@"^\| (\d+) \|", RegexOptions.Multiline)]
    private static partial Regex RowPattern();
}
