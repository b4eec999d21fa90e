namespace Pipeline.Shipper.Feed;

/// <summary>How the shipper reads the topic.</summary>
public sealed record KafkaFeedOptions
{
    /// <summary>The capture store's topic.</summary>
    public required string Topic { get; init; }

    /// <summary>
    /// The consumer group: all shippers of one table store. Another group reads everything once more, and ships nothing twice.
    /// </summary>
    public required string Group { get; init; }

    /// <summary>
    /// Properties of the client, by librdkafka's names: at least `bootstrap.servers`; TLS and SASL pass through. What the feed relies on,
    /// it sets over them.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Client { get; init; }

    /// <summary>
    /// How often the topic's id and partitions are looked at: a topic that was re-created, or grew, is noticed within this. 1 s to 10 min;
    /// default 30 s. Shorter: more requests.
    /// </summary>
    public TimeSpan Check { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a full queue is waited for before the partitions are paused, which throws away what the client had fetched ahead. 0.1 s to
    /// 1 min.
    /// </summary>
    public TimeSpan PauseAfter { get; init; } = TimeSpan.FromSeconds(2);

    internal Dictionary<string, string> Consumer() => new(Defaults.Concat(Client.Where(c => !Defaults.ContainsKey(c.Key)))
        .Select(d => new KeyValuePair<string, string>(d.Key, Client.GetValueOrDefault(d.Key, d.Value))))
    {
        ["group.id"] = Group,
        ["partition.assignment.strategy"] = "cooperative-sticky",
        ["auto.offset.reset"] = "earliest",
        ["allow.auto.create.topics"] = "false",
        // Only what the loop called shipped is ever stored (rule 18), and what is stored is committed in the background: a commit in the
        // foreground would wait for a broker that is out.
        ["enable.auto.offset.store"] = "false",
        ["enable.auto.commit"] = "true",
        ["enable.partition.eof"] = "false",
        ["topic.metadata.refresh.interval.ms"] = ((long)Check.TotalMilliseconds)
            .ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>At the client's own defaults half of the time is idle (docs/benchmarks-kafka.md) and 64 MB are fetched ahead.</summary>
    private static readonly Dictionary<string, string> Defaults = new()
    {
        ["fetch.queue.backoff.ms"] = "5",
        ["queued.max.messages.kbytes"] = "24576",
        ["fetch.max.bytes"] = "16777216",
        ["auto.commit.interval.ms"] = "1000",
        ["check.crcs"] = "true",
    };
}
