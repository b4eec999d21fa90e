using System.CommandLine;
using System.Text.Json;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Contracts;

namespace Pipeline.Cli.Commands;

/// <summary>`topics`: makes the topic of the capture store, or finds what is wrong with the one that is there. It changes no topic: each
/// wrong setting comes with what to type.</summary>
internal static class TopicsCommand
{
    public static Command Create()
    {
        var dry = new Option<bool>("--dry-run") { Description = "say what would be done; change nothing" };
        return new Command("topics", "create the Kafka topic, or check the one that is there") { dry }.Does(async (parsed, output, _) =>
        {
            var connection = KafkaConnection.Open(parsed.Settings().Kafka, PublishedContracts.All)
                ?? throw new UsageException(
                    "topics: no cluster is named. Set kafka.bootstrap-servers, kafka.topic and kafka.region in --config, or in the " +
                    "environment.");
            using var admin = new TopicAdmin(connection);
            var (found, created, isDry) = (await admin.FindAsync(), false, parsed.GetValue(dry));
            if (found is null && !isDry)
            {
                await admin.CreateAsync();
                (found, created) = (await FindCreatedAsync(admin), true);
            }
            var wrong = found is null ? [] : admin.Wanted.Differences(found);
            if (output.IsJson)
            {
                Printer.Json(ToJson(admin.Wanted, found, created, isDry, wrong));
            }
            var as_ = $"{admin.Wanted.Partitions} partitions, replication {admin.Wanted.Replication}, " +
                $"{string.Join(", ", admin.Wanted.Configuration.Select(c => $"{c.Key}={c.Value}"))}";
            output.Line(found is null ? $"dry run: topic {admin.Wanted.Topic} would be created: {as_}"
                : created ? $"topic {admin.Wanted.Topic} created: {as_}"
                : wrong.Count == 0
                    ? $"topic {admin.Wanted.Topic} is as it must be: {found.Partitions} partitions, replication {found.Replication}" : "");
            Refuse(admin.Wanted.Topic, wrong);
            return ExitCode.Done;
        });
    }

    /// <summary>For `validate`: the topic is there and right.</summary>
    /// <exception cref="PipelineException">78: it is absent or wrong. 5: no broker answers.</exception>
    public static async Task CheckAsync(KafkaConnection connection, Printer output)
    {
        using var admin = new TopicAdmin(connection);
        var found = await admin.FindAsync() ?? throw new ConfigurationException(
            $"Kafka at {connection.Settings.BootstrapServers}: there is no topic {connection.Topic}. Make it with `pipeline topics`.");
        Refuse(connection.Topic, admin.Wanted.Differences(found));
        output.Line($"kafka: topic {connection.Topic} at {connection.Settings.BootstrapServers}, " +
            $"{(connection.Settings.HasTls ? "TLS" : "in the clear on this machine")}, {found.Partitions} partitions, replication " +
            $"{found.Replication}");
    }

    private static void Refuse(string topic, IReadOnlyList<TopicDifference> wrong)
    {
        if (wrong.Count > 0)
        {
            throw new ConfigurationException(string.Join("\nerror: ",
                wrong.Select(w => $"topic {topic}: {w.Setting}: found {w.Found}, expected {w.Expected}. Do: {w.Do}")));
        }
    }

    /// <summary>Brokers learn of a new topic one by one.</summary>
    private static async Task<FoundTopic> FindCreatedAsync(TopicAdmin admin)
    {
        for (var tries = 0; ; tries++)
        {
            if (await admin.FindAsync() is { } found)
            {
                return found;
            }
            if (tries == 50)
            {
                throw new OutageException(
                    $"topic {admin.Wanted.Topic} was created, and the brokers do not know it yet. Run the command again.");
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }
    }

    private static string ToJson(TopicSettings wanted, FoundTopic? found, bool created, bool dry, IReadOnlyList<TopicDifference> wrong) =>
        JsonSerializer.Serialize(new
    {
        topic = wanted.Topic,
        ok = found is not null && wrong.Count == 0,
        created,
        dryRun = dry,
        partitions = found?.Partitions ?? wanted.Partitions,
        replication = found?.Replication ?? wanted.Replication,
        configuration = wanted.Configuration,
        differences = wrong.Select(w => new { setting = w.Setting, found = w.Found, expected = w.Expected, @do = w.Do }),
    });
}
