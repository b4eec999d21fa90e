using System.Diagnostics;
using Pipeline.Tests.Integration.Azure;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>
/// Ingest, two shippers of one group and compaction as processes, between a broker, two stores and endpoints that go on; all of them,
/// brokers and Azurite too, killed, stopped, woken and started again side by side:
/// 1 a world — 2 lanes, one per victim, until enough kills — 3 all is healed and started; what was acknowledged arrives; SIGTERM — 4
/// compare with the truth.
/// Rounds take turns: containers and directories, one node and three.
/// </summary>
internal sealed class DistributedRounds(int seed, string folder, DistributedTotals totals)
{
    private const int KillsARound = 30;

    private static readonly TimeSpan Drained = TimeSpan.FromSeconds(300);

    public async Task RunAsync(int kills, Action<string> tell)
    {
        var clock = Stopwatch.StartNew();
        for (var round = 0; totals.Kills < kills; round++)
        {
            var dir = Path.Combine(folder, $"distributed-{round}");
            var (azure, nodes) = (round % 2 == 0 && Azurite.Missing is null, round % 4 < 2 ? 1 : 3);
            var (kind, before) = ($"{(azure ? "containers" : "directories")}, nodes {nodes}", totals.Kills);
            try
            {
                await RoundAsync(dir, nodes, azure, new Random((seed * 10_007) + round), totals.Kills
                    + Math.Min(KillsARound, kills - totals.Kills));
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new CrashException(
                    $"distributed, seed {seed}, round {round} ({kind}), kept at {dir}: {(e is CrashException ? e.Message : e)}");
            }
            totals.Round(kind, totals.Kills - before);
            Directory.Delete(dir, recursive: true);
            tell($"distributed round {round} ({kind}) after {clock.Elapsed.TotalSeconds:F0} s: {totals}");
        }
    }

    private async Task RoundAsync(string dir, int nodes, bool azure, Random random, int goal)
    {
        // 1
        await using var world = await DistributedWorld.CreateAsync(dir, nodes, azure);
        try
        {
            await RoundAsync(world, random, goal);
        }
        catch
        {
            await world.KeepAsync();
            throw;
        }
    }

    private async Task RoundAsync(DistributedWorld world, Random random, int goal)
    {
        var truth = new Truth();
        using var stop = new CancellationTokenSource();
        using var client = new PushingClient("client-1", new TrueLines(2, Next(random), truth), Next(random), totals.Rows);
        using var ingest = new Post("ingest", ["ingest"], world, Next(random), totals, client);
        using var first = new Post("ship-1", ["ship"], world, Next(random), totals);
        using var second = new Post("ship-2", ["ship"], world, Next(random), totals);
        using var compact = new Post("compact", ["compact", "--remove-void"], world, Next(random), totals);
        Post[] lasting = [ingest, first, second];
        var endpoints = Task.WhenAll(
            new WritingServer(world.Logs, new TrueLines(1, Next(random), truth), Next(random)).RunAsync(stop.Token),
            client.RunAsync(stop.Token));

        // 2
        var failed = false;
        bool Over() => failed || endpoints.IsFaulted || totals.Kills >= goal;
        List<Task> lanes = [.. lasting.Append(compact).Select(post => post.LiveAsync(Over)), BrokersAsync(world, Next(random), Over),
            .. world.Azurite is { } azurite ? new[] { ContainersAsync(azurite, Next(random), Over) } : []];
        foreach (var lane in lanes)
        {
            _ = lane.ContinueWith(_ => failed = true, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
        await Task.WhenAll(lanes);

        // 3
        await Task.WhenAll(lasting.Select(post => post.StartLastAsync()));
        await stop.CancelAsync();
        await endpoints.WaitAsync(Drained);
        await world.SettledAsync(truth.Lines, lasting);
        await ingest.StopAsync();
        await Task.WhenAll(first.StopAsync(), second.StopAsync());
        var (exit, text, error) = await world.RunAsync("compact", "--remove-void");
        CrashException.Unless(exit == 0, $"compact ended with {exit}: {text} {error}");

        // 4
        await truth.CompareAsync(world.Places, world.Environment, world.Where, totals.Rows);
        var delta = await world.DeltaRowsAsync();
        CrashException.Unless(delta is null || delta == truth.Rows.Count, $"delta-rs counts {delta} rows, expected {truth.Rows.Count}");
        totals.Delta(delta);
    }

    private async Task BrokersAsync(DistributedWorld world, Random random, Func<bool> over)
    {
        var broker = world.Broker;
        while (!over())
        {
            await UpAsync(random, over);
            // One of three, mostly; now and then all.
            int? node = world.Nodes == 3 && random.Next(4) > 0 ? random.Next(3) : null;
            var name = world.Nodes == 1 ? "broker" : node is null ? "all brokers" : "broker of three";
            switch (random.Next(6))
            {
                case 0:
                    await broker.PauseAsync(node);
                    totals.Paused(name);
                    await DelayAsync(random, 6);
                    await broker.ResumeAsync(node);
                    break;
                case 1:
                    await broker.StopAsync(node);
                    totals.Restarted(name);
                    await broker.RestartAsync();
                    break;
                default:
                    await broker.KillAsync(node);
                    totals.Killed(name);
                    await DelayAsync(random, 2);
                    await broker.RestartAsync();
                    break;
            }
        }
    }

    private async Task ContainersAsync(Azurite azurite, Random random, Func<bool> over)
    {
        while (!over())
        {
            await UpAsync(random, over);
            if (random.Next(3) == 0)
            {
                azurite.Pause();
                totals.Paused("azurite");
                await DelayAsync(random, 5);
                azurite.Resume();
                continue;
            }
            azurite.Kill();
            totals.Killed("azurite");
            await DelayAsync(random, 1);
            await azurite.StartAsync();
        }
    }

    /// <summary>Long enough that work is done between two outages: most processes are killed at work, not while they wait for what is
    /// down.</summary>
    private static async Task UpAsync(Random random, Func<bool> over)
    {
        var left = TimeSpan.FromSeconds(4 + (16 * random.NextDouble()));
        for (; left > TimeSpan.Zero && !over(); left -= TimeSpan.FromSeconds(1))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        }
    }

    private static Task DelayAsync(Random random, double most) => Task.Delay(TimeSpan.FromSeconds(most * random.NextDouble()),
        TimeProvider.System);

    private static Random Next(Random random) => new(random.Next());
}
