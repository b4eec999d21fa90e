using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core;

namespace Pipeline.Processor.Compaction;

/// <summary>One segment that is deleted: what it held, and why it may go.</summary>
/// <param name="Sum">Of its rows as they were read just before; null where it could not be read.</param>
/// <param name="Why">`void`: no commit ever named it, and none can; `replaced`: a compaction took its rows over, and the grace is
/// over.</param>
/// <param name="Proof">In words.</param>
public sealed record OrphanedSegment(string Path, string Date, long Bytes, long Rows, string? Sum, string Why, string Proof)
{
    public const string Orphaned = "void", Replaced = "replaced";
}

/// <summary>
/// The receipt of a removal, put before anything is deleted; a second object, put when all is deleted, completes it. A removal that died
/// between the two is finished by the next.
/// </summary>
public sealed record OrphanReceipt(string Dataset, long Version, string State, string Store,
    [property: JsonPropertyName("kid")] string KeyId, double GraceSeconds, IReadOnlyList<OrphanedSegment> Segments)
{
    private const string Done = ".done.json", Open = ".json";

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition =
        JsonIgnoreCondition.WhenWritingNull, WriteIndented = true };

    public static string Folder(string dataset) => $"receipts/{dataset}/void-segments/";

    /// <summary>A name for a new receipt; they sort by the version that the table had.</summary>
    public static string NewName(string dataset, long version, Guid id) => string.Create(CultureInfo.InvariantCulture,
        $"{Folder(dataset)}{version:D20}-{id:N}{Open}");

    public static string DoneName(string name) => name[..^Open.Length] + Done;

    public static bool IsDone(string name) => name.EndsWith(Done, StringComparison.Ordinal);

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(
        new Document(1, "void-segments", Dataset, Version, State, Store, KeyId, PipelineVersion.Engine, GraceSeconds, Segments.Count,
            Segments.Sum(s => s.Rows), Segments.Sum(s => s.Bytes), Segments), Options);

    /// <summary>What was deleted in the end: a segment that had come back to life was kept.</summary>
    public static byte[] EncodeDone(int deleted, IReadOnlyList<string> kept) =>
        JsonSerializer.SerializeToUtf8Bytes(new { version = 1, kind = "void-segments-done", deleted, kept }, Options);

    /// <exception cref="InvalidDataException">The bytes are no receipt.</exception>
    public static OrphanReceipt Decode(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<Document>(bytes, Options) is { Version: 1, Kind: "void-segments", Segments: not null } found
                ? new(found.Dataset, found.TableVersion, found.State, found.Store, found.KeyId, found.GraceSeconds, found.Segments)
                : throw new InvalidDataException("it is no receipt of version 1");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("it is no JSON of a receipt", e);
        }
    }

    private sealed record Document(
        int Version, string Kind, string Dataset, long TableVersion, string State, string Store, string KeyId, string Program,
            double GraceSeconds, int Count, long Rows, long Bytes, IReadOnlyList<OrphanedSegment> Segments);
}
