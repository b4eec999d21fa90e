using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using CsCheck;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Explain;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Unit.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Explain;

public sealed class ExplainerTests
{
    private const string Header = Parsed.W3cHeader;

    [Fact]
    public void A_check_keeps_its_three_fields_and_tells_of_every_other_part_why_not()
    {
        var said = One("combined", """203.0.113.7 - j.doe [02/Nov/2026:10:00:00 +0000] "GET /secret/XCUpdates.xml?token=abc HTTP/1.1" 200 512 "-" "XenCenter/2025.2.0.8315 (64-bit)" """.TrimEnd());
        Assert.Equal("record", said.Outcome);
        var record = Assert.Single(said.Records);
        Assert.Equal(("xencenter-checks", "time=2026-11-02T10:00:00Z client_ip=203.0.113.7 xencenter_version=2025.2.0.8315"),
            (record.Dataset, string.Join(' ', record.Values.Select(v => $"{v.Key}={v.Value}"))));
        Assert.Equal(["ident", "user", "method", "path", "query", "protocol", "status", "bytes", "referrer", "agent"],
            said.Dropped.Select(f => f.Name));
        var agent = said.Dropped[^1];
        Assert.Equal(("A/9.9.9.9 (9-a)", 32L), (agent.Shape, agent.Bytes));
        Assert.Contains("only its version", agent.Why, StringComparison.Ordinal);
        Assert.All(said.Dropped, field => Assert.Matches("no contract declares it|only its version is kept", field.Why));
    }

    [Theory]
    [InlineData("id=1A2b", "1a2b", "only id is kept")]
    [InlineData("id=11112222-3333-4444-5555-666677778888", "1111", "first four characters")]
    [InlineData("id=nonsense", null, "bad-id")]
    [InlineData("other=1", null, "it has no id")]
    public void Of_an_agents_query_four_characters_are_kept(string query, string? prefix, string why)
    {
        var said = One("iis-w3c", $"2026-11-02 10:00:00 10.0.0.1 GET /updates.tsv {query} 443 - 203.0.113.7 - - 200 0 0 1", Header);
        Assert.Equal(prefix, Assert.Single(said.Records).Values[2].Value);
        Assert.Contains(why, Assert.Single(said.Dropped, field => field.Name == "cs-uri-query").Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Rule_30_A_rejected_line_keeps_nothing_and_says_its_reason()
    {
        var said = One("combined", "203.0.113.7 - - [02/Nov/2026:10:00:00 +0000] \"GET /wp-login.php HTTP/1.1\" 404 1 \"-\" \"x\"");
        Assert.Equal(("rejected", "other-path", "path-attack", null),
            (said.Outcome, Assert.Single(said.Rejected).Reason, said.Rejected[0].Rule, said.Rejected[0].Shape));
        Assert.Contains(said.Dropped, field => field.Name == "address");
        Assert.Contains(said.Dropped, field => field.Name == "time");
        Assert.Equal("line", Assert.Single(One("combined", "nothing of the kind").Dropped).Name);
    }

    [Theory]
    [InlineData("GET /xc/XCUpdates.xml HTTP/1.1", "XenCenter/2025.2.0.8315 (64-bit)", "xencenter-2023", null)]
    [InlineData("GET /updates.2.tsv?id=1a2b HTTP/1.1", "x", "agent-2-tsv", null)]
    [InlineData("GET /XenServer/updates.xml HTTP/1.1", "node", "client-xen-orchestra", null)]
    [InlineData("GET /XenServer/updates.xml HTTP/1.1", "Acme/4.2 (fleet)", "client-unknown", "agent:A/9.9 (a)")]
    [InlineData("GET /updates.v3.tsv HTTP/1.1", "-", "path-unknown-update-file", "path:/a.x.a")]
    public void Every_request_has_the_rule_of_the_table_and_the_unknown_a_shape(string request, string agent, string rule, string? shape)
    {
        var said = One("combined", $"203.0.113.7 - - [02/Nov/2026:10:00:00 +0000] \"{request}\" 200 1 \"-\" \"{agent}\"");
        Assert.Equal((rule, shape), (said.Records.Select(r => r.Rule).Concat(said.Rejected.Select(r => r.Rule)).Single(),
            said.Rejected.Select(r => r.Shape).SingleOrDefault()));
    }

    [Fact]
    public void Rule_29_A_directive_is_no_line_and_holds_for_those_below_it()
    {
        var explainer = new Explainer(LogFormats.Named("iis-w3c"));
        var row = "2026-11-02 10:00:00 10.0.0.1 GET /updates.tsv - 443 - 203.0.113.7 - - 200 0 0 1"u8;
        Assert.Equal("malformed", Assert.Single(explainer.Next(row, row.Length).Rejected).Reason);
        Assert.True(explainer.Next(Encoding.ASCII.GetBytes(Header), Header.Length).Directive);
        Assert.Equal("record", explainer.Next(row, row.Length).Outcome);
    }

    /// <summary>Line by line it counts what the whole file's parser counts.</summary>
    [Theory]
    [InlineData("combined-nginx.log", "combined")]
    [InlineData("combined-apache.log", "combined")]
    [InlineData("iis-w3c.log", "iis-w3c")]
    [InlineData("appservice-w3c.log", "iis-w3c")]
    [InlineData("appservice-json.log", "appservice-json")]
    [InlineData("frontdoor.log", "frontdoor")]
    [InlineData("storageread.log", "storage-read")]
    public void The_verdicts_are_the_parsers(string file, string format)
    {
        var bytes = File.ReadAllBytes(Sample(file));
        var whole = Parsed.Parse(format, bytes);
        var explainer = new Explainer(LogFormats.Named(format));
        var said = Lines(bytes).Select(line => explainer.Next(line, line.Length)).ToList();
        Assert.Equal((whole.XenCenter.Rows, whole.Agent.Rows), (said.Sum(e => e.Records.Count(r => r.Dataset == "xencenter-checks")),
            said.Sum(e => e.Records.Count(r => r.Dataset == "agent-updates"))));
        Assert.All(Reasons.All, reason => Assert.Equal((reason, whole.Rejections.Count(reason)),
            (reason, said.Sum(e => e.Rejected.Count(r => r.Reason == Reasons.Code(reason))))));
    }

    /// <summary>Every part of a line that no contract declares holds a marker of its own, and no explanation holds any of it.</summary>
    [Fact]
    public void Promise_3_Nothing_of_a_dropped_part_is_said_but_its_shape()
    {
        var marker = Gen.String[Gen.Char["ghjkmnpqrstvwxyzGHJKMNPQRSTVWXYZ"], 12, 20];
        Gen.Select(marker, Gen.Bool, Gen.Int[0, 2], Gen.Int[0, 4]).Sample((mark, agent, format, damage) =>
        {
            var path = agent ? $"/{mark}/updates.tsv" : $"/{mark}/updates.xml";
            var query = $"id=11112222-3333-4444-5555-{mark}&t={mark}";
            var name = agent ? mark : $"XenCenter/8.2.3.4 (64-bit)";
            var line = format switch
            {
                0 => $"203.0.113.7 {mark} {mark} [02/Nov/2026:10:00:00 +0000] \"GET {path}?{query} HTTP/1.1\" 200 {mark} \"{mark}\" " +
                    $"\"{name}\" \"{mark}\"",
                1 => $"2026-11-02 10:00:00 {mark} GET {path} {query} 443 {mark} 203.0.113.7 {name.Replace(' ', '+')} {mark} 200 0 0 {mark}",
                _ => $"{{\"time\":\"2026-11-02T10:00:00Z\",\"{mark}\":1,\"resourceId\":\"{mark}\",\"properties\":{{\"CsMethod\":\"GET\",\"CsUriStem\":\"{path}\",\"CsUriQuery\":\"{query}\",\"CIp\":\"203.0.113.7\",\"UserAgent\":\"{name}\",\"Cookie\":\"{mark}\",\"{mark}\":{{\"{mark}\":1}}}}}}",
            };
            line = damage switch
            {
                1 => line[..(line.Length * 2 / 3)],
                2 => line.Replace("GET", mark, StringComparison.Ordinal),
                3 => line.Replace("2026", mark, StringComparison.Ordinal),
                4 => mark + line,
                _ => line,
            };
            var explainer = new Explainer(LogFormats.All[format]);
            var fields = Encoding.ASCII.GetBytes(
                $"#Fields: date time {mark} cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs({mark}) " +
                $"sc-status sc-substatus sc-win32-status time-taken");
            var said = JsonSerializer.Serialize(format == 1 ? explainer.Next(fields, fields.Length) : null)
                + JsonSerializer.Serialize(explainer.Next(Encoding.ASCII.GetBytes(line), line.Length));
            // Not even four neighbouring characters of it.
            return Enumerable.Range(0, mark.Length - 3).All(at => !said.Contains(mark.Substring(at, 4), StringComparison.Ordinal));
        }, iter: 2_000);
    }

    /// <summary>Whatever the bytes are, a line has one explanation and none throws (rule 35).</summary>
    [Fact]
    public void Rule_35_Any_bytes_are_explained() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.Int[0, 4]).Sample((bytes, format) =>
        {
            var line = bytes.Where(b => b != '\n').ToArray();
            var said = new Explainer(LogFormats.All[format]).Next(line, line.Length);
            return said.Directive || said.Records.Count + said.Rejected.Count > 0;
        });

    private static Explanation One(string format, string line, string? header = null)
    {
        var explainer = new Explainer(LogFormats.Named(format));
        if (header is not null)
        {
            explainer.Next(Encoding.ASCII.GetBytes(header), header.Length);
        }
        return explainer.Next(Encoding.ASCII.GetBytes(line), line.Length);
    }

    private static List<byte[]> Lines(byte[] bytes)
    {
        var lines = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var end = bytes.AsSpan(at).IndexOf((byte)'\n') is >= 0 and var found ? at + found : bytes.Length;
            lines.Add(bytes[at..end]);
            at = end + 1;
        }
        return lines;
    }

    private static string Sample(string file, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "samples", file);
}
