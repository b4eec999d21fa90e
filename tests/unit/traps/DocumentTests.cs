using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Tests.Unit.Deploy;
using Pipeline.Tests.Unit.House;

namespace Pipeline.Tests.Unit.Traps;

/// <summary>docs/traps.md names twenty-six traps, and tests that exist.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(DeployedFiles.Repository, "docs", "traps.md"));

    [Fact]
    public void There_are_twenty_six_in_order_and_each_has_a_test() =>
        Assert.Equal(Enumerable.Range(1, 26), RowPattern().Matches(Text)
            .Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)));

    [Fact]
    public void Every_test_that_is_named_exists()
    {
        var unknown = NamePattern().Matches(Text).Select(m => m.Groups[1].Value).Where(name => !Repository.Tests.Contains(name)).ToList();
        Assert.True(unknown.Count == 0, $"no test is called {string.Join(", ", unknown)}");
    }

    [Fact]
    public void The_index_of_runbooks_names_each_that_is_there_and_no_other()
    {
        var folder = Path.Combine(DeployedFiles.Repository, "docs", "runbooks");
        var named = RunbookPattern().Matches(File.ReadAllText(Path.Combine(folder, "README.md"))).Select(m => m.Groups[1].Value).Distinct()
            .Order(StringComparer.Ordinal);
        Assert.Equal(Directory.GetFiles(folder, "*.md").Select(f => Path.GetFileName(f)).Where(name => name != "README.md")
            .Order(StringComparer.Ordinal), named);
    }

    [GeneratedRegex(@"^\| (\d+) \| .* \| .*`[A-Za-z]+\.[A-Za-z0-9_]+`.* \|$", RegexOptions.Multiline)]
    private static partial Regex RowPattern();

    [GeneratedRegex(@"`([A-Z][A-Za-z]+\.[A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\(([a-z-]+\.md)\)")]
    private static partial Regex RunbookPattern();
}
