using System.Text;
using Xunit;

using Pipeline.Ingest.Formats;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>On well-formed lines each JSON format agrees with a slow and obvious second implementation. DIFFERENTIAL_LINES says how many,
/// DIFFERENTIAL_SEED of which seed.</summary>
public sealed class JsonDifferentialTests
{
    public static TheoryData<string> Names => [.. JsonReference.All.Select(reference => reference.Format)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_format_agrees_with_its_second_implementation(string name)
    {
        var lines = int.Parse(Environment.GetEnvironmentVariable("DIFFERENTIAL_LINES")
            ?? "20000", System.Globalization.CultureInfo.InvariantCulture);
        var seed = int.Parse(Environment.GetEnvironmentVariable("DIFFERENTIAL_SEED")
            ?? "6", System.Globalization.CultureInfo.InvariantCulture);
        var reference = JsonReference.All.Single(one => one.Format == name);
        var format = LogFormats.Named(name);
        var rows = new JsonRows(new Random(seed));
        var into = TestContracts.Lines();
        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < lines; i++)
        {
            var line = rows.Next(name);
            into.Clear();
            format.Parse(Encoding.UTF8.GetBytes(line), null, into);
            var expected = reference.Parse(line);
            var found = into.Duplicates.Count > 0 ? "duplicate" : Assert.Single(Parsed.Outcome(into));
            Assert.True(expected == found, $"seed {seed}, line {i} of {name}: expected {expected}, found {found}");
            var kind = found.Split(' ')[0];
            seen[kind] = seen.GetValueOrDefault(kind) + 1;
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{name}: {lines} lines agree, seed {seed}: {string.Join(", ", seen.Select(pair => $"{pair.Key} {pair.Value}"))}");
        Assert.True(seen.Count >= 7, "the generator reaches most outcomes");
    }
}
