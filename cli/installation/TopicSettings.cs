using System.Globalization;

namespace Pipeline.Cli.Installation;

/// <summary>A topic as it is found.</summary>
/// <param name="Replication">The smallest of its partitions'.</param>
/// <param name="Configuration">Kafka's names and values.</param>
internal sealed record FoundTopic(int Partitions, int Replication, IReadOnlyDictionary<string, string> Configuration);

/// <summary>One setting that is not as it must be.</summary>
internal sealed record TopicDifference(string Setting, string Found, string Expected, string Do);

/// <summary>How the topic of a capture store must be, and what is wrong with one that is there. Pure.</summary>
internal sealed record TopicSettings(string Topic, int Partitions, int Replication)
{
    /// <summary>Seven days: an erasure is complete when they have passed, so not a day more; and a shipper that was down for less reads
    /// on.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(7);

    /// <summary>Kafka's default. A capture of 900,000 bytes passes, with its key and the batch around it.</summary>
    public const int MaxMessageBytes = 1_048_588;

    /// <summary>One copy may be down, and what is confirmed is on two all the same.</summary>
    public int MinInsync => Math.Max(1, Replication - 1);

    public IReadOnlyDictionary<string, string> Configuration => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["cleanup.policy"] = "delete",
        ["max.message.bytes"] = Text(MaxMessageBytes),
        // The broker's clock: messages of an ingest whose clock is two days off would expire early or be refused.
        ["message.timestamp.type"] = "LogAppendTime",
        ["min.insync.replicas"] = Text(MinInsync),
        ["retention.bytes"] = "-1",
        ["retention.ms"] = Text((long)Retention.TotalMilliseconds),
    };

    /// <summary>Everything that is wrong, at once. More partitions than expected, more copies and larger messages are as good.</summary>
    public IReadOnlyList<TopicDifference> Differences(FoundTopic found)
    {
        var wrong = new List<TopicDifference>();
        if (found.Partitions < Partitions)
        {
            wrong.Add(new("partitions", Text(found.Partitions), $"{Partitions} or more",
                $"kafka-topics.sh --alter --topic {Topic} --partitions {Partitions}, or lower kafka.partitions. Growing is safe: no " +
                $"rule depends on the partition of a shard."));
        }
        if (found.Replication < Replication)
        {
            wrong.Add(new("replication", Text(found.Replication), $"{Replication} or more",
                "kafka-reassign-partitions.sh with more replicas, or lower kafka.replication. Or delete the topic and run " +
                "`pipeline topics` again: what it held is in the capture store."));
        }
        foreach (var (name, expected) in Configuration)
        {
            var value = found.Configuration.GetValueOrDefault(name) ?? "";
            var good = name switch
            {
                "max.message.bytes" => Number(value) >= MaxMessageBytes,
                // All of them: then one copy that is down stops the publisher for as long.
                "min.insync.replicas" => Number(value) >= MinInsync && Number(value) <= Math.Max(MinInsync, found.Replication - 1),
                _ => value == expected,
            };
            if (!good)
            {
                wrong.Add(new(name, value, name == "max.message.bytes" ? $"{expected} or more"
                    : expected, $"kafka-configs.sh --alter --entity-type topics --entity-name {Topic} --add-config {name}={expected}. " +
                    $"{Why(name)}"));
            }
        }
        return wrong;
    }

    private static string Why(string name) => name switch
    {
        "cleanup.policy" => "Compaction keeps the last capture of a shard only.",
        "max.message.bytes" => "Captures up to 900000 bytes are published.",
        "message.timestamp.type" => "Retention must not follow the clock of a producer.",
        "min.insync.replicas" => "A confirmed capture is on more than one broker, and one broker may be down.",
        "retention.bytes" => "A limit by size ends before the seven days where there is a backlog.",
        _ => "An erasure is complete after seven days; less, and a shipper that was down reads from the store what it could have from " +
            "here.",
    };

    private static long Number(string text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)
        ? n : long.MinValue;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
