using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Publish;

/// <summary>What a publisher needs to know.</summary>
public sealed record PublisherOptions
{
    public required string Topic { get; init; }

    /// <summary>Properties of librdkafka that reach the cluster: servers, TLS, SASL, and what the settings hand on.</summary>
    public required IReadOnlyDictionary<string, string> Connection { get; init; }

    /// <summary>The most captures in the queue; more are skipped.</summary>
    public int MaxCaptures { get; init; } = 1_000;

    /// <summary>The most bytes in the queue; more are skipped. What an outage costs in memory.</summary>
    public long MaxBytes { get; init; } = 32 << 20;

    /// <summary>The largest message. A capture above it comes from one large push, and catch-up brings it
    /// (docs/storage-format.md).</summary>
    public int MaxMessageBytes { get; init; } = CaptureFile.MaxBytes;

    /// <summary>How long a capture is tried. Later than a catch-up period or two the shipper has it from the store.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the end waits for what is queued.</summary>
    public TimeSpan FlushWithin { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>Why a capture was not published.</summary>
public enum SkipReason
{
    /// <summary>The queue had no room.</summary>
    QueueFull,

    /// <summary>It is larger than a message may be.</summary>
    TooLarge,

    /// <summary>The brokers did not confirm it in time or refused it. It may be on the topic all the same.</summary>
    NotDelivered,

    /// <summary>The producer had broken, and the next one was not made yet.</summary>
    NoProducer,
}

/// <summary>Since the start of this process.</summary>
/// <param name="Queued">Captures taken and not yet answered for.</param>
/// <param name="Restarts">Producers that broke and were replaced.</param>
public sealed record PublisherCounts(long Published, long PublishedBytes, long Queued, long QueuedBytes, long Restarts,
    IReadOnlyDictionary<SkipReason, long> Skipped)
{
    public long AllSkipped => Skipped.Values.Sum();
}

/// <summary>Told of publishing, once a capture; called from many threads.</summary>
/// <param name="Published">The brokers confirmed this capture of this shard.</param>
/// <param name="Skipped">The capture was not published.</param>
/// <param name="Failing">The client library reports trouble: a code, and its words, which name brokers and never content.</param>
public sealed record PublisherEvents(Action<string, long> Published, Action<string, long, SkipReason> Skipped, Action<string,
    string> Failing);
