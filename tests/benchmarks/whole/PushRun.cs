using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>
/// HTTP push over loopback into the real program: 16 clients, each with a stream of its own, 1,000 lines a body, the next when the last was
/// acknowledged.
/// With idle neighbours, so many anonymous connections stay open beside them. The clients run on the same cores. Afterwards `verify` must
/// count exactly the lines that were acknowledged.
/// </summary>
internal static partial class PushRun
{
    private const int Clients = 16, LinesOfABody = 1_000, Bodies = 64, Terminate = 15;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3), Measured = TimeSpan.FromSeconds(10),
        Bound = TimeSpan.FromSeconds(60);

    private readonly record struct Reply(long Sent, long Answered);

    public static async Task<IReadOnlyList<Figure>> RunAsync(TemporaryFolder folder, int idle = 0)
    {
        // 1 bodies
        var bodies = Enumerable.Range(0, Bodies).Select(i =>
        {
            using var text = new MemoryStream();
            CombinedLog.Write(text, LinesOfABody, Stages.Blocks.Seed + i, days: 1);
            return text.ToArray();
        }).ToArray();
        // 2 the program, until it is ready
        await File.WriteAllTextAsync(folder["push.yaml"],
            "stores:\n  us: {path: push/us, region: eastus}\n  uk: {path: push/uk, region: uksouth}\nkeys: push/keys\npush: {url: " +
            "'http://127.0.0.1:0'}\nsources:\n  - {name: edge, format: combined, push: true}\n");
        using var program = Process.Start(Child.Info([.. Child.Program, "run", "--config", folder["push.yaml"]]))!;
        try
        {
            using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Clients }) { BaseAddress =
                await ReadyAsync(program), Timeout = Bound };
            using var neighbours = new IdleNeighbours(http.BaseAddress, idle);
            // 3 push
            var started = Stopwatch.GetTimestamp();
            var replies = new ConcurrentBag<Reply>();
            var pushing = Enumerable.Range(0, Clients).Select(client => Task.Run(() => PushAsync(http, client, bodies, started, replies)))
                .ToList();
            await Task.Delay(WarmUp, TimeProvider.System);
            var cpu = program.TotalProcessorTime;
            await Task.Delay(Measured, TimeProvider.System);
            program.Refresh();
            cpu = program.TotalProcessorTime - cpu;
            await Task.WhenAll(pushing);
            var peak = Machine.PeakBytes(program.Id);
            // 4 stop, and check
            _ = Signal(program.Id, Terminate);
            await program.WaitForExitAsync();
            Check.Equal("exit code of run after SIGTERM", program.ExitCode, 0);
            var (verify, _) = Child.Run([.. Child.Program, "verify", "--config", folder["push.yaml"], "--json"]);
            Check.Equal("verify's lines after the pushes", JsonDocument.Parse(verify).RootElement.GetProperty("lines").GetInt64(),
                replies.Count * (long)LinesOfABody);
            var beside = idle == 0 ? "" : $", beside {idle} idle anonymous connections";
            return [.. Figures(started, [.. replies], cpu, peak).Select(figure => figure with { Name = figure.Name + beside })];
        }
        finally
        {
            if (!program.HasExited)
            {
                program.Kill();
            }
        }
    }

    private static List<Figure> Figures(long started, Reply[] replies, TimeSpan cpu, long peak)
    {
        var from = started + (long)(WarmUp.TotalSeconds * Stopwatch.Frequency);
        var seconds = Enumerable.Range(0, (int)Measured.TotalSeconds).Select(s =>
            replies.Count(r => (r.Answered - from) / Stopwatch.Frequency == s && r.Answered >= from) * (double)LinesOfABody).Order()
            .ToList();
        var times = replies.Where(r => r.Answered >= from).Select(r => Stopwatch.GetElapsedTime(r.Sent, r.Answered).TotalMilliseconds)
            .Order().ToList();
        var lines = seconds.Sum();
        double At(double share) => times[(int)(share * (times.Count - 1))];
        return
        [
            new Figure($"HTTP push, {Clients} clients, {LinesOfABody:N0}-line bodies", "lines/s", lines / Measured.TotalSeconds, seconds[0],
                seconds[^1])
            {
                PerCpuSecond = lines / cpu.TotalSeconds, PeakBytes = peak,
                    Note = "least and most are of single seconds; CPU-seconds are the program's alone, the clients ran on the same cores",
            }.AtLeast(300e3),
            new Figure("HTTP push, time to the acknowledgement, p50", "ms", At(0.5), times[0], times[^1]),
            new Figure("HTTP push, time to the acknowledgement, p99", "ms", At(0.99), times[0],
                times[^1]) { Note = $"{times.Count:N0} pushes" }.AtMost(100),
        ];
    }

    private static async Task<Uri> ReadyAsync(Process program)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (await program.StandardError.ReadLineAsync(bound.Token) is { } line)
        {
            if (line.Contains("ready ", StringComparison.Ordinal) && line.IndexOf("push=", StringComparison.Ordinal) is > 0 and var at)
            {
                // What it says from here on is read and dropped: a full pipe would stop it.
                _ = program.StandardError.ReadToEndAsync(CancellationToken.None);
                _ = program.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new Uri(line[(at + 5)..].Split(' ')[0]);
            }
        }
        throw new InvalidOperationException($"the program ended with exit code {program.ExitCode} before it was ready");
    }

    private static async Task PushAsync(HttpClient http, int client, byte[][] bodies, long started, ConcurrentBag<Reply> replies)
    {
        for (var sequence = 1L; Stopwatch.GetElapsedTime(started) < WarmUp + Measured; sequence++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post,
                "/v1/lines?source=edge") { Content = new ByteArrayContent(bodies[(client + sequence) % Bodies]) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
            request.Headers.Add("Idempotency-Key", $"client-{client}:{sequence}");
            var sent = Stopwatch.GetTimestamp();
            using var response = await http.SendAsync(request);
            Check.Equal("status of a push", (int)response.StatusCode, 200);
            replies.Add(new Reply(sent, Stopwatch.GetTimestamp()));
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
