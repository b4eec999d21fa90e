namespace Pipeline.Core.Captures;

/// <summary>
/// Which checks of a file are kept. In the last <see cref="Near"/> bytes before the position no two neighbours lie farther apart than
/// <see cref="Gap"/> says,
/// where lines are no longer than that; before it they thin out, and the first always stays. So a file that lost its end is read again from
/// little before the loss.
/// </summary>
public static class EarlierChecks
{
    /// <summary>The most checks that a cursor keeps before its own.</summary>
    public const int Most = 32;

    /// <summary>Bytes before the position in which checks are at most <see cref="Interval"/> apart.</summary>
    public const int Near = 128 * 1024;

    public const int Interval = 16 * 1024;

    private const int Finest = 1024;

    /// <summary>The bytes that may lie between a check and the one before it: as many as lie after it, 1 KiB at least,
    /// <see cref="Interval"/> at most.</summary>
    /// <param name="distance">Bytes from the later check to the position.</param>
    public static long Gap(long distance) => Math.Clamp(distance, Finest, Interval);

    /// <summary>The checks to keep of a file that was read to <paramref name="end"/>, in order of their offsets; that at the end is one of
    /// them.</summary>
    /// <param name="checks">In any order; one after the end is left out.</param>
    public static IReadOnlyList<EarlierCheck> Thin(IEnumerable<EarlierCheck> checks, long end)
    {
        var all = checks.Where(check => check.Offset > 0 && check.Offset <= end).DistinctBy(check => check.Offset)
            .OrderBy(check => check.Offset).ToList();
        ThinNear(all, end);
        while (all.Count > Most + 1)
        {
            all.RemoveAt(LeastNeeded(all, end));
        }
        return all;
    }

    /// <summary>The checks of a file after a read of it. Null where the read brings none, as of containers and of captures of earlier
    /// versions: then none are kept.</summary>
    /// <param name="before">The file's cursor before; null: the file is new.</param>
    public static IReadOnlyList<EarlierCheck>? After(FileCursor? before, ReadEntry read) => Join(before?.Checks, read.Checks, read.To);

    /// <summary>The checks of two reads, one after the other, as of one.</summary>
    public static IReadOnlyList<EarlierCheck>? Join(IReadOnlyList<EarlierCheck>? first, IReadOnlyList<EarlierCheck>? second, long end) =>
        second is null ? null : Thin([.. first ?? [], .. second], end);

    /// <summary>From the end backwards: a check is not needed where the one before it is near enough to the last that was kept.</summary>
    private static void ThinNear(List<EarlierCheck> all, long end)
    {
        var last = end;
        for (var at = all.Count - 1; at >= 0 && end - all[at].Offset <= Near; at--)
        {
            if (at > 0 && all[at].Offset < end && last - all[at - 1].Offset <= Gap(end - last))
            {
                all.RemoveAt(at);
            }
            else
            {
                last = all[at].Offset;
            }
        }
    }

    /// <summary>The check, other than the first and the near ones, without which the gap is smallest for its distance from the
    /// end.</summary>
    private static int LeastNeeded(List<EarlierCheck> all, long end)
    {
        var (least, found) = (double.MaxValue, 1);
        for (var at = 1; at < all.Count - 1 && end - all[at].Offset > Near; at++)
        {
            var gap = (all[at + 1].Offset - all[at - 1].Offset) / (double)(end - all[at - 1].Offset);
            if (gap < least)
            {
                (least, found) = (gap, at);
            }
        }
        return found;
    }
}
