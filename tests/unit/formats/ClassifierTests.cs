using System.Text.RegularExpressions;
using CsCheck;
using Pipeline.Core;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class ClassifierTests
{
    [Theory]
    [InlineData("/xc/XCUpdates.xml", "XenCenterUpdates")]
    [InlineData("/xc/xcupdates.XML", "XenCenterUpdates")]
    [InlineData("/a/b/CHCUpdates.xml", "XenCenterUpdates")]
    [InlineData("/XenServer/updates.xml", "XenCenterUpdates")]
    [InlineData("/updates.tsv", "AgentUpdates")]
    [InlineData("/updates.2.tsv", "AgentUpdates")]
    [InlineData("/UPDATES.V2.TSV", "AgentUpdates")]
    [InlineData("/any/prefix/updates.latest.tsv", "AgentUpdates")]
    [InlineData("/updates.9.3.2.110.json", "AgentUpdates")]
    [InlineData("/updates.9.3.2.json", "AgentUpdates")]
    [InlineData("/updates.json", "AgentUpdates")]
    [InlineData("/updates.9.3.json", "Other")]
    [InlineData("/updates.9.3.2.110.5.json", "Other")]
    [InlineData("/updates.3.tsv", "Other")]
    [InlineData("/updates..tsv", "Other")]
    [InlineData("/updates.9..3.2.tsv", "Other")]
    [InlineData("/updates.v2tsv", "Other")]
    [InlineData("/xupdates.tsv", "Other")]
    [InlineData("/updates.tsv/", "Other")]
    [InlineData("/xc/XCUpdates.xml.bak", "Other")]
    [InlineData("/xc/XenCenter.msi", "Other")]
    [InlineData("/.env", "Other")]
    [InlineData("/", "Other")]
    [InlineData("", "Other")]
    [InlineData("updates.xml", "Other")]
    public void The_last_path_segment_tells_what_was_asked(string path, string asked) =>
        Assert.Equal(asked, Classifier.Path(Parsed.Bytes(path)).ToString());

    [Fact]
    public void The_agents_list_is_what_the_published_pattern_says()
    {
        var pattern = new Regex(@"^/updates\.(?:(?:v?2|latest|[0-9]+(?:\.[0-9]+){2,3})\.)?(?:tsv|json)$",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
        var part = Gen.OneOf("updates", "Updates", ".", ".", "v", "2", "9", "10", "latest", "tsv", "json", "JSON", "x");
        part.Array[1, 12].Select(string.Concat).Sample(
            name => pattern.IsMatch("/" + name) == (Classifier.Path(Parsed.Bytes("/" + name)) == Asked.AgentUpdates), iter: 200_000);
        Gen.OneOf("", "2.", "v2.", "latest.", "1.2.", "1.2.3.", "1.2.3.4.", "1.2.3.4.5.", "1..2.", ".").Sample(
            middle => pattern.IsMatch($"/updates.{middle}tsv") == (Classifier.Path(
                Parsed.Bytes($"/updates.{middle}tsv")) == Asked.AgentUpdates));
    }

    [Theory]
    [InlineData("XenCenter/2025.2.0.8315 (64-bit)", "2025.2.0.8315")]
    [InlineData("XenCenter/8.2.3.4+(32-bit)", "8.2.3.4")]
    [InlineData("[XenCenter]/0.0.0.0 (64-bit)", "0.0.0.0")]
    [InlineData("XenCenter/999999999.0.0.1 (64-bit)", "999999999.0.0.1")]
    [InlineData("XenCenter/1000000000.0.0.1 (64-bit)", "bad-version")]
    [InlineData("XenCenter/8.2.3 (64-bit)", "bad-version")]
    [InlineData("XenCenter/8.2.3.4.5 (64-bit)", "bad-version")]
    [InlineData("XenCenter/8.2..4 (64-bit)", "bad-version")]
    [InlineData("XenCenter/8.2.3. (64-bit)", "bad-version")]
    [InlineData("XenCenter/.2.3.4 (64-bit)", "bad-version")]
    [InlineData("XenCenter/8.2.3.4", "bad-version")]
    [InlineData("XenCenter/8.2.3.4 (16-bit)", "bad-version")]
    [InlineData("XenCenter/8.2.3.4 (64-bit) x", "bad-version")]
    [InlineData("XenCenter/", "bad-version")]
    [InlineData("XenCenter/8.2.3.x (64-bit)", "bad-version")]
    [InlineData("XCP-ng Center/20.03.0.29 (64-bit)", "other-client")]
    [InlineData("xencenter/8.2.3.4 (64-bit)", "other-client")]
    [InlineData("XenCenter 8.2.3.4", "other-client")]
    [InlineData("node", "other-client")]
    [InlineData("--", "other-client")]
    [InlineData("-", "no-agent-string")]
    [InlineData("", "no-agent-string")]
    public void The_agent_string_tells_version_or_reason(string agent, string expected)
    {
        var found = Classifier.TryVersion(Parsed.Bytes(agent), out var version, out var reason) ? Parsed.Text(version)
            : Reasons.Code(reason);
        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData("id=1A2b", "Short", "1a2b")]
    [InlineData("id=1a2b&X-ARR-LOG-ID=2ec4b8ad-3cf0-4442-93ab-837317ece6a1", "Short", "1a2b")]
    [InlineData("X-ARR-LOG-ID=2ec4b8ad-3cf0-4442-93ab-837317ece6a1&id=1a2b", "Short", "1a2b")]
    [InlineData("id=C78A6EEB-bc03-450c-5c86-a183c43a110f", "Whole", "c78a")]
    [InlineData("id=c78a6eeb-bc03-450c-5c86-a183c43a110g", "Bad", null)]
    [InlineData("id=c78a6eebxbc03-450c-5c86-a183c43a110f", "Bad", null)]
    [InlineData("id=c78a6eeb-bc03-450c-5c86-a183c43a110f0", "Bad", null)]
    [InlineData("id=", "Bad", null)]
    [InlineData("id", "Bad", null)]
    [InlineData("id=zz!?", "Bad", null)]
    [InlineData("id=%31a2b", "Bad", null)]
    [InlineData("id=zz&id=1a2b", "Bad", null)]
    [InlineData("ID=1a2b", "Absent", null)]
    [InlineData("idx=1a2b", "Absent", null)]
    [InlineData("grid=1a2b", "Absent", null)]
    [InlineData("X-ARR-LOG-ID=2ec4b8ad-3cf0-4442-93ab-837317ece6a1", "Absent", null)]
    [InlineData("-", "Absent", null)]
    [InlineData("", "Absent", null)]
    [InlineData("&&", "Absent", null)]
    public void An_id_is_cut_to_four_characters_at_once(string query, string kind, string? prefix)
    {
        Span<byte> four = stackalloc byte[4];
        var found = Minimiser.CutId(Parsed.Bytes(query), four);
        Assert.Equal(kind, found.ToString());
        Assert.Equal(prefix, found is Minimiser.Id.Short or Minimiser.Id.Whole ? Parsed.Text(four) : null);
    }

    /// <summary>Rule 30.</summary>
    [Fact]
    public void Reason_codes_are_the_protocols()
    {
        Assert.Equal(["empty", "too-long", "malformed", "bad-time", "untrusted-address", "other-path", "not-get", "no-agent-string",
            "other-client", "bad-version"], Reasons.All.Select(Reasons.Code));
        Assert.All(Reasons.All, reason => Assert.Equal(reason, Reasons.Parse(Reasons.Code(reason))));
        Assert.ThrowsAny<PipelineException>(() => Reasons.Parse("late"));
    }

    [Fact]
    public void Rejection_runs_merge_neighbours_of_one_reason()
    {
        var runs = new RejectionRuns();
        runs.Add(Reason.OtherPath, 0);
        runs.Add(Reason.OtherPath, 1);
        runs.Add(Reason.Empty, 2);
        runs.Add(Reason.Empty, 4);
        Assert.Equal([new(Reason.OtherPath, 0, 2), new(Reason.Empty, 2, 1), new(Reason.Empty, 4, 1)], runs.Runs.ToArray());
        Assert.Equal((4L, 2L, 2L, 0L), (runs.Total, runs.Count(Reason.OtherPath), runs.Count(Reason.Empty), runs.Count(Reason.Malformed)));
    }
}
