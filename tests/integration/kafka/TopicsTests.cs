using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Kafka;

using Cli = Pipeline.Tests.Integration.Cli.Cli;

/// <summary>`pipeline topics`, `validate` and the roles against a real broker.</summary>
public sealed class TopicsTests(SharedBroker shared)
{
    [Fact]
    public async Task A_topic_is_shown_created_and_found_right()
    {
        using var folder = new Folder();
        var (broker, topic) = (await shared.GetAsync(), Broker.NewName("captures"));
        var config = Config(folder, broker.Servers, topic);
        Assert.Equal(78, Cli.Run("validate", "--config", config).Exit);
        var dry = Cli.Run("topics", "--dry-run", "--json", "--config", config);
        Assert.Equal((0, false, true), (dry.Exit, dry.Json.GetProperty("created").GetBoolean(),
            dry.Json.GetProperty("dryRun").GetBoolean()));
        var made = Cli.Run("topics", "--json", "--config", config);
        Assert.True(made.Exit == 0, made.Error);
        Assert.Equal((true, true, 4), (made.Json.GetProperty("ok").GetBoolean(), made.Json.GetProperty("created").GetBoolean(),
            made.Json.GetProperty("partitions").GetInt32()));
        var again = Cli.Run("topics", "--json", "--config", config);
        Assert.Equal((0, true, false), (again.Exit, again.Json.GetProperty("ok").GetBoolean(),
            again.Json.GetProperty("created").GetBoolean()));
        Assert.Contains($"topic {topic}", Cli.Run("validate", "--config", config).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_topic_is_told_with_what_to_do_and_78()
    {
        using var folder = new Folder();
        var broker = await shared.GetAsync();
        var topic = await broker.TopicAsync(2, new() { ["cleanup.policy"] = "compact", ["retention.ms"] = "3600000",
            ["max.message.bytes"] = "500000", ["retention.bytes"] = "1000000", ["message.timestamp.type"] = "CreateTime" });
        var config = Config(folder, broker.Servers, topic, "  replication: 2\n");
        foreach (var command in new[] { "topics", "validate" })
        {
            var wrong = Cli.Run(command, "--config", config);
            Assert.Equal(78, wrong.Exit);
            foreach (var part in new[] { "partitions: found 2, expected 4 or more", "replication: found 1, expected 2",
                "cleanup.policy: found compact, expected delete", "retention.ms: found 3600000, expected 604800000",
                "max.message.bytes: found 500000", "retention.bytes: found 1000000", "message.timestamp.type: found CreateTime",
                $"kafka-configs.sh --alter --entity-type topics --entity-name {topic}" })
            {
                Assert.Contains(part, wrong.Error, StringComparison.Ordinal);
            }
        }
        Assert.Equal(7, Cli.Run("topics", "--json", "--config", config).Json.GetProperty("differences").GetArrayLength());
    }

    [Fact]
    public void A_cluster_that_does_not_answer_is_an_outage()
    {
        Assert.SkipWhen(BrokerPlace.Find() is null, BrokerPlace.None);
        using var folder = new Folder();
        var answer = Cli.Run("topics", "--config", Config(folder, $"127.0.0.1:{FreePorts.Find(1)}", "captures"));
        Assert.True(answer.Exit == 5, answer.Error);
        Assert.Contains("kafka.bootstrap-servers", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_region_that_the_contracts_do_not_allow_is_refused_before_anything_is_made()
    {
        using var folder = new Folder();
        var config = Config(folder, "127.0.0.1:1", "captures");
        File.WriteAllText(config, File.ReadAllText(config).Replace("region: eastus", "region: westeurope", StringComparison.Ordinal));
        foreach (string[] command in new[] { ["topics"], ["validate"], ["run", "--push", "web=combined"],
            ["ingest", "--push", "web=combined"], new[] { "ship" } })
        {
            var answer = Cli.Run([.. command, "--config", config]);
            Assert.Equal(4, answer.Exit);
            Assert.Contains("'westeurope'", answer.Error, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(folder["us"]));
    }

    [Fact]
    public async Task Ingest_publishes_what_it_captures_and_one_ship_beside_it_ships_it()
    {
        using var folder = new Folder();
        var (broker, topic) = (await shared.GetAsync(), Broker.NewName("captures"));
        folder.Write("access.log", string.Concat(Enumerable.Range(0, 20).Select(i => Sample.Line(i))));
        var config = Config(folder, broker.Servers, topic,
            more: $"sources: [{{name: web, paths: [access.log]}}]\nseal: {{age: 1s}}\nperiod: 1s\n");
        Assert.Equal(0, Cli.Run("topics", "--config", config).Exit);
        var none = new Dictionary<string, string>();
        using var ingest = Cli.Start(none, "ingest", "--config", config);
        Assert.Contains($"topic={topic}", await ingest.WaitForAsync("ready "), StringComparison.Ordinal);
        using var ship = Cli.Start(none, "ship", "--config", config);
        await ship.WaitForAsync("rows=20 ");
        Assert.Equal(0, await ingest.TerminateAsync());
        Assert.Equal(0, await ship.TerminateAsync());
        Assert.Contains("published captures=1 ", await ingest.WaitForAsync("published "), StringComparison.Ordinal);
        Assert.Equal("web", System.Text.Encoding.UTF8.GetString(Assert.Single(broker.ReadAll(topic)).Message.Key));
        Assert.True(Cli.Run("verify", "--config", config, "--json").Json.GetProperty("ok").GetBoolean());
    }

    internal static string Config(Folder folder, string servers, string topic, string kafka = "  replication: 1\n", string more = "") =>
        folder.Write("pipeline.yaml",
        $"stores:\n  us: {{path: us}}\n  uk: {{path: uk}}\nkeys: keys\nkafka:\n  bootstrap-servers: '{servers}'\n  topic: {topic}\n  " +
            $"region: eastus\n  partitions: 4\n{kafka}{more}");
}
