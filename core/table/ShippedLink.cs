using Pipeline.Core.Captures;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table;

/// <summary>A link as the table's log keeps it in two `txn` (rule 22): the capture's number and 63 bits of its hash.</summary>
public readonly record struct ShippedLink(long Number, long Bits63)
{
    public static ShippedLink From(Link link) => new(link.Number, link.Hash.Bits63);

    public bool Matches(Link link) => this == From(link);

    public override string ToString() => $"{Number}:{Bits63:x16}";
}

/// <summary>What a commit took from one shard: its captures (both ends inclusive), how many of them had a frame of the dataset, and the
/// sums of their rows (rule 27).</summary>
public sealed record ShardTotal(string Shard, CaptureRange Range, long Frames, Sums Sums);

/// <summary>What a commit brought to one date (rule 27).</summary>
public sealed record DateTotal(UtcDay Date, Sums Sums);
