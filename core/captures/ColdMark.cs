using System.Text.Json.Serialization;

namespace Pipeline.Core.Captures;

/// <summary>
/// What leaves a shard's state for a cold page after a capture (rule 3). The capture says it, so that the fold follows no clock and no
/// limit of the program that folds.
/// </summary>
/// <param name="Files">Files that were last read by a capture below this number go; those that were read before states knew that go
/// first.</param>
/// <param name="Retired">All retired push streams go.</param>
public sealed record ColdMark(long Files, bool Retired);

/// <summary>What a state knows of its cold pages.</summary>
/// <param name="Pages">How many there are: 0, 1, 2 … without a gap.</param>
/// <param name="Streams">The newest page that has streams, which names the one before it that has; null: none has.</param>
/// <param name="Last">The hash of the newest one, which names the one before it; null where there is none.</param>
public sealed record ColdChain(long Pages = 0, long? Streams = null, Sha256? Last = null);

/// <summary>
/// Files and retired streams that left a shard's state together. Immutable; a file that is read again is in the state again, and may go to
/// a later page, which then counts.
/// </summary>
public sealed record ColdPage
{
    public const int CurrentVersion = 1;

    public int Version { get; init; } = CurrentVersion;
    public required string Store { get; init; }
    public required string Shard { get; init; }
    [JsonPropertyName("kid")]
    public required string KeyId { get; init; }
    public required long Page { get; init; }
    /// <summary>The number of the capture that made it.</summary>
    public required long Capture { get; init; }
    /// <summary>The hash of the page before; absent at page 0.</summary>
    public Sha256? Before { get; init; }
    /// <summary>The page before this one that has streams; absent where none has, and where this one has none.</summary>
    public long? StreamsBefore { get; init; }
    /// <summary>As <see cref="ShardState.Files"/>.</summary>
    public required SortedDictionary<string, FileCursor> Files { get; init; }
    /// <summary>As <see cref="ShardState.Streams"/>: the sequence of each retired stream.</summary>
    public required SortedDictionary<string, long> Streams { get; init; }

    /// <summary>The sha256 of <see cref="ToJson"/>.</summary>
    [JsonIgnore]
    public Sha256 Hash => Sha256.Of(ToJson());

    /// <summary>UTF-8 JSON; equal pages give equal bytes.</summary>
    public byte[] ToJson() => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(this, SnapshotJson.Default.ColdPage);
}
