using System.Net;
using Pipeline.Ingest.Explain;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Formats.W3c;
using Pipeline.Tests.Unit.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Explain;

public sealed class ExplainTextFormatsTests
{
    private const string Proxied = "$remote_addr [$time_local] \"$request\" $status \"$http_user_agent\" \"$http_x_forwarded_for\"";

    [Fact]
    public void Variables_of_a_log_format_are_told_by_their_names()
    {
        var said = One(new NginxFormat(Proxied),
            "203.0.113.7 [02/Nov/2026:10:00:00 +0000] \"GET /secret/XCUpdates.xml?token=abc HTTP/1.1\" 200 \"XenCenter/8.2.3.4 " +
            "(64-bit)\" \"1.2.3.4\"");
        Assert.Equal(["method", "path", "query", "protocol", "$status", "$http_user_agent", "$http_x_forwarded_for"],
            said.Dropped.Select(f => f.Name));
        Assert.Equal("line", Assert.Single(One(new NginxFormat(Proxied), "another").Dropped).Name);
    }

    [Theory]
    [InlineData("10.0.0.1", "203.0.113.7", "$remote_addr")]
    [InlineData("10.0.0.1", "1.2.3.4, 203.0.113.7", "$remote_addr $http_x_forwarded_for")]
    [InlineData("203.0.113.7", "1.2.3.4", "$http_x_forwarded_for")]
    public void Of_peer_and_clients_it_says_which_was_kept(string peer, string list, string dropped)
    {
        var format = new NginxFormat(Proxied, new ClientAddressRule("$http_x_forwarded_for", [IPNetwork.Parse("10.0.0.0/8")], true));
        var said = One(format, $"{peer} [02/Nov/2026:10:00:00 +0000] \"GET /updates.tsv HTTP/1.1\" 200 \"-\" \"{list}\"");
        Assert.Equal("203.0.113.7", Assert.Single(said.Records).Values[1].Value);
        Assert.Equal(dropped, string.Join(' ', said.Dropped.Where(f => f.Name is "$remote_addr" or "$http_x_forwarded_for")
            .Select(f => f.Name)));
    }

    [Fact]
    public void An_untrusted_address_is_told()
    {
        var explainer = new Explainer(
            new W3cFormat(client: new ClientAddressRule("X-Forwarded-For", [IPNetwork.Parse("10.0.0.0/8")], false)));
        explainer.Next("#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent) x-forwarded-for"u8, 10);
        var rejected = Assert.Single(explainer.Next("2026-01-05 08:01:02 192.0.2.1 GET /updates.tsv - 203.0.113.9"u8, 60).Rejected);
        Assert.Equal("untrusted-address", rejected.Reason);
        Assert.Contains("client-address", rejected.Why, StringComparison.Ordinal);
        var kept = explainer.Next("2026-01-05 08:01:02 10.0.0.1 GET /updates.tsv - 203.0.113.9"u8, 60);
        Assert.Equal("203.0.113.9", Assert.Single(kept.Records).Values[1].Value);
        Assert.Equal(["c-ip", "cs-method", "cs-uri-stem", "cs(User-Agent)"], kept.Dropped.Select(f => f.Name));
    }

    [Fact]
    public void Common_has_the_names_of_its_parts() =>
        Assert.Equal(["ident", "user", "method", "path", "protocol", "status", "bytes"],
            One(new CommonFormat(), "203.0.113.7 - - [02/Nov/2026:10:00:00 +0000] \"GET /updates.tsv HTTP/1.1\" 200 1").Dropped.Select(f =>
            f.Name));

    private static Explanation One(ILineFormat format, string line) => new Explainer(format).Next(Parsed.Bytes(line), line.Length);
}
