using Pipeline.Core.Captures;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table.Fold;

/// <summary>Frames and the sums of their rows.</summary>
public readonly record struct Tally(long Frames, Sums Sums)
{
    public static Tally operator +(Tally a, Tally b) => new(a.Frames + b.Frames, a.Sums + b.Sums);

    public static Tally operator -(Tally a, Tally b) => new(a.Frames - b.Frames, a.Sums - b.Sums);
}

/// <summary>What one commit says that it took of one shard.</summary>
public readonly record struct ShippedRange(long From, long To, Tally Tally, long Version, ShippedLink? Link);
