using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table.Segments;

/// <summary>
/// One live Parquet file of a table. <see cref="Path"/> is relative to the table's folder; <see cref="Size"/> in bytes; <see cref="Rows"/>
/// is −1 where
/// another engine's entry does not tell; the times are µs since 1970 UTC, both inclusive, and bound the rows (the whole date where another
/// engine does not tell).
/// </summary>
public sealed record SegmentFile(string Path, UtcDay Date, long Size, long Rows, long MinTime, long MaxTime)
{
    /// <summary>A name for a new segment of <paramref name="date"/>; never used before, because <paramref name="id"/> was not.</summary>
    public static string NewPath(UtcDay date, Guid id) => $"date={date}/{id:D}.parquet";
}

/// <summary>A shard's captures that the commit of a segment takes, both ends inclusive.</summary>
public sealed record SegmentRange(string Shard, long From, long To);

/// <summary>
/// What a segment says of itself in its footer, under the key `pipeline`: enough to prove later that it is void (rule 23). Compaction
/// writes no ranges but its inputs' paths.
/// </summary>
public sealed record SegmentLabel(string Store, [property: JsonPropertyName("kid")] string KeyId, string Contract,
    IReadOnlyList<SegmentRange> Shards, IReadOnlyList<string>? Inputs = null)
{
    /// <summary>The most ranges that a footer has. One proves that the segment is void as well as all do, for a commit lands whole: without
    /// a limit, a seal of many shards and dates would write the list of its shards once a date.</summary>
    public const int MostRanges = 8;

    /// <summary>The label of a segment for a commit that takes these ranges.</summary>
    public static SegmentLabel Of(string store, string keyId, string contract, IReadOnlyList<SegmentRange> ranges) =>
        new(store, keyId, contract, ranges.Count <= MostRanges ? ranges : [.. ranges.Take(MostRanges)]);

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, SegmentJson.Default.SegmentLabel);

    /// <summary>Null where the bytes are no label of ours.</summary>
    internal static SegmentLabel? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, SegmentJson.Default.SegmentLabel);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SegmentLabel))]
internal sealed partial class SegmentJson : JsonSerializerContext;
