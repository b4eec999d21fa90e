using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Processor.Verify;

/// <summary>
/// What `verify` found: promise 7 from the stored data alone (a promise to scripts: the members up to <see cref="Differences"/>; what
/// follows them is detail that may grow).
/// Every dictionary is in ordinal order, and has every dataset that the program knows.
/// </summary>
public sealed record VerifyReport
{
    /// <summary>Nothing is missing and nothing differs. What is pending leaves it true.</summary>
    public required bool Ok { get; init; }

    /// <summary>Lines read: the sum of records, rejections, duplicates and what was withdrawn.</summary>
    public required long Lines { get; init; }

    /// <summary>Dataset → records captured and not withdrawn.</summary>
    public required SortedDictionary<string, long> Records { get; init; }

    /// <summary>Reason → lines rejected for it.</summary>
    public required SortedDictionary<string, long> Rejections { get; init; }

    public required long Duplicates { get; init; }

    /// <summary>Dataset → what the captures say, those that have expired by the snapshot that kept their totals.</summary>
    public required SortedDictionary<string, Amount> Captured { get; init; }

    /// <summary>Dataset → what the table's commits say that they took.</summary>
    public required SortedDictionary<string, Amount> Shipped { get; init; }

    /// <summary>The sides that were compared: `us` (captures against commits), `uk` (commits against the table's files).</summary>
    public required IReadOnlyList<string> Checked { get; init; }

    /// <summary>Captured and not yet shipped.</summary>
    public required IReadOnlyList<ReportedRange> Pending { get; init; }

    /// <summary>Records that ought to be in the table, and are not or are others.</summary>
    public required IReadOnlyList<ReportedRange> Missing { get; init; }

    /// <summary>What contradicts something else, in words: what, where, found, expected.</summary>
    public required IReadOnlyList<string> Differences { get; init; }

    /// <summary>Objects that do not hold what they were written with. None of them was counted.</summary>
    public IReadOnlyList<ReportedObject> Corrupt { get; init; } = [];

    /// <summary>Objects that must be there and are not. A range of them is named by its first.</summary>
    public IReadOnlyList<ReportedObject> Deleted { get; init; } = [];

    /// <summary>Shards with two histories that cannot both be true, from this capture on.</summary>
    public IReadOnlyList<ReportedFork> Forks { get; init; } = [];

    /// <summary>Whether frames and segments were decoded and every row was hashed again.</summary>
    public bool Deep { get; init; }

    /// <summary>What cannot be proved but only counted: pushes without a key, of sources that are declared at-least-once.</summary>
    public PossibleLoss PossibleLoss { get; init; } = new(0);

    /// <summary>Rule (such as `rewound`) → lines that may be captured twice, where the content of a file that went back cannot tell. Empty:
    /// none may be.</summary>
    public SortedDictionary<string, long> PossibleDouble { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Dataset → records that were captured and withdrawn (rule 36).</summary>
    public SortedDictionary<string, long> Withdrawn { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Rule → lines recognised as duplicates by it; their sum is <see cref="Duplicates"/>.</summary>
    public SortedDictionary<string, long> DuplicateRules { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Reason → lines that a redrive made records of; <see cref="Rejections"/> is net of them.</summary>
    public SortedDictionary<string, long> Redriven { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Counters of ingest that reject nothing, such as `bad-id`.</summary>
    public SortedDictionary<string, long> Notes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Dataset → the table as it was checked.</summary>
    public SortedDictionary<string, ReportedTable> Tables { get; init; } = new(StringComparer.Ordinal);

    public IReadOnlyList<ReportedShard> Shards { get; init; } = [];

    /// <summary>The receipt that the check began at; null: it began from nothing.</summary>
    public string? Since { get; init; }

    /// <summary>The receipt that was written of this check, where that was asked for and it was clean.</summary>
    public string? Receipt { get; init; }

    /// <summary>What a reader should know of the check itself, such as a receipt that was passed over.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>What was gone through, where the check was clean and saw a table.</summary>
    [JsonIgnore]
    public VerifiedThrough? Through { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, VerifyJson.Default.VerifyReport);
}

/// <summary>Frames, records, and the sum of the records' keyed hashes as 32 hex digits.</summary>
public sealed record Amount(long Frames, long Records, string Hash);

/// <summary>Captures of one shard, both ends inclusive, and how many records of the dataset they hold where that is known.</summary>
public sealed record ReportedRange(string Dataset, string Shard, long From, long To, long? Records = null);

/// <summary>An object by its name in its store (a folder ends with '/'), and what is wrong with it or what says that it must be
/// there.</summary>
public sealed record ReportedObject(string Object, string Why);

public sealed record ReportedFork(string Shard, long From, string Reason);

/// <summary>
/// What may have been lost or doubled at a source, where no stored data can tell: pushes without a key, pushes refused for their number,
/// files shortened in place.
/// </summary>
public sealed record PossibleLoss(long Unkeyed, long PushGaps = 0, long Truncated = 0)
{
    /// <summary>Pushes refused because their sequence had another body.</summary>
    public long PushOtherBodies { get; init; }
    /// <summary>Files that were edited in place.</summary>
    public long Edited { get; init; }
}

/// <summary>A table at the version that was checked: live files, their rows by the log, and by Parquet itself where the check was deep
/// (null: not read), objects that no live file names.</summary>
public sealed record ReportedTable(long Version, long Files, long Bytes, long Rows, long? ReadRows, string? ReadHash, long Unreferenced);

/// <summary>A shard's captures: the first and last that stand, how many were read, and how many snapshots were compared with the
/// fold.</summary>
public sealed record ReportedShard(string Shard, long? First, long? Head, long Captures, long Snapshots);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(VerifyReport))]
internal sealed partial class VerifyJson : JsonSerializerContext;
