using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core.Captures;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>
/// What a clean verification went through, so that the next one may begin there (docs/storage-format.md, receipts). It is believed only where what it names is still what the stores hold: the log's entry by its
/// sha256, the live files by their fingerprint, a shard's snapshot by its own sha256 and its capture's.
/// </summary>
public sealed record VerifiedThrough
{
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;
    public required string Tool { get; init; }
    [JsonPropertyName("kid")]
    public required string KeyId { get; init; }
    public required string CaptureStore { get; init; }
    public required DateTimeOffset At { get; init; }
    /// <summary>Every frame and every segment up to here was decoded and hashed, by this run or by those that it stood on.</summary>
    public required bool Deep { get; init; }
    public required IReadOnlyList<string> Checked { get; init; }
    /// <summary>The receipt that the run began at; absent: it began from nothing.</summary>
    public string? Since { get; init; }
    public required SortedDictionary<string, VerifiedTable> Tables { get; init; }
    /// <summary>Shards that have a snapshot; the captures of others are read from their first.</summary>
    public required SortedDictionary<string, VerifiedShard> Shards { get; init; }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ReceiptJson.Default.VerifiedThrough);

    /// <summary>Null where the bytes are no receipt that this program knows.</summary>
    public static VerifiedThrough? FromJson(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ReceiptJson.Default.VerifiedThrough) is { Version: CurrentVersion } receipt ? receipt : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException)
        {
            return null;
        }
    }
}

/// <summary>A shard's newest snapshot that was found to be the fold of its captures: the capture's number and sha256, and the sha256 of the state.</summary>
public sealed record VerifiedShard(long Snapshot, Sha256 Capture, Sha256 State)
{
    internal static VerifiedShard Of(ShardState snapshot) => new(snapshot.Head!.Value.Number, snapshot.Head.Value.Hash, Sha256.Of(snapshot.ToJson()));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(VerifiedThrough))]
internal sealed partial class ReceiptJson : JsonSerializerContext;
