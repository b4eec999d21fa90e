using System.Text.Json;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>
/// `run` over logs that grow, rotate and are compressed, and over pushes, killed and started again while the endpoints go on:
/// 1 endpoints — 2 lives that end by a kill — 3 a last life, which reads everything and is told to stop — 4 compare with the truth.
/// </summary>
internal sealed class RunRounds(int seed, string folder, CrashTotals totals)
{
    private const int KillsARound = 25;

    /// <summary>Of a life: it is ready after a third of it or so, and seals after one second.</summary>
    private static readonly Measured Life = new(TimeSpan.FromSeconds(1.6), 120);

    private static readonly TimeSpan Drained = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(seed);

    public async Task RunAsync(int kills, Action<string> tell)
    {
        for (var (round, done) = (0, 0); done < kills; round++)
        {
            var dir = Path.Combine(folder, $"run-{round}");
            try
            {
                done += await RoundAsync(dir, Math.Min(KillsARound, kills - done));
            }
            catch (Exception e)
            {
                throw new CrashException($"run, seed {seed}, round {round}, kept at {dir}: {e.Message}");
            }
            Directory.Delete(dir, recursive: true);
            tell($"run round {round}: {totals}");
        }
    }

    private async Task<int> RoundAsync(string dir, int most)
    {
        // 1
        var (logs, installation) = (Path.Combine(dir, "logs"), Path.Combine(dir, "installation"));
        Directory.CreateDirectory(logs);
        Directory.CreateDirectory(installation);
        var truth = new Truth();
        using var stop = new CancellationTokenSource();
        using var client = new PushingClient("client-1", new TrueLines(2, new Random(_random.Next()), truth), new Random(_random.Next()),
            totals);
        var endpoints = Task.WhenAll(
            new WritingServer(logs, new TrueLines(1, new Random(_random.Next()), truth), new Random(_random.Next())).RunAsync(stop.Token),
            client.RunAsync(stop.Token));
        string[] run = ["run", "--dir", installation, "--tail", $"web={Path.Combine(logs, "access.log*")}", "--push", "edge=combined",
            "--listen", "http://127.0.0.1:0"];

        // 2
        var (kills, attempts) = (0, 0);
        using (var names = new NameWatch(installation))
        {
            while (kills < most && attempts++ < 3 * most && !endpoints.IsFaulted)
            {
                using var victim = Victim.Start(installation, run);
                _ = ListenAsync(victim, client);
                var moment = Moment.Draw(_random, Life);
                await moment.WaitAsync(victim, names).WaitAsync(TimeSpan.FromSeconds(6))
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                var working = await victim.KillAsync() || moment.Names > 0;
                CrashException.Unless(victim.Exit == Victim.Killed, $"run ended by itself with {victim.Exit}: {victim.Error}");
                client.Address = null;
                totals.Kill(working);
                kills += working ? 1 : 0;
            }
        }

        // 3
        using (var last = Victim.Start(installation, run))
        {
            await Task.WhenAny(ListenAsync(last, client), last.Ended);
            await stop.CancelAsync();
            await endpoints.WaitAsync(Drained);
            await CapturedAsync(installation, truth.Lines, last);
            last.Terminate();
            await last.EndAsync();
            CrashException.Unless(last.Exit == 0, $"after SIGTERM run ended with {last.Exit}: {last.Error}");
        }
        // 4
        await truth.CompareAsync(installation, totals);
        return kills;
    }

    private static async Task ListenAsync(Victim victim, PushingClient client)
    {
        var ready = await victim.Ready;
        client.Address = new Uri(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..].Split(' ')[0]);
    }

    /// <summary>Waits until as many lines are captured as were written.</summary>
    private static async Task CapturedAsync(string installation, long lines, Victim last)
    {
        using var bound = new CancellationTokenSource(Drained);
        while (true)
        {
            var (_, text, _) = await Victim.RunAsync(installation, "verify", "--dir", installation, "--json");
            var found = text.Length == 0 ? 0 : JsonDocument.Parse(text).RootElement.GetProperty("lines").GetInt64();
            if (found == lines)
            {
                return;
            }
            CrashException.Unless(found < lines && !last.Ended.IsCompleted
                && !bound.IsCancellationRequested, $"{found} lines are captured, {lines} were written: {last.Error}");
        }
    }
}
