using Pipeline.Core.Captures;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Core.Table.Log;

/// <summary>
/// What an entry of the log is for. <see cref="Foreign"/> is every entry that this program did not write. <see cref="Repair"/> brings
/// records of captures at or below
/// what is shipped, which no commit in force lists, and moves nothing. <see cref="Withdraw"/> takes records away: its totals are negative.
/// </summary>
public enum CommitKind { Foreign, Create, Ship, Compact, Repair, Withdraw }

/// <summary>A file that an entry took out of the table. With <see cref="DataChange"/> rows went with it; without, other files of the table
/// hold them.</summary>
public sealed record RemovedFile(string Path, bool DataChange, long DeletionTime);

/// <summary>One entry of a table's log as it stands in the store: of ours with its totals, or another engine's.</summary>
public sealed record TableCommit
{
    public required long Version { get; init; }

    /// <summary>Of the entry's bytes: what the next entry of ours names.</summary>
    public required Sha256 Hash { get; init; }

    public CommitKind Kind { get; init; }

    /// <summary>The version of our part of the entry: from 2 on it carries a check. 0 for another engine's.</summary>
    public int Format { get; init; }

    /// <summary>Why it was sealed: size, age, start, final, stop. Empty for another engine's.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Random, so that the bytes of two committers are never equal.</summary>
    public string Id { get; init; } = "";

    /// <summary>The sha256 of the entry below; null for entry 0 and for another engine's.</summary>
    public Sha256? Below { get; init; }

    public string Store { get; init; } = "";

    public string KeyId { get; init; } = "";

    public string Contract { get; init; } = "";

    public string Engine { get; init; } = "";

    public string Operation { get; init; } = "";

    /// <summary>By the committer's clock, for people; no rule reads it.</summary>
    public DateTimeOffset? Time { get; init; }

    public IReadOnlyList<ShardTotal> Shards { get; init; } = [];

    public IReadOnlyList<DateTotal> Dates { get; init; } = [];

    public IReadOnlyList<SegmentFile> Added { get; init; } = [];

    public IReadOnlyList<RemovedFile> Removed { get; init; } = [];

    /// <summary>Every `txn` of the entry: application id → version.</summary>
    public IReadOnlyDictionary<string, long> Txn { get; init; } = new Dictionary<string, long>();

    /// <summary>The capture of this shard whose withdrawal the entry carries out; null: none (rule 36).</summary>
    public long? WithdrawalOf(string shard) => Kind == CommitKind.Withdraw
        && Txn.TryGetValue(TableNames.TxnWithdrawn + shard, out var number) ? number : null;

    /// <summary>The shipped links that the entry sets.</summary>
    public IReadOnlyDictionary<string, ShippedLink> Shipped { get; init; } = new Dictionary<string, ShippedLink>();

    public TableMetadata? Metadata { get; init; }

    public TableProtocol? Protocol { get; init; }

    /// <summary>Whether rows came or went: a rewrite by compaction or by a foreign `OPTIMIZE` is no change of data.</summary>
    public bool DataChange { get; init; }

    public bool Foreign => Kind == CommitKind.Foreign;
}
