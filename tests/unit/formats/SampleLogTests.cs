using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>The sample logs against the truth that stands beside them.</summary>
public sealed class SampleLogTests
{
    public static TheoryData<string, string> Samples => new()
    {
        { "combined-nginx.log", "combined" },
        { "combined-apache.log", "combined" },
        { "iis-w3c.log", "iis-w3c" },
        { "appservice-w3c.log", "iis-w3c" },
        { "appservice-json.log", "appservice-json" },
        { "frontdoor.log", "frontdoor" },
        { "storageread.log", "storage-read" },
    };

    /// <summary>Names that take no part in detection.</summary>
    public static TheoryData<string, string> OtherNames => new()
    {
        { "appservice-w3c.log", "appservice-w3c" },
        { "combined-nginx.log", NginxTests.Combined },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    [MemberData(nameof(OtherNames))]
    public void A_sample_log_becomes_what_its_truth_says(string file, string format)
    {
        var bytes = File.ReadAllBytes(Sample(file));
        using var truth = JsonDocument.Parse(File.ReadAllText(Sample(file + ".truth.json")));
        var lines = Parsed.Parse(format, bytes);
        var kinds = Numbers(truth, "kinds");
        var malformed = Numbers(truth, "malformed");

        Assert.Equal(truth.RootElement.GetProperty("lines").GetInt64(), lines.Lines);
        Assert.Equal(kinds["xencenter"], lines.XenCenter.Rows);
        Assert.Equal(kinds["agent"], lines.Agent.Rows);

        // Junk of 70,000 bytes is too long; how many of the junk lines are, the file itself tells.
        var tooLong = bytes.AsSpan().Count("----------------------------------------------------------------\n"u8);
        long Of(string code) => kinds.GetValueOrDefault(code);
        long Bad(string code) => malformed.GetValueOrDefault(code);
        var expected = new Dictionary<Reason, long>
        {
            [Reason.Empty] = Bad("empty"),
            [Reason.TooLong] = tooLong,
            [Reason.Malformed] = Bad("cut") + Bad("nul") + Bad("junk") - tooLong,
            [Reason.BadTime] = Bad("badtime"),
            [Reason.UntrustedAddress] = 0,
            [Reason.OtherPath] = Of("other-path"),
            [Reason.NotGet] = Of("not-get"),
            [Reason.NoAgentString] = Of("no-agent-string"),
            [Reason.OtherClient] = Of("other-client"),
            [Reason.BadVersion] = 0,
        };
        Assert.All(Reasons.All, reason => Assert.Equal((reason, expected[reason]), (reason, lines.Rejections.Count(reason))));

        Assert.Equal(Numbers(truth, "versions"), Enumerable.Range(0, lines.XenCenter.Rows)
            .CountBy(row => Parsed.Text(lines.XenCenter.Strings[1][row])).ToDictionary(pair => pair.Key, pair => (long)pair.Value));
        Assert.Equal(truth.RootElement.GetProperty("distinct_xencenter_ips").GetInt32(), Distinct(lines.XenCenter.Strings[0]));
        Assert.Equal(truth.RootElement.GetProperty("agents_without_prefix").GetInt32(), lines.Agent.Strings[1].AbsentCount);
        Assert.Equal(truth.RootElement.GetProperty("distinct_prefixes").GetInt32(), Distinct(lines.Agent.Strings[1]));

        var days = new Dictionary<string, long>();
        foreach (var (columns, kind) in new[] { (lines.XenCenter, "xencenter"), (lines.Agent, "agent") })
        {
            foreach (var time in columns.Time)
            {
                var day = $"{kind} {UtcDay.Of(time)}";
                days[day] = days.GetValueOrDefault(day) + 1;
            }
        }
        Assert.Equal(Numbers(truth, "per_day"), days);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Blocks_cut_at_line_boundaries_become_the_same_as_the_whole(string file, string format)
    {
        var bytes = File.ReadAllBytes(Sample(file));
        var parser = LogFormats.Named(format);
        var whole = Parsed.Outcome(Parsed.Parse(format, bytes));
        var random = new Random(7);
        for (var round = 0; round < 20; round++)
        {
            var pieces = TestContracts.Lines();
            string? fields = null;
            for (var at = 0; at < bytes.Length;)
            {
                var reach = Math.Min(bytes.Length - 1, at + random.Next(1 << 18));
                var end = reach + bytes.AsSpan(reach).IndexOf((byte)'\n') + 1;
                var block = bytes.AsSpan(at, end - at);
                var after = parser.FieldsAfter(block, fields);
                Assert.Equal(after, parser.Parse(block, fields, pieces));
                fields = after;
                at = end;
            }
            Assert.Equal(whole, Parsed.Outcome(pieces));
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_sample_log_is_recognised(string file, string format)
    {
        var found = Detect.Of(File.ReadAllBytes(Sample(file)));
        Assert.Equal(format, found.Format?.Name);
        Assert.InRange(found.Confidence, 95, 100);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Cleared_lines_are_as_new(string file, string format)
    {
        var bytes = File.ReadAllBytes(Sample(file));
        var again = Parsed.Parse(format, bytes);
        again.Clear();
        Assert.Equal((0L, 0L, 0, 0), (again.Lines, again.Rejections.Total, again.XenCenter.Rows, again.Agent.Rows));
        LogFormats.Named(format).Parse(bytes, null, again);
        Assert.Equal(Parsed.Outcome(Parsed.Parse(format, bytes)), Parsed.Outcome(again));
    }

    /// <summary>No agent's whole id, and no other part of a line, is anywhere in the columns' buffers (promise 3).</summary>
    [Theory]
    [MemberData(nameof(Samples))]
    public void Only_the_declared_fields_are_in_the_columns(string file, string format)
    {
        var lines = Parsed.Parse(format, File.ReadAllBytes(Sample(file)));
        Assert.True(lines.LongIds > 0);
        Assert.True(lines.BadIds > 0);
        foreach (var columns in new[] { lines.XenCenter, lines.Agent })
        {
            Assert.Equal(2, columns.Strings.Count);
            Assert.Matches("^[0-9a-f.:]*$", Parsed.Text(columns.Strings[0].Bytes.Span));
        }
        Assert.Matches("^[0-9.]*$", Parsed.Text(lines.XenCenter.Strings[1].Bytes.Span));
        Assert.Matches("^[0-9a-f]*$", Parsed.Text(lines.Agent.Strings[1].Bytes.Span));
        for (var row = 0; row < lines.Agent.Rows; row++)
        {
            Assert.Equal(lines.Agent.Strings[1].IsPresent(row) ? 4 : 0, lines.Agent.Strings[1][row].Length);
        }
    }

    private static int Distinct(Utf8Column column) =>
        Enumerable.Range(0, column.Count).Where(column.IsPresent).Select(row => Parsed.Text(column[row])).Distinct().Count();

    private static Dictionary<string, long> Numbers(JsonDocument truth, string property) =>
        truth.RootElement.GetProperty(property).EnumerateObject().ToDictionary(member => member.Name, member => member.Value.GetInt64());

    private static string Sample(string file, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "samples", file);
}
