using Pipeline.Core.Captures;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table.Fold;

/// <param name="Version">The log's newest entry that was folded, and its sha256.</param>
/// <param name="Files">Live files, and in <paramref name="Live"/> their fingerprint.</param>
/// <param name="Dates">Per UTC date, what the commits in force brought.</param>
public sealed record VerifiedTable(long Version, Sha256 Entry, long Files, string Live, SortedDictionary<string, DaySums> Dates,
    SortedDictionary<string, VerifiedLedger> Shards)
{
    /// <summary>Per shard, what withdrawals in force took away; absent where there is none.</summary>
    public SortedDictionary<string, DaySums>? Withdrawn { get; init; }
}

/// <summary>What is shipped of a shard, all that was taken of it, and the ranges that lie above the snapshot that was verified.</summary>
public sealed record VerifiedLedger(long ShippedTo, long Bits63, VerifiedTally Total, IReadOnlyList<VerifiedRange> Ranges);

public sealed record VerifiedRange(long From, long To, VerifiedTally Took, long Version, long? Bits63 = null);

public sealed record VerifiedTally(long Frames, long Rows, string Sum)
{
    internal Tally ToTally() => new(Frames, Sums.Parse(Rows, Sum));

    internal static VerifiedTally Of(Tally tally) => new(tally.Frames, tally.Sums.Rows, tally.Sums.HashHex);
}
