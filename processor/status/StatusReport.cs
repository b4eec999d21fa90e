using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Captures;

namespace Pipeline.Processor.Status;

/// <summary>Where everything stands: what was captured, what is shipped, how old what waits is. A quick look; what it says is proved by
/// `verify`.</summary>
public sealed record StatusReport
{
    public required IReadOnlyList<ShardStatus> Shards { get; init; }

    public required IReadOnlyList<TableStatus> Tables { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, StatusJson.Default.StatusReport);
}

/// <summary>One shard. Ages are in seconds, from when the store, by its own clock, made the capture.</summary>
public sealed record ShardStatus
{
    public required string Shard { get; init; }

    /// <summary>The newest capture; null where the store has none.</summary>
    public long? Head { get; init; }

    public double? NewestAge { get; init; }

    public required SortedDictionary<string, DatasetStatus> Datasets { get; init; }

    public required SortedDictionary<string, SourceTotals> Sources { get; init; }

    /// <summary>Pushes that were taken without a key, which a retry may have doubled.</summary>
    public long PossibleLossUnkeyed { get; init; }

    /// <summary>Why the shard cannot be trusted from some capture on; null where nothing was seen.</summary>
    public string? Fork { get; init; }
}

/// <summary>One dataset of a shard.</summary>
public sealed record DatasetStatus
{
    public long Captured { get; init; }

    public long? Shipped { get; init; }

    public long PendingCaptures { get; init; }

    public long PendingRecords { get; init; }

    /// <summary>Seconds since the oldest capture that is not shipped was made.</summary>
    public double? OldestPendingAge { get; init; }
}

public sealed record TableStatus(string Dataset, long Version, long Files, long Rows, long Bytes, string? FirstDate, string? LastDate,
    DateTimeOffset? LastCommit);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class StatusJson : JsonSerializerContext;
