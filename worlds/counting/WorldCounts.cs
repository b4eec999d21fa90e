namespace Pipeline.Worlds.Counting;

/// <summary>The truth about one window.</summary>
/// <param name="Start">The UTC day it begins on, counted from 1970-01-01.</param>
/// <param name="Active">Installs that made one check or more in it, in the log or lost.</param>
/// <param name="ByVersion">The same by the version of the install's last check in it; indices of the world's versions.</param>
public sealed record WindowTruth(int Start, int Active, IReadOnlyList<int> ByVersion);

/// <summary>What is true of a world, gathered while it runs: a window is complete when the world is over or past it.</summary>
public sealed class WorldCounts
{
    private static readonly int[] Lengths = [1, 7, 28];

    private readonly SortedDictionary<int, int[]>[] _windows = [[], [], []];
    private readonly int _versions;

    internal WorldCounts(int versions) => _versions = versions;

    /// <summary>Requests in the log, by kind.</summary>
    public long[] Requests { get; } = new long[Enum.GetValues<CheckKind>().Length];

    /// <summary>Requests that were made while there was no log.</summary>
    public long Lost { get; internal set; }

    /// <summary>Installs that were born, those of the first day among them.</summary>
    public int Born { get; internal set; }

    /// <summary>Checks by timer whose check 24 hours before came from the same key, and all checks by timer.</summary>
    public long SameKey { get; internal set; }

    public long Successors { get; internal set; }

    /// <summary>Windows of 1, 7 or 28 days in time order. Those of 7 begin on Mondays; those of 28 are counted from Monday
    /// 1970-01-05.</summary>
    public IReadOnlyList<WindowTruth> Windows(int length) =>
        [.. _windows[KindOf(length)].Select(w => new WindowTruth(4 + w.Key * length, w.Value.Sum(), w.Value))];

    private static int KindOf(int length) => Array.IndexOf(Lengths, length) is >= 0 and var kind ? kind
        : throw new ArgumentOutOfRangeException(nameof(length), length, "expected 1, 7 or 28 days");

    internal void See(Installation install, long micros)
    {
        for (var kind = 0; kind < Lengths.Length; kind++)
        {
            var window = (int)(micros / Calendar.Day - 4) / Lengths[kind];
            ref var seen = ref install.Seen[kind];
            if (seen.Window == window && seen.Version == install.Version)
            {
                continue;
            }
            if (!_windows[kind].TryGetValue(window, out var counts))
            {
                _windows[kind][window] = counts = new int[_versions];
            }
            if (seen.Window == window)
            {
                counts[seen.Version]--;
            }
            counts[install.Version]++;
            seen = new(window, install.Version);
        }
    }
}
