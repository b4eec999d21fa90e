using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Events;

/// <summary>What one seal did.</summary>
public sealed record SealFacts(string Dataset, long Version, string Reason, int Frames, long Rows, int Segments, long Bytes)
{
    /// <summary>Per shard, the last capture that it took.</summary>
    public IReadOnlyDictionary<string, Link> Shipped { get; init; } = new Dictionary<string, Link>();
}
