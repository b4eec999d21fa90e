using System.Net;
using System.Runtime.CompilerServices;
using Pipeline.Core;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Text;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class NginxTests
{
    public const string Combined =
        "nginx:$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\"";
    private const string Check = "xencenter 2026-01-05T08:01:02 203.0.113.9 2025.2.0.8315";
    private const string XenCenter = "XenCenter/2025.2.0.8315 (64-bit)";

    [Theory]
    [InlineData("combined-nginx.log")]
    [InlineData("combined-apache.log")]
    public void The_combined_string_reads_what_combined_reads(string file)
    {
        var bytes = File.ReadAllBytes(Sample(file));
        Assert.Equal(Parsed.Outcome(Parsed.Parse("combined", bytes)), Parsed.Outcome(Parsed.Parse(Combined, bytes)));
    }

    [Theory]
    [InlineData("$time_iso8601 $remote_addr \"$request\" \"$http_user_agent\"",
        "2026-01-05T10:01:02+02:00 203.0.113.9 \"GET /updates.xml HTTP/1.1\" \"" + XenCenter + "\"", Check)]
    [InlineData("$msec|$remote_addr|$request_method|$request_uri|$http_user_agent", "1767600062.000|203.0.113.9|GET|/updates.xml?x=1|"
        + XenCenter, Check)]
    [InlineData("$msec\\t$remote_addr\\t$request_method\\t$uri\\t$args\\t$http_user_agent",
        "1767600062.000\t203.0.113.9\tGET\t/updates.xml\tx\t" + XenCenter, Check)]
    [InlineData("$remote_addr [$time_local] $request_method $uri$is_args$args $status \"$http_user_agent\"",
        "203.0.113.9 [05/Jan/2026:08:01:02 +0000] GET /updates.tsv?id=1a2b 200 \"-\"", "agent 2026-01-05T08:01:02 203.0.113.9 1a2b")]
    [InlineData("${remote_addr}x$time_local \"$request\"", "203.0.113.9x05/Jan/2026:08:01:02 +0000 \"GET /updates.tsv HTTP/2.0\"",
        "agent 2026-01-05T08:01:02 203.0.113.9 absent")]
    [InlineData("\"$request_method $request_uri $server_protocol\" $remote_addr $time_local",
        "\"GET /updates.tsv HTTP/1.1\" ::ffff:203.0.113.9 05/Jan/2026:08:01:02 +0000", "agent 2026-01-05T08:01:02 203.0.113.9 absent")]
    [InlineData("log_format main '$remote_addr [$time_local] ' '\"$request\" \"$http_user_agent\"';",
        "203.0.113.9 [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" \"" + XenCenter + "\"", Check)]
    [InlineData("escape=default $remote_addr $msec \"$request\"", "203.0.113.9 1767600062.5 \"GET /updates.tsv HTTP/1.1\"",
        "agent 2026-01-05T08:01:02.5 203.0.113.9 absent")]
    public void A_log_format_is_read_as_it_is_written(string format, string line, string expected) =>
        Assert.Equal(expected, Parsed.One("nginx:" + format, line));

    [Theory]
    [InlineData("203.0.113.9 - a b [c [05/Jan/2026:08:01:02 +0000] \"GET /x HTTP/1.1\" 200 1 \"-\" \"-\"", "bad-time")]
    [InlineData("203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"\" 400 0 \"-\" \"-\"", "malformed")]
    [InlineData("203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" 200 1 \"-\" \"\\x22x\\x22\"", "other-client")]
    [InlineData("203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" 200 1 \"-\" \"" + XenCenter
        + "\" \"-\"", "malformed")]
    [InlineData("203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" 200 1 \"-\" \"" + XenCenter, "malformed")]
    [InlineData("unix: - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" 200 1 \"-\" \"-\"", "malformed")]
    [InlineData("10.0.0.2, 203.0.113.9 - - [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" 200 1 \"-\" \"-\"", "malformed")]
    [InlineData("", "malformed")]
    public void Lines_of_another_shape_are_rejections(string line, string expected) =>
        Assert.Equal(expected, Parsed.One(Combined, line.Length == 0 ? " " : line));

    [Theory]
    [InlineData("", "no address ($remote_addr), and no time")]
    [InlineData("$remote_addr \"$request\"", "no time ($time_local, $time_iso8601 or $msec)")]
    [InlineData("$time_local \"$request\"", "no address")]
    [InlineData("$remote_addr $time_local $request_method", "no request")]
    [InlineData("$remote_addr$time_local \"$request\"", "$remote_addr and $time_local stand side by side")]
    [InlineData("$remote_addr $time_local $request $status", "$request may hold blanks")]
    [InlineData("escape=json {\"a\":\"$remote_addr\"}", "ndjson")]
    [InlineData("{\"a\":\"$remote_addr\"}", "ndjson")]
    [InlineData("log_format x escape=json '{\"a\":\"$remote_addr\"}';", "ndjson")]
    [InlineData("escape=none $remote_addr", "escape=none")]
    [InlineData("escape=other $remote_addr", "escape=default")]
    [InlineData("$remote_addr $ $time_local", "without the name")]
    [InlineData("'$remote_addr", "single quote")]
    [InlineData("$remote_addr\\n$time_local \"$request\"", "line end")]
    public void A_log_format_that_nothing_could_read_is_refused_with_a_sound_one(string format, string told)
    {
        var stop = Assert.ThrowsAny<PipelineException>(() => LogFormats.Named("nginx:" + format));
        Assert.IsType<UsageException>(stop);
        Assert.Contains(told, stop.Message, StringComparison.Ordinal);
        Assert.Contains("nginx:$remote_addr - $remote_user", stop.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_name_alone_is_refused_and_the_example_in_errors_is_sound()
    {
        Assert.Contains("needs the log_format", Assert.ThrowsAny<PipelineException>(() => LogFormats.Named("nginx")).Message,
            StringComparison.Ordinal);
        Assert.Equal("nginx", LogFormats.Named(NginxLogFormat.Example).Name);
    }

    [Theory]
    [InlineData("203.0.113.9", "10.0.0.1", Check)]
    [InlineData("1.2.3.4, 203.0.113.9, 10.0.0.7", "10.0.0.1", Check)]
    [InlineData("203.0.113.9", "192.0.2.1", "untrusted-address")]
    [InlineData("-", "10.0.0.1", "untrusted-address")]
    public void Clients_behind_proxies_are_found_in_the_named_variable(string list, string peer, string expected)
    {
        foreach (var (variable, field) in new[] { ("remote_addr", "$http_x_forwarded_for"),
            ("realip_remote_addr", "HTTP_X_Forwarded_For") })
        {
            var format = new NginxFormat($"${variable} [$time_local] \"$request\" \"$http_user_agent\" \"$http_x_forwarded_for\"",
                new ClientAddressRule(field, [IPNetwork.Parse("10.0.0.0/8")], false));
            var into = TestContracts.Lines();
            format.Parse(Parsed.Bytes($"{peer} [05/Jan/2026:08:01:02 +0000] \"GET /updates.xml HTTP/1.1\" \"{XenCenter}\" \"{list}\""),
                null, into);
            Assert.Equal([expected], Parsed.Outcome(into));
        }
    }

    [Theory]
    [InlineData("$http_x_real_ip", "$http_x_real_ip, which client-address names")]
    [InlineData("$remote_addr", "which is the peer's")]
    public void A_client_address_that_the_log_format_lacks_is_refused(string field, string told)
    {
        var stop = Assert.ThrowsAny<PipelineException>(() => LogFormats.Named(Combined,
            new ClientAddressRule(field, [IPNetwork.Parse("10.0.0.0/8")], false)));
        Assert.Contains(told, stop.Message, StringComparison.Ordinal);
    }

    private static string Sample(string file, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "samples", file);
}
