using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Telemetry;

public sealed class OtlpTests
{
    [Fact]
    public async Task An_import_hands_its_metrics_and_spans_to_a_collector_and_a_captures_trace_is_its_hash()
    {
        using var collector = new Collector();
        using var folder = new Folder();
        var log = folder.Write("access.log", string.Concat(Enumerable.Range(0, 30).Select(i => Sample.Line(i, "198.51.100.77"))));
        var environment = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" };
        Assert.Equal(0, Cli.Cli.Run(environment, "import", log, "--source", "web", "--dir", folder.Dir).Exit);
        await collector.StopAsync();

        var metrics = collector.Bodies("/v1/metrics");
        Assert.True(Holds(metrics, Encoding.UTF8.GetBytes("pipeline.shipped.records")));
        var spans = collector.Bodies("/v1/traces");
        foreach (var name in new[] { "put", "seal", "commit", "pipeline.capture" })
        {
            Assert.True(Holds(spans, Encoding.UTF8.GetBytes(name)), name);
        }
        // The put's own trace, and the seal's link to it.
        var capture = Cli.Cli.Run("inspect", "captures/web/0000000000000000/00000000000000000001", "--dir", folder.Dir, "--json");
        var trace = Convert.FromHexString(JsonDocument.Parse(capture.Out).RootElement.GetProperty("sha256").GetString()!)[..16];
        Assert.True(Count(spans, trace) >= 2, "the trace of capture 1 is put and linked");
        foreach (var word in new[] { "198.51.100.77", "updates.xml", "2025.2.0.8315" })
        {
            Assert.False(Holds([.. metrics, .. spans], Encoding.UTF8.GetBytes(word)), word);
        }
    }

    [Fact]
    public void A_collector_that_is_not_there_changes_nothing_but_the_telemetry()
    {
        using var folder = new Folder();
        var log = folder.Write("access.log", Sample.Line(0));
        var answer = Cli.Cli.Run(new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1" }, "import", log,
            "--source", "web", "--dir", folder.Dir, "--format", "combined", "--json");
        Assert.Equal((0, 1L), (answer.Exit, answer.Json.GetProperty("lines").GetInt64()));
    }

    private static bool Holds(IReadOnlyList<byte[]> bodies, byte[] what) => Count(bodies, what) > 0;

    private static int Count(IReadOnlyList<byte[]> bodies, byte[] what) => bodies.Sum(body =>
    {
        var count = 0;
        for (var at = body.AsSpan().IndexOf(what); at >= 0;)
        {
            count++;
            var next = body.AsSpan(at + 1).IndexOf(what);
            at = next < 0 ? -1 : at + 1 + next;
        }
        return count;
    });

    /// <summary>Takes what is posted, and answers 200.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly ConcurrentQueue<(string Path, byte[] Body)> _came = new();
        private readonly Task _running;

        public Collector()
        {
            using var free = new TcpListener(IPAddress.Loopback, 0);
            free.Start();
            Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
            free.Stop();
            _listener.Prefixes.Add(Url + "/");
            _listener.Start();
            _running = RunAsync();
        }

        public string Url { get; }

        public IReadOnlyList<byte[]> Bodies(string path) => [.. _came.Where(c => c.Path == path).Select(c => c.Body)];

        public async Task StopAsync()
        {
            _listener.Stop();
            await _running;
        }

        public void Dispose() => _listener.Close();

        private async Task RunAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    _came.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Stopped.
            }
        }
    }
}
