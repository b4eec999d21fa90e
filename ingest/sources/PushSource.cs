using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Sources;

/// <summary>What a source promises (promise 2).</summary>
public enum PushDelivery
{
    /// <summary>Every push has a key; one without is refused with 428.</summary>
    ExactlyOnce,
    /// <summary>A push may come without a key: sent again, its lines are counted again.</summary>
    AtLeastOnce,
}

/// <summary>A source that takes pushes, and the shard that it belongs to.</summary>
public sealed record PushSource
{
    public required string Name { get; init; }
    public required string Shard { get; init; }
    public required ILineFormat Format { get; init; }
    public required IBlockSink Sink { get; init; }
    /// <summary>Whether a newer process has the shard (rule 32).</summary>
    public required Func<CancellationToken, Task<bool>> IsFenced { get; init; }
    public required PushStreams Streams { get; init; }
    public PushDelivery Delivery { get; init; }
    /// <summary>The SHA-256 of the bearer token, 64 hex digits. Required where the endpoint listens off loopback (rule 33).</summary>
    public string? TokenSha256 { get; init; }

    /// <summary>A source of this shard. Call it when the shard was claimed and before it runs: the streams begin with what was captured.</summary>
    public static PushSource Of(ShardLoop shard, string name, ILineFormat format, PushDelivery delivery = PushDelivery.ExactlyOnce, string? tokenSha256 = null) => new()
    {
        Name = name, Shard = shard.Shard, Format = format, Sink = shard, IsFenced = shard.IsFencedAsync, Streams = new PushStreams(name, shard.State), Delivery = delivery, TokenSha256 = tokenSha256,
    };

    internal bool IsJson => Format.Name.EndsWith("json", StringComparison.Ordinal);
}
