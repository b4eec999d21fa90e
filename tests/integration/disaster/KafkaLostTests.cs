using Pipeline.Tests.Integration.Cli;
using Pipeline.Tests.Integration.Kafka;
using Tool = Pipeline.Tests.Integration.Cli.Cli;

namespace Pipeline.Tests.Integration.Disaster;

/// <summary>docs/runbooks/disaster.md, the row about Kafka: the cluster is gone with all it held, and another, empty one stands at its
/// address.</summary>
public sealed class KafkaLostTests
{
    private static readonly Dictionary<string, string> Soon = new() { ["PIPELINE__SEAL__AGE"] = "1s", ["PIPELINE__PERIOD"] = "1s" };

    [Fact]
    public async Task A_lost_Kafka_takes_nothing_with_it_delays_nothing_and_its_topic_is_made_again_under_running_processes()
    {
        await using var broker = await Broker.OwnAsync();
        using var world = new World();
        world.Import("first.log", 0, 3);
        var (log, topic, config) = (world["access.log"], Broker.NewName("captures"), world["pipeline.yaml"]);
        File.WriteAllText(config, $$"""
            stores: { us: { path: "{{world.Us}}" }, uk: { path: "{{world.Uk}}" } }
            keys: "{{Path.Combine(world.Dir, "keys")}}"
            kafka:
              bootstrap-servers: "{{broker.Servers}}"
              topic: {{topic}}
              region: us
              group: {{Broker.NewName("ship")}}
              partitions: 2
              replication: 1
              properties: { session.timeout.ms: "6000", heartbeat.interval.ms: "1000", reconnect.backoff.max.ms: "1000" }
            sources: [{ name: edge, format: combined, paths: ["{{log}}"] }]

            """);
        File.WriteAllText(log, "");
        Assert.Equal(0, Tool.Run("topics", "--config", config).Exit);
        using var ingest = Tool.Start(Soon, "ingest", "--config", config);
        using (var ship = Tool.Start(Soon, "ship", "--config", config))
        {
            await ship.WaitForAsync("kafka-up");
            Write(log, 0, 20);
            await ArrivedAsync(config, 23);
            await PublishedAsync(broker, topic);

            // It is gone: captures are found in the store meanwhile, and verify says nothing, for Kafka holds no truth.
            await broker.KillAsync();
            Write(log, 20, 10);
            await ArrivedAsync(config, 33);

            // Another cluster, and no topic in it: that is what `topics` says, and what it makes.
            await broker.LoseAsync();
            Write(log, 30, 5);
            await ArrivedAsync(config, 38);
            var absent = Tool.Run("topics", "--config", config, "--dry-run");
            Assert.Contains(topic, absent.Out + absent.Error, StringComparison.Ordinal);
            Assert.Equal(0, Tool.Run("topics", "--config", config).Exit);

            // The processes that ran all the time publish again, and ship what they publish.
            for (var lines = 35; ; lines += 2)
            {
                Write(log, lines, 2);
                await ArrivedAsync(config, lines + 5);
                if (broker.ReadAll(topic).Count > 0)
                {
                    break;
                }
            }
            await ship.WaitForAsync("assigned partitions=");
            Assert.Equal(0, await ship.TerminateAsync());
        }

        // A shipper that starts on the empty topic, without an offset of its group, begins where the table ends.
        using (var ship = Tool.Start(Soon, "ship", "--config", config))
        {
            await ship.WaitForAsync("kafka-up");
            File.AppendAllText(log, Sample.Line(59, "198.51.100.1"));
            await ArrivedAsync(config, File.ReadAllLines(log).Length + 3);
            Assert.Equal(0, await ship.TerminateAsync());
        }
        Assert.Equal(0, await ingest.TerminateAsync());
        var verify = Tool.Run("verify", "--deep", "--full", "--config", config, "--json");
        Assert.Equal(0, verify.Exit);
        Assert.Equal(File.ReadAllLines(log).Length + 3, verify.Json.GetProperty("records").EnumerateObject()
            .Sum(dataset => dataset.Value.GetInt64()));
        Assert.Equal((0, 0, 0), (verify.Json.GetProperty("pending").GetArrayLength(), verify.Json.GetProperty("missing").GetArrayLength(),
            verify.Json.GetProperty("differences").GetArrayLength()));
    }

    private static void Write(string log, int from, int count) =>
        File.AppendAllText(log, string.Concat(Enumerable.Range(from, count).Select(i => Sample.Line(i % 60, $"198.51.100.{i % 256}"))));

    /// <summary>All lines are captured and shipped, and verify finds nothing wrong at any moment.</summary>
    private static async Task ArrivedAsync(string config, long lines)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (true)
        {
            var verify = Tool.Run("verify", "--config", config, "--json");
            Assert.True(verify.Exit == 0, $"{verify.Exit}: {verify.Out} {verify.Error}");
            if (verify.Json.GetProperty("lines").GetInt64() == lines && verify.Json.GetProperty("pending").GetArrayLength() == 0)
            {
                return;
            }
            Assert.False(bound.IsCancellationRequested, $"{lines} lines did not arrive: {verify.Out}");
            await Task.Yield();
        }
    }

    private static async Task PublishedAsync(Broker broker, string topic)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (broker.ReadAll(topic).Count == 0)
        {
            Assert.False(bound.IsCancellationRequested, "nothing was published");
            await Task.Yield();
        }
    }
}
