using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.House;

/// <summary>docs/protocol.md and docs/design.md are the reference: what code cites is there, and each rule has tests that exist.</summary>
public sealed partial class ProtocolTests
{
    private static readonly string[] Code = ["cli", "core", "ingest", "shipper", "processor", "worlds", "tests", "docs", "deploy"];

    private static readonly Dictionary<int, string> Rules = HeadingPattern().Split(Repository.Read("docs", "protocol.md")).Skip(1).Chunk(2)
        .ToDictionary(rule => int.Parse(rule[0], CultureInfo.InvariantCulture), rule => rule[1].Split("\n## ")[0]);

    private static readonly HashSet<int> Promises =
        [.. PromiseHeadingPattern().Matches(Repository.Read("docs", "design.md"))
            .Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];

    [Fact]
    public void Rules_are_numbered_from_1_without_a_gap_and_promises_are_seven()
    {
        Assert.Equal(Enumerable.Range(1, Rules.Count), Rules.Keys);
        Assert.Equal(Enumerable.Range(1, 7), Promises.Order());
    }

    [Fact]
    public void Each_rule_names_a_test_and_each_test_that_a_rule_names_exists()
    {
        foreach (var (number, text) in Rules)
        {
            var named = TestPattern().Matches(text).Select(m => m.Groups[1].Value).ToList();
            Assert.True(named.Count > 0, $"docs/protocol.md, rule {number}: found no test, expected 'Held by:' with at least one.");
            var unknown = named.Where(name => !Repository.Tests.Contains(name)).ToList();
            Assert.True(unknown.Count == 0, $"docs/protocol.md, rule {number}: no test is called {string.Join(", ", unknown)}.");
        }
    }

    [Fact]
    public void Each_rule_and_promise_that_code_or_a_document_cites_exists()
    {
        foreach (var file in Repository.Files("*.cs", Code).Concat(Repository.Files("*.md", "docs")))
        {
            var text = File.ReadAllText(file);
            foreach (Match cited in CitedPattern().Matches(text))
            {
                var known = cited.Groups[1].Value.StartsWith("rule", StringComparison.OrdinalIgnoreCase) ? Rules.ContainsKey
                    : (Func<int, bool>)Promises.Contains;
                foreach (Match number in NumberPattern().Matches(cited.Groups[2].Value))
                {
                    Assert.True(known(int.Parse(number.Value, CultureInfo.InvariantCulture)),
                        $"{Repository.Name(file)}: cites {cited.Value}, which is not in docs/protocol.md or docs/design.md.");
                }
            }
        }
    }

    /// <summary>A user has documents, not numbers: no text that the program prints cites a rule or a promise.</summary>
    [Fact]
    public void No_message_of_the_program_cites_a_number()
    {
        foreach (var file in Repository.Files("*.cs", "cli", "core", "ingest", "shipper", "processor"))
        {
            var cites = File.ReadLines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
                && MessagePattern().IsMatch(line)).ToList();
            Assert.True(cites.Count == 0, $"{Repository.Name(file)}: {cites.FirstOrDefault()?.Trim()}");
        }
    }

    [GeneratedRegex(@"^### Rule (\d+)\. ", RegexOptions.Multiline)]
    private static partial Regex HeadingPattern();

    [GeneratedRegex(@"^### Promise (\d+)\. ", RegexOptions.Multiline)]
    private static partial Regex PromiseHeadingPattern();

    [GeneratedRegex(@"`([A-Z][A-Za-z0-9]+\.[A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+)`")]
    private static partial Regex TestPattern();

    [GeneratedRegex(@"\b(rules?|promises?)[ _]((?:\d+(?:, |[ _](?:and|to)[ _])?)+)", RegexOptions.IgnoreCase)]
    private static partial Regex CitedPattern();

    [GeneratedRegex(@"\d+")]
    private static partial Regex NumberPattern();

    [GeneratedRegex("\"[^\"]*\\b(?:rule|promise)s? \\d")]
    private static partial Regex MessagePattern();
}
