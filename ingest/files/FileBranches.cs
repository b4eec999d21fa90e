using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Files;

/// <summary>Whether, and where, a file parts from one that was read. Pure: <see cref="FileContent"/> answers for the file.</summary>
internal static class FileBranches
{
    /// <summary>
    /// 1 The last check that the file still has says up to where it is as it was read. 2 A later check that is found elsewhere behind it
    /// says that the file was edited, and goes on there.
    /// 3 What lies between there and the next check cannot be told from what was captured. Null: nothing but the first line is the same.
    /// </summary>
    public static BranchPoint? Find(string identity, FileCursor cursor, FileContent content)
    {
        // What lies within the first line says no more than the fingerprint does.
        var known = (cursor.Checks ?? []).Where(check => check.Offset > content.FirstLineEnd).ToList();
        var same = known.Where(check => content.Has(check)).ToList();
        var from = same.Count == 0 ? 0 : same[^1].Offset;
        var later = known.Where(check => check.Offset > from).ToList();
        var moved = content.Search(Math.Max(from, content.FirstLineEnd), [.. later.Select(check => check.Hash)]);
        for (var at = later.Count - 1; at >= 0; at--)
        {
            if (moved.TryGetValue(later[at].Hash, out var places))
            {
                return Edited(identity, later, at, places, same, content);
            }
        }
        return from == 0 ? null : new BranchPoint(identity, from, later.Count == 0 ? null : later[0].Offset, false, same, later.Count > 0
            && !content.Reaches(later[0].Offset));
    }

    /// <summary>How far a line may have moved that is looked for in a file whose first line was changed.</summary>
    private const int MostMoved = 64 * 1024;

    /// <summary>The same of a file whose first line is another, and which has the name of one that was read: looked for only near where
    /// that was read to, since nearly all such files are new.</summary>
    public static BranchPoint? FindMoved(string identity, FileCursor cursor, FileContent content)
    {
        var known = (cursor.Checks ?? []).Where(check => check.Offset > content.FirstLineEnd).ToList();
        var same = known.Where(check => content.Has(check)).ToList();
        if (known.Count == 0 || same.Count == known.Count)
        {
            return known.Count == 0 ? null : new BranchPoint(identity, cursor.Offset, null, true, same, false);
        }
        var last = known.TakeLast(3).ToList();
        var moved = content.Search(Math.Max(0, last[0].Offset - MostMoved), [.. last.Select(check => check.Hash)], last[^1].Offset
            + MostMoved);
        var at = last.FindLastIndex(check => moved.ContainsKey(check.Hash));
        return at < 0 ? null : Edited(identity, last, at, moved[last[at].Hash], [], content);
    }

    /// <summary>A file of which nothing but the first line is that of files that were read: what lies before their first checks may be
    /// theirs.</summary>
    public static BranchPoint FirstLine(IReadOnlyList<(string Identity, FileCursor Cursor)> known, FileContent content)
    {
        var (of, doubt) =
            known.Select(k => (k.Identity, (k.Cursor.Checks ?? []).Select(check => check.Offset)
            .FirstOrDefault(offset => offset > content.FirstLineEnd, k.Cursor.Offset))).MaxBy(k => k.Item2);
        return new BranchPoint(of, 0, doubt, false, [], !content.Reaches(doubt));
    }

    /// <summary>Where the check is found more than once, the file repeats itself, and no place can be told to be the one: all that follows
    /// the first is in doubt.</summary>
    private static BranchPoint Edited(string identity, List<EarlierCheck> later, int at, (long First, long Last) places,
        List<EarlierCheck> same, FileContent content)
    {
        var next = at + 1 < later.Count ? later[at + 1].Offset - later[at].Offset + places.First : places.First;
        var doubt = places.Last > places.First ? content.Length : next;
        return new BranchPoint(identity, places.First, doubt > places.First ? doubt : null, true, same, false);
    }
}
