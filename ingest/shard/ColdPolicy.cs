using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Shard;

/// <summary>
/// When files and retired streams leave a shard's state, so that its snapshots stay small. Another program may have other limits: the
/// capture says what goes, and the fold follows it. Sizes are of the state's JSON, as estimated by <see cref="SizeOf"/>.
/// </summary>
public sealed record ColdPolicy
{
    /// <summary>It is looked at after every so many captures.</summary>
    public int Every { get; init; } = 16;

    /// <summary>From this size on a state knows which capture read each file last.</summary>
    public long Begin { get; init; } = 128 * 1024;

    /// <summary>Files above this size go, the one that was read longest ago first, until <see cref="Low"/> is left.</summary>
    public long High { get; init; } = 512 * 1024;

    public long Low { get; init; } = 256 * 1024;

    /// <summary>A page is not made for less.</summary>
    public long Least { get; init; } = 192 * 1024;

    /// <summary>A file that was read by one of the last so many captures stays.</summary>
    public long Idle { get; init; } = 256;

    /// <summary>Above this size also a file that was read just now goes.</summary>
    public long Most { get; init; } = 8 << 20;

    /// <summary>Retired streams go when there are so many.</summary>
    public int Retired { get; init; } = 1_024;

    /// <summary>What goes cold with the capture that follows this state; null: nothing.</summary>
    public ColdMark? Decide(ShardState state)
    {
        if (state.Next % Every != Every - 1)
        {
            return null;
        }
        var size = state.Files.Sum(file => SizeOf(file.Key, file.Value));
        var retired = state.Streams.Count >= Retired ? state.Streams.Values.Count(stream => stream.IsRetired) : 0;
        if (state.Cold is null && size <= Begin && retired < Retired)
        {
            return null;
        }
        var below = size > High && state.Cold is not null ? Below(state, size) : 0;
        return below > 0 || retired >= Retired || state.Cold is null ? new ColdMark(below, retired >= Retired) : null;
    }

    /// <summary>The bytes that a file takes in a snapshot, about.</summary>
    public static long SizeOf(string key, FileCursor cursor) =>
        180 + key.Length + cursor.Source.Length + (cursor.Fields?.Length ?? 0) + 28L * (cursor.Checks?.Count ?? 0);

    private long Below(ShardState state, long size)
    {
        var ages = new SortedDictionary<long, long>();
        foreach (var (key, cursor) in state.Files)
        {
            var at = cursor.At ?? 0;
            ages[at] = ages.GetValueOrDefault(at) + SizeOf(key, cursor);
        }
        // Those that were read longest ago go while more than what may stay is left.
        var (idle, active) = (state.Next - Idle, ages.Where(age => age.Key > state.Next - Idle).Sum(age => age.Value));
        var (below, gone) = (0L, 0L);
        foreach (var (at, bytes) in ages)
        {
            if (size - gone <= Low || (at > idle && active <= Most))
            {
                break;
            }
            (below, gone) = (at + 1, gone + bytes);
        }
        return gone >= Least ? below : 0;
    }
}
