using System.Net;
using Pipeline.Core;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class FrontDoorTests
{
    private const string Record = "agent 2026-11-02T00:01:58.327809 192.0.2.1 1a2b";

    public static string Line(string time = "2026-11-02T00:01:58.3278090Z",
        string uri = "https://updates.example.net:443/updates.2.tsv?id=1a2b", string method = "GET",
        string peer = "\"socketIp\":\"192.0.2.1\"", string more = "", string category = "FrontDoorAccessLog") =>
        $$$"""{"time":"{{{time}}}","category":"{{{category}}}","operationName":"x","properties":{"httpMethod":"{{{method}}}","requestUri":"{{{uri}}}","userAgent":"x","clientIp":"198.51.100.7",{{{peer}}},"timeTaken":"0.1","httpStatusCode":200,"errorInfo":"NoError","ErrorInfo":"NoError"{{{more}}}}}""";

    private static string One(string line) => Parsed.One("frontdoor", line);

    [Fact]
    public void The_client_is_the_peer_and_never_what_it_says()
    {
        Assert.Equal(Record, One(Line()));
        Assert.Equal(Record, One(Line(category: "FrontdoorAccessLog")));
        Assert.Equal("malformed", One(Line(peer: "\"x\":1")));
        Assert.Equal("malformed", One(Line(peer: "\"socketIp\":\"\"")));
        Assert.Equal("malformed", One(Line(category: "FrontDoorWebApplicationFirewallLog")));
        Assert.Equal("bad-time", One(Line(time: "2026-11-02")));
    }

    [Theory]
    [InlineData("https://host:443/updates.2.tsv?id=1a2b")]
    [InlineData("http:\\/\\/host\\/updates.2.tsv?id=1a2b")]
    [InlineData("/updates.2.tsv?id=1a2b")]
    public void Scheme_host_and_port_are_off(string uri) => Assert.Equal(Record, One(Line(uri: uri)));

    [Fact]
    public void A_host_is_no_path() => Assert.Equal("other-path", One(Line(uri: "https://updates.tsv")));

    /// <summary>Rule 31: from the row alone, whatever it asked for, but only when it is well-formed.</summary>
    [Theory]
    [InlineData(",\"isReceivedFromClient\":false", true)]
    [InlineData(",\"isReceivedFromClient\":\"False\"", true)]
    [InlineData(",\"isReceivedFromClient\":true", false)]
    [InlineData(",\"sni\":\"originshield|parentcache|https|tier2\"", true)]
    [InlineData(",\"sni\":\"updates.example.net\"", false)]
    public void The_row_of_a_parent_cache_is_a_duplicate(string more, bool duplicate)
    {
        var lines = Parsed.Parse("frontdoor", Line(more: more) + "\n" + Line(uri: "https://h/other", more: more) + "\n");
        Assert.Equal((2L, duplicate ? 2L : 0L), (lines.Lines, lines.Duplicates.GetValueOrDefault(DuplicateRules.ParentCache)));
        Assert.Equal((duplicate ? 0 : 1, duplicate ? 0L : 1L), (lines.Agent.Rows, lines.Rejections.Total));
        Assert.Equal("bad-time", One(Line(time: "x", more: more)));
    }

    [Fact]
    public void A_rule_may_trust_what_our_own_proxies_say()
    {
        var ours = new ClientAddressRule("clientIp", [IPNetwork.Parse("192.0.2.0/24")], false);
        Assert.Equal("agent 2026-11-02T00:01:58.327809 198.51.100.7 1a2b", Proxied(ours, Line()));
        Assert.Equal("untrusted-address", Proxied(ours, Line(peer: "\"socketIp\":\"203.0.113.1\"")));
        Assert.Equal("bad-time", Proxied(ours, Line(time: "x", peer: "\"socketIp\":\"203.0.113.1\"")));
        var stop = Assert.ThrowsAny<PipelineException>(() => LogFormats.Named("frontdoor", ours with { Field = "X-Forwarded-For" }));
        Assert.Contains("name clientIp", stop.Message, StringComparison.Ordinal);
    }

    private static string Proxied(ClientAddressRule rule, string line)
    {
        var into = TestContracts.Lines();
        LogFormats.Named("frontdoor", rule).Parse(Parsed.Bytes(line), null, into);
        return Assert.Single(Parsed.Outcome(into));
    }
}
