using System.Globalization;
using System.Net;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Text;
using Xunit;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>
/// On well-formed lines the parsers say what a second implementation says that shares nothing with them. 20,000 lines each;
/// DIFFERENTIAL_LINES says how many otherwise, DIFFERENTIAL_SEED which.
/// </summary>
public sealed class TextDifferentialTests
{
    private const int Batch = 1000;
    private const string Custom =
        "$remote_addr [$time_iso8601] $host \"$request_method $request_uri $server_protocol\" $status $request_time " +
        "\"$http_user_agent\" \"$http_x_forwarded_for\"";

    private static readonly long Lines = Setting("DIFFERENTIAL_LINES", 20_000);
    private static readonly int Seed = (int)Setting("DIFFERENTIAL_SEED", 6);

    [Fact]
    public void Combined_of_nginx() => Compare(Formats("combined"), lines => lines.Combined(apache: false), TextReaders.Combined);

    [Fact]
    public void Combined_of_apache() => Compare(Formats("combined"), lines => lines.Combined(apache: true), TextReaders.Combined);

    [Fact]
    public void Combined_given_as_an_nginx_log_format() => Compare(Formats(NginxTests.Combined), lines =>
        lines.Combined(apache: false), TextReaders.Combined);

    [Fact]
    public void Common() => Compare(Formats("common"), lines => lines.Common(), TextReaders.Common);

    [Fact]
    public void A_log_format_of_ones_own_behind_proxies() =>
        Compare(new NginxFormat(Custom, new ClientAddressRule("$http_x_forwarded_for", [IPNetwork.Parse("10.0.0.0/8")], false)), lines =>
            lines.Nginx(), TextReaders.Nginx);

    [Fact]
    public void Iis() => Compare(Formats("iis-w3c"), lines => lines.W3c(TextLines.Standard), line =>
        TextReaders.W3c(line, TextLines.Standard), string.Join(' ', TextLines.Standard));

    [Fact]
    public void App_service() => Compare(Formats("iis-w3c"), lines => lines.W3c(TextLines.AppService), line =>
        TextReaders.W3c(line, TextLines.AppService), string.Join(' ', TextLines.AppService));

    private static ILineFormat Formats(string name) => LogFormats.Named(name);

    private static void Compare(ILineFormat format, Func<TextLines, string> next, Func<string, string> read, string? fields = null)
    {
        var source = new TextLines(Seed);
        var into = TestContracts.Lines();
        var kinds = new HashSet<string>(StringComparer.Ordinal);
        for (long done = 0; done < Lines; done += Batch)
        {
            var lines = Enumerable.Range(0, Batch).Select(_ => next(source)).ToList();
            var expected = lines.Select(read).ToList();
            into.Clear();
            format.Parse(Parsed.Bytes(string.Join('\n', lines) + "\n"), fields, into);
            Assert.Equal(
                [.. expected.Where(e => e.StartsWith("xencenter ", StringComparison.Ordinal)),
                    .. expected.Where(e => e.StartsWith("agent ", StringComparison.Ordinal)),
                    .. expected.Select((e, i) => (e, i)).Where(p => !p.e.Contains(' ', StringComparison.Ordinal))
                        .Select(p => $"{p.e} {p.i}")],
                Parsed.Outcome(into));
            kinds.UnionWith(expected.Select(e => e.Split(' ')[0]));
        }
        // Well-formed means well-formed; and every kind came up.
        Assert.DoesNotContain("malformed", kinds);
        Assert.Superset(new HashSet<string>(["agent", "other-path", "not-get", "no-agent-string"]), kinds);
    }

    private static long Setting(string name, long standard) => long.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None,
        CultureInfo.InvariantCulture, out var n) ? n : standard;
}
