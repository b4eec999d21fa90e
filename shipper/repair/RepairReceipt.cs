using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;

namespace Pipeline.Shipper.Repair;

/// <summary>
/// The record that a repair was done: a pure function of its commit, at `receipts/repair/DATASET/D20.json`, so that a repair that died
/// between its commit and its receipt is given the same one by the next.
/// </summary>
public sealed record RepairReceipt
{
    public int Version { get; init; } = 1;
    public required string Dataset { get; init; }
    /// <summary>The entry of the table's log, and the sha256 of its bytes.</summary>
    public required long Commit { get; init; }
    public required Sha256 Entry { get; init; }
    public required string Tool { get; init; }
    public required string Store { get; init; }
    [JsonPropertyName("kid")]
    public required string KeyId { get; init; }
    public required DateTimeOffset? At { get; init; }
    public required IReadOnlyList<RepairedRange> Shards { get; init; }
    public required SortedDictionary<string, DaySums> Dates { get; init; }

    public static string Name(string dataset, long version) => $"receipts/repair/{dataset}/{version:D20}.json";

    public static RepairReceipt Of(string dataset, TableCommit commit) => new()
    {
        Dataset = dataset, Commit = commit.Version, Entry = commit.Hash, Tool = commit.Engine, Store = commit.Store, KeyId = commit.KeyId,
            At = commit.Time,
        Shards = [.. commit.Shards.Select(s => new RepairedRange(s.Shard, s.Range.From, s.Range.To, s.Frames, s.Sums.Rows,
            s.Sums.HashHex))],
        Dates = new(commit.Dates.ToDictionary(d => d.Date.ToString(), d => DaySums.Of(d.Sums)), StringComparer.Ordinal),
    };

    /// <summary>Puts it, or finds it there; its name.</summary>
    public async Task<string> WriteAsync(IObjectStore store, TimeProvider time, CancellationToken cancel)
    {
        var name = Name(Dataset, Commit);
        return await Puts.UntilKnownAsync(store, name, JsonSerializer.SerializeToUtf8Bytes(this, RepairReceiptJson.Default.RepairReceipt),
            time, null, cancel) != PutOutcome.Other ? name
            : throw new DifferenceException(
                $"{store.Location}: '{name}' holds other bytes than the receipt of entry {Commit} of {Dataset}. The commit stands; find " +
                $"out who wrote the receipt: the table was restored since, or it was changed.");
    }
}

/// <summary>A shard's captures that were brought, and their frames, rows and sum.</summary>
public sealed record RepairedRange(string Shard, long From, long To, long Frames, long Rows, string Sum);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RepairReceipt))]
internal sealed partial class RepairReceiptJson : JsonSerializerContext;
