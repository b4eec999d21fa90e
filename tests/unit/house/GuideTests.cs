using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.House;

/// <summary>The documents that lead a reader to files name files that exist.</summary>
public sealed partial class GuideTests
{
    [Fact]
    public void The_reading_order_has_twenty_files_that_exist() => Assert.Equal(20,
        Existing(Repository.Read("docs", "reading-order.md")).Distinct().Count());

    [Fact]
    public void Twenty_questions_have_an_answer_that_exists() => Assert.Equal(20, Existing(Repository.Read("docs", "where.md")).Count);

    [Fact]
    public void From_a_line_to_a_commit_are_at_most_25_files() =>
        Assert.InRange(Existing(Repository.Read("ARCHITECTURE.md").Split("## From a line to a commit")[1]).Count, 1, 25);

    private static List<string> Existing(string text)
    {
        var files = FilePattern().Matches(text).Select(m => m.Groups[1].Value).ToList();
        Assert.All(files, file => Assert.True(File.Exists(Path.Combine(Repository.Root, file)),
            $"A guide names {file}, which does not exist."));
        return files;
    }

    [GeneratedRegex(@"`([a-z]+/[A-Za-z0-9_./-]+\.(?:cs|yaml))`")]
    private static partial Regex FilePattern();
}
