using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>
/// What a clean verification went through, so that the next one may begin there (docs/storage-format.md, receipts). It is believed only
/// where what it names is still what the stores hold: the log's entry by its
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

    /// <summary>Every shard's newest capture, so that a capture store that was set back is told from one that never had more. Absent in
    /// receipts of version 0.1.0.</summary>
    public SortedDictionary<string, Link>? Heads { get; init; }
    /// <summary>The sha256 of every contract that captures or commits name.</summary>
    public IReadOnlyCollection<string>? Contracts { get; init; }
    /// <summary>The receipts of repairs and removals that stood in the table store: name → sha256.</summary>
    public SortedDictionary<string, Sha256>? Receipts { get; init; }
    /// <summary>See <see cref="DamageCheck"/>.</summary>
    public string? Check { get; init; }

    public byte[] ToJson() =>
        DamageCheck.FillJson(JsonSerializer.SerializeToUtf8Bytes(this with { Check = DamageCheck.Blank },
        ReceiptJson.Default.VerifiedThrough));

    /// <summary>Null where a later version wrote it.</summary>
    /// <param name="origin">Its name, for messages.</param>
    /// <exception cref="CorruptException">The bytes are no receipt, or not as they were written.</exception>
    public static VerifiedThrough? FromJson(byte[] json, string origin)
    {
        if (LaterVersion.Of(json, CurrentVersion) is not null && DamageCheck.HoldsJson(json) != false)
        {
            return null;
        }
        try
        {
            if (DamageCheck.HoldsJson(json) != false && JsonSerializer.Deserialize(json,
                ReceiptJson.Default.VerifiedThrough) is { Version: CurrentVersion } receipt)
            {
                return receipt;
            }
        }
        catch (Exception e) when (e is JsonException or FormatException or OverflowException)
        {
            // Named below, as every other damage.
        }
        const string Why = "it is no receipt of a verification, or not as it was written";
        throw new CorruptException(origin, Why, $"'{origin}': {Why}. Restore it from a copy, or move it away.");
    }
}

/// <summary>A shard's newest snapshot that was found to be the fold of its captures: the capture's number and sha256, and the sha256 of the
/// state.</summary>
public sealed record VerifiedShard(long Snapshot, Sha256 Capture, Sha256 State)
{
    internal static VerifiedShard Of(ShardState snapshot) => new(snapshot.Head!.Value.Number, snapshot.Head.Value.Hash,
        Sha256.Of(snapshot.ToJson()));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(VerifiedThrough))]
internal sealed partial class ReceiptJson : JsonSerializerContext;
