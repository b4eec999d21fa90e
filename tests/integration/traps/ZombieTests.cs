using Pipeline.Tests.Integration.Cli;
using Pipeline.Tests.Integration.Deploy;
using Pipeline.Tests.Integration.Kafka;
using Pipeline.Tests.Integration.Telemetry;

namespace Pipeline.Tests.Integration.Traps;

/// <summary>A shipper that sleeps through its own eviction: a stopped machine, a long pause of the collector, a hung disk.</summary>
public sealed class ZombieTests(SharedBroker shared)
{
    private const int Before = 60, Meanwhile = 40;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>
    /// It holds frames, is stopped beyond its session and its poll interval, and wakes when another has shipped what it holds and more:
    /// what it then puts is less than what is there.
    /// </summary>
    [Fact]
    public async Task A_shipper_that_wakes_after_another_took_its_partitions_adds_nothing_and_takes_nothing_away()
    {
        var broker = await shared.GetAsync();
        using var folder = new Folder();
        var (topic, group) = (await broker.TopicAsync(2), Broker.NewName("ship"));
        string Configuration(string name, string age) => folder.Write(name, $$"""
            stores:
              us: { path: installation/us }
              uk: { path: installation/uk }
            keys: installation/keys
            kafka:
              bootstrap-servers: {{broker.Servers}}
              topic: {{topic}}
              region: us
              group: {{group}}
              properties: { session.timeout.ms: 6000, heartbeat.interval.ms: 1000, max.poll.interval.ms: 6000 }
            seal: { age: {{age}} }
            period: 1s
            sources:
              - { name: web, format: combined, paths: [access.log] }
            """);
        var log = folder.Write("access.log", Lines(0, Before));
        var none = new Dictionary<string, string>();
        using var sleeper = new Part("sleeper", none, "ship", "--config", Configuration("sleeper.yaml", "20s"), "--metrics",
            "http://127.0.0.1:0");
        using var heir = new Part("heir", none, "ship", "--config", Configuration("heir.yaml", "1s"));
        using var ingest = new Part("ingest", none, "ingest", "--config", Configuration("ingest.yaml", "1s"));

        // 1 it has the topic, and holds what came
        await sleeper.StartAsync();
        await sleeper.WaitForAsync("assigned partitions=0");
        await ingest.StartAsync();
        await CountAsync(folder, json => json.Captured == Before);
        await Exposition.HoldsAsync(await sleeper.WaitForAsync("metrics url="));
        Assert.DoesNotContain("seal table", sleeper.Log, StringComparison.Ordinal);

        // 2 it sleeps; another ships what it holds, and more
        sleeper.Signal(Part.Pause);
        await heir.StartAsync();
        await File.AppendAllTextAsync(log, Lines(Before, Meanwhile), TestContext.Current.CancellationToken);
        await heir.WaitForAsync("assigned partitions=0");
        await CountAsync(folder, json => json is { Captured: Before + Meanwhile, Pending: 0 });

        // 3 it wakes, finds out, and takes part again
        sleeper.Signal(Part.Continue);
        await sleeper.WaitForAsync("revoked partitions=");
        await File.AppendAllTextAsync(log, Lines(Before + Meanwhile, 10), TestContext.Current.CancellationToken);
        await CountAsync(folder, json => json is { Captured: Before + Meanwhile + 10, Pending: 0 });
        foreach (var part in new[] { ingest, sleeper, heir })
        {
            await part.StopAsync();
        }
        var verify = Cli.Cli.Run("verify", "--deep", "--dir", folder.Dir, "--json");
        Assert.True(verify.Exit == 0, verify.Out + verify.Error);
        Assert.Equal(Before + Meanwhile + 10, verify.Json.GetProperty("shipped").GetProperty("xencenter-checks").GetProperty("records")
            .GetInt64());
    }

    private static string Lines(int from, int count) => string.Concat(Enumerable.Range(from, count)
        .Select(i => Sample.Line(i % 60, $"198.51.100.{i % 250}")));

    private static async Task CountAsync(Folder folder, Func<(long Captured, int Pending), bool> reached)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            var verify = Cli.Cli.Run("verify", "--dir", folder.Dir, "--json");
            var found = verify.Exit == 78 ? (-1, -1) : (verify.Json.GetProperty("records").GetProperty("xencenter-checks").GetInt64(),
                verify.Json.GetProperty("pending").GetArrayLength());
            if (reached(found))
            {
                return;
            }
            Assert.False(bound.IsCancellationRequested, $"{found}");
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
        }
    }
}
