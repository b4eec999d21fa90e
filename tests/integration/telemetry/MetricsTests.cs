using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Cli.Telemetry;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Telemetry;

public sealed partial class MetricsTests
{
    /// <summary>In a line's path, agent and referrer: it must come out nowhere.</summary>
    private const string Marker = "zq9marker";

    private static readonly Dictionary<string, string> SealSoon = new() { ["PIPELINE__SEAL__AGE"] = "1s" };

    [Fact]
    public void The_docs_have_the_table_of_the_code()
    {
        var docs = Rows().Matches(File.ReadAllText(Root("docs/metrics.md"))).Select(m => m.Value.Trim());
        var code = Metrics.All.Select(m =>
            $"| `{m.Exported}` | {m.Kind.ToString().ToLowerInvariant()} | {m.UnitText} | " +
            $"{string.Join(", ", m.Labels.Select(l => $"`{l}`"))} | {m.Meaning} |");
        Assert.Equal(code, docs);
    }

    [Fact]
    public void Each_alert_is_of_metrics_that_there_are_and_has_a_line_in_the_docs()
    {
        var alerts = File.ReadAllText(Root("deploy/alerts.yaml"));
        var names = Metrics.All.Select(m => m.Exported).ToHashSet();
        Assert.All(Series().Matches(alerts), name => Assert.Contains(name.Value, names));
        Assert.Equal(
            Alerts().Matches(alerts).Select(m => m.Groups[1].Value),
            DocumentedAlerts().Matches(File.ReadAllText(Root("docs/metrics.md"))).Select(m => m.Groups[1].Value));
    }

    [Fact]
    public async Task A_run_exports_the_metrics_of_the_docs_and_their_counts_are_the_truth_of_a_log()
    {
        using var folder = new Folder();
        var log = File.ReadAllBytes(Sample.Of("combined-nginx.log"));
        File.WriteAllBytes(folder["access.log"], log);
        using var run = Cli.Cli.Start(SealSoon, "run", "--dir", folder.Dir, "--tail", $"web={folder["access.log"]}", "--push",
            "edge=combined", "--listen", "http://127.0.0.1:0", "--metrics", "http://127.0.0.1:0");
        var metrics = new Uri(After(await run.WaitForAsync("metrics url="), "url="));
        var push = new Uri(After(await run.WaitForAsync("ready "), "push="));
        using var http = new HttpClient();
        var marked = $"203.0.113.7 {Marker} {Marker} [02/Nov/2026:10:00:00 +0000] \"GET /{Marker} HTTP/1.1\" 200 512 \"{Marker}\" " +
            $"\"{Marker}\"\n" + Sample.Line(1);
        Assert.Equal(200, await PushAsync(http, push, "edge", marked));
        Assert.Equal(404, await PushAsync(http, push, Marker, marked));

        var truth = JsonDocument.Parse(File.ReadAllText(Sample.Of("combined-nginx.log.truth.json"))).RootElement;
        var (checks, agents) = (truth.GetProperty("kinds").GetProperty("xencenter").GetInt64()
            + 1, truth.GetProperty("kinds").GetProperty("agent").GetInt64());
        var scrape = await Exposition.WhenAsync(http, metrics, e => e.Sum("pipeline_shipped_records_total") == checks + agents
            && e.Sum("pipeline_lag_captures") == 0);

        // Counts are the truth.
        Assert.Equal(truth.GetProperty("lines").GetInt64(), scrape.Sum("pipeline_lines_total", ("source", "web")));
        Assert.Equal(2, scrape.Sum("pipeline_lines_total", ("source", "edge")));
        Assert.Equal(checks, scrape.Sum("pipeline_records_total", ("dataset", "xencenter-checks")));
        Assert.Equal(agents, scrape.Sum("pipeline_records_total", ("dataset", "agent-updates")));
        Assert.Equal(checks, scrape.Sum("pipeline_shipped_records_total", ("dataset", "xencenter-checks")));
        Assert.Equal(scrape.Sum("pipeline_lines_total"), scrape.Sum("pipeline_records_total") + scrape.Sum("pipeline_rejections_total")
            + scrape.Sum("pipeline_duplicates_total"));
        foreach (var reason in new[] { "other-client", "not-get", "no-agent-string", "other-path" })
        {
            Assert.Equal(truth.GetProperty("kinds").GetProperty(reason).GetInt64(),
                scrape.Sum("pipeline_rejections_total", ("source", "web"), ("reason", reason)));
        }
        Assert.Equal((1, 1), (scrape.Sum("pipeline_push_requests_total", ("status", "200")),
            scrape.Sum("pipeline_push_requests_total", ("status", "404"))));
        Assert.Equal((0, 0, 0, 0), (scrape.Sum("pipeline_lag_records"), scrape.Sum("pipeline_lag_seconds"),
            scrape.Sum("pipeline_backlog_bytes"), scrape.Sum("pipeline_forks_total")));
        Assert.Equal(scrape.Sum("pipeline_taken_captures_total"), scrape.Sum("pipeline_freshness_seconds_count"));
        Assert.True(scrape.Sum("pipeline_store_requests_total", ("store", "us"), ("operation", "put"),
            ("outcome", "created")) >= scrape.Sum("pipeline_captures_total"));
        Assert.True(scrape.Sum("pipeline_commits_total") >= 2);

        // Names, kinds and labels are those of the docs: no more and no fewer.
        var ours = scrape.Kinds.Where(k => k.Key.StartsWith("pipeline_", StringComparison.Ordinal))
            .OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => $"{k.Key} {k.Value}");
        Assert.Equal(Metrics.All.OrderBy(m => m.Exported, StringComparer.Ordinal)
            .Select(m => $"{m.Exported} {m.Kind.ToString().ToLowerInvariant()}"), ours);
        foreach (var metric in Metrics.All)
        {
            var name = metric.Kind == MetricKind.Histogram ? metric.Exported + "_count" : metric.Exported;
            Assert.All(scrape.Samples.Where(s => s.Name == name), s => Assert.Equal(metric.Labels.Order(), s.Labels.Keys.Order()));
        }

        // Nothing of a line, and no name that a request made up.
        var words = Encoding.UTF8.GetString(log).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[0])
            .Where(address => address.Length > 6).Distinct().ToList();
        words.AddRange([Marker, "203.0.113.7", "updates.xml", .. truth.GetProperty("versions").EnumerateObject().Select(v => v.Name)]);
        Assert.All(words, word => Assert.DoesNotContain(word, scrape.Text, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(0, await run.TerminateAsync());
    }

    [Fact]
    public async Task Only_the_path_of_metrics_answers_and_a_run_without_a_url_listens_nowhere()
    {
        using var folder = new Folder();
        folder.Write("access.log", Sample.Line(0));
        using (var run = Cli.Cli.Start(new Dictionary<string, string> { ["PIPELINE__METRICS__URL"] = "http://127.0.0.1:0" }, "ship",
            "--dir", folder.Dir))
        {
            var metrics = new Uri(After(await run.WaitForAsync("metrics url="), "url="));
            using var http = new HttpClient();
            using var other = await http.GetAsync(new Uri(metrics, "/"), TestContext.Current.CancellationToken);
            Assert.Equal(404, (int)other.StatusCode);
            await run.WaitForAsync("ready");
            Assert.Equal(0, await run.TerminateAsync());
        }
        using var quiet = Cli.Cli.Start(new Dictionary<string, string>(), "ship", "--dir", folder.Dir);
        await quiet.WaitForAsync("ready");
        Assert.DoesNotContain("metrics", quiet.Log, StringComparison.Ordinal);
        Assert.Equal(0, await quiet.TerminateAsync());
    }

    [Theory]
    [InlineData("PIPELINE__METRICS__URL", "http://0.0.0.0:0", 4)]
    [InlineData("PIPELINE__METRICS__URL", "https://127.0.0.1:0", 78)]
    [InlineData("PIPELINE__METRICS__URL", "127.0.0.1", 78)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://192.0.2.1:4317", 4)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "nowhere", 78)]
    public void What_would_go_in_the_clear_or_cannot_be_used_is_refused_before_a_store_is_made(string variable, string value, int exit)
    {
        using var folder = new Folder();
        var answer = Cli.Cli.Run(new Dictionary<string, string> { [variable] = value }, "ship", "--dir", folder.Dir);
        Assert.Equal(exit, answer.Exit);
        Assert.False(Directory.Exists(folder.Dir));
    }

    private static async Task<int> PushAsync(HttpClient http, Uri push, string source, string lines)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(push, $"/v1/lines?source={source}")) { Content =
            new StringContent(lines, Encoding.UTF8, "text/plain") };
        request.Headers.Add("Idempotency-Key", "client-1:1");
        using var reply = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (int)reply.StatusCode;
    }

    private static string After(string line, string name) => line[(line.IndexOf(name, StringComparison.Ordinal) + name.Length)..]
        .Split(' ')[0];

    private static string Root(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", name);

    [GeneratedRegex(@"^\| `pipeline_.*\|\s*$", RegexOptions.Multiline)]
    private static partial Regex Rows();

    [GeneratedRegex("pipeline_[a-z_]+")]
    private static partial Regex Series();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alerts();

    [GeneratedRegex(@"^\| `(Pipeline\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex DocumentedAlerts();
}
