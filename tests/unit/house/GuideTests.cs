using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.House;

/// <summary>The documents that lead a reader to files name files that exist.</summary>
public sealed partial class GuideTests
{
    [Fact]
    public void The_reading_order_has_twenty_files_that_exist() => Assert.Equal(20, Existing("reading-order.md").Distinct().Count());

    [Fact]
    public void Twenty_questions_have_an_answer_that_exists() => Assert.Equal(20, Existing("where.md").Count);

    private static List<string> Existing(string document)
    {
        var files = FilePattern().Matches(Repository.Read("docs", document)).Select(m => m.Groups[1].Value).ToList();
        Assert.All(files, file => Assert.True(File.Exists(Path.Combine(Repository.Root, file)), $"docs/{document} names {file}, which does not exist."));
        return files;
    }

    [GeneratedRegex(@"`([a-z]+/[A-Za-z0-9_./-]+\.(?:cs|yaml))`")]
    private static partial Regex FilePattern();
}
