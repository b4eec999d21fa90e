using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Shard;

/// <summary>
/// One that is told of each capture after it is durable and acknowledged, such as the publisher to Kafka or a shipper in this process.
/// Best effort: telling returns at once, and nothing depends on it, because whatever is not told is found in the store. What must
/// succeed is never told this way: it goes through <see cref="Core.Store.StoreRetry"/> before the acknowledgement.
/// </summary>
/// <param name="Name">For the message about a fault.</param>
/// <param name="Tell">Given the shard's name and the capture; called on the shard's loop, so it must not wait.</param>
public sealed record BestEffort(string Name, Action<string, Capture> Tell);
