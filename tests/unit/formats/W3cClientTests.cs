using System.Net;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.W3c;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>W3C logs of App Service, of sites behind proxies, and of writers that quote.</summary>
public sealed class W3cClientTests
{
    private const string Fields = "date time s-sitename cs-method cs-uri-stem c-ip cs(User-Agent)";
    private const string Check = "xencenter 2026-01-05T08:01:02 203.0.113.9 8.2.3.4";

    private static string Row(string site = "UPDATES", string peer = "203.0.113.9", string path = "/xc/updates.xml",
        string agent = "XenCenter/8.2.3.4+(64-bit)") => $"2026-01-05 08:01:02 {site} GET {path} {peer} {agent}";

    [Theory]
    [InlineData("UPDATES", Check)]
    [InlineData("1updates", Check)]
    [InlineData("~2UPDATES", Check)]
    [InlineData("-", Check)]
    [InlineData("~1UPDATES", "other-path")]
    [InlineData("~1updates__a1b2", "other-path")]
    public void Requests_to_the_administration_of_a_site_are_of_another_path(string site, string expected)
    {
        foreach (var name in new[] { "iis-w3c", "appservice-w3c" })
        {
            Assert.Equal(expected, Parsed.One(name, Row(site), Fields));
        }
    }

    [Fact]
    public void App_services_name_is_the_same_parser_and_takes_no_part_in_detection()
    {
        Assert.Equal("appservice-w3c", LogFormats.Named("appservice-w3c").Name);
        Assert.DoesNotContain(LogFormats.All, format => format.Name is "appservice-w3c" or "common" or "nginx");
        Assert.Equal("iis-w3c", Detect.Of(Parsed.Bytes("#Fields: " + Fields + "\n" + Row() + "\n")).Format?.Name);
    }

    [Theory]
    [InlineData("x-forwarded-for", "10.0.0.1", "203.0.113.9", false, Check)]
    [InlineData("cs(X-Forwarded-For)", "10.0.0.1", "1.1.1.1,203.0.113.9,+10.0.0.2", false, Check)]
    [InlineData("X-Forwarded-For", "203.0.113.9", "1.1.1.1", false, "untrusted-address")]
    [InlineData("X-Forwarded-For", "203.0.113.9", "1.1.1.1", true, Check)]
    [InlineData("X-Forwarded-For", "10.0.0.1", "-", true, "untrusted-address")]
    [InlineData("X-Azure-ClientIP", "10.0.0.1", "203.0.113.9", false, "untrusted-address")]
    [InlineData("X-Azure-ClientIP", "203.0.113.9", "1.1.1.1", true, Check)]
    public void Clients_behind_proxies_are_found_in_a_custom_field(string column, string peer, string list, bool otherwise, string expected)
    {
        var format = new W3cFormat(client: new ClientAddressRule("X-Forwarded-For", [IPNetwork.Parse("10.0.0.0/8")], otherwise));
        var into = TestContracts.Lines();
        format.Parse(Parsed.Bytes(Row(peer: peer) + " " + list), Fields + " " + column, into);
        Assert.Equal([expected], Parsed.Outcome(into));
    }

    /// <summary>Rule 30: whose address it is comes after the time, and before what was asked.</summary>
    [Fact]
    public void The_address_is_judged_after_the_time_and_before_the_path()
    {
        var format = new W3cFormat(client: new ClientAddressRule("X-Forwarded-For", [IPNetwork.Parse("10.0.0.0/8")], false));
        var into = TestContracts.Lines();
        format.Parse(Parsed.Bytes("20x6" + Row()[4..] + " -\n" + Row(site: "~1X", path: "/") + " -\n"), Fields + " X-Forwarded-For", into);
        Assert.Equal(["bad-time 0", "untrusted-address 1"], Parsed.Outcome(into));
    }

    /// <summary>IIS never quotes; other writers of W3C logs do. What they quote is not read as something else.</summary>
    [Theory]
    [InlineData("\"203.0.113.9\"", "XenCenter/8.2.3.4+(64-bit)", "malformed")]
    [InlineData("203.0.113.9", "\"XenCenter/8.2.3.4 (64-bit)\"", "malformed")]
    [InlineData("203.0.113.9", "\"XenCenter/8.2.3.4+(64-bit)\"", "other-client")]
    [InlineData("203.0.113.9", "\"\"XenCenter/8.2.3.4+(64-bit)\"\"", "other-client")]
    [InlineData("203.0.113.9", "XenCenter/8.2.3.4%20(64-bit)", "bad-version")]
    public void Quoted_fields_are_rejections(string peer, string agent, string expected) =>
        Assert.Equal(expected, Parsed.One("iis-w3c", Row(peer: peer, agent: agent), Fields));

    [Theory]
    [InlineData("2026-01-05 08:01:02.1234567 X GET /updates.tsv 203.0.113.9 -", "agent 2026-01-05T08:01:02.123456 203.0.113.9 absent")]
    [InlineData("2026-01-05 08:01:02 X GET /updates.tsv 203.0.113.9:443 --", "agent 2026-01-05T08:01:02 203.0.113.9 absent")]
    [InlineData("2026-01-05 08:01:02 X GET /updates.tsv [2001:db8::1%3]:443 -", "agent 2026-01-05T08:01:02 2001:db8::1 absent")]
    [InlineData("2026-01-05 08:01:02 X GET /updates.tsv ::ffff:203.0.113.9 -", "agent 2026-01-05T08:01:02 203.0.113.9 absent")]
    [InlineData("2026-01-05 08:01:02 X GET /upd", "malformed")]
    public void Times_and_addresses_have_their_variants(string row, string expected) =>
        Assert.Equal(expected, Parsed.One("iis-w3c", row, Fields));
}
