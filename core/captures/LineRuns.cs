namespace Pipeline.Core.Captures;

/// <summary>Sets of physical lines as runs in order. Pure.</summary>
public static class LineRuns
{
    /// <summary>The lines of a that are not of b; the reason and read of a stay.</summary>
    public static IReadOnlyList<RejectedLines> Without(IReadOnlyList<RejectedLines> a, IReadOnlyList<RejectedLines> b)
    {
        var left = new List<RejectedLines>();
        var at = 0;
        foreach (var run in a)
        {
            var (first, end) = (run.FirstLine, run.FirstLine + run.Count);
            while (at < b.Count && b[at].FirstLine + b[at].Count <= first)
            {
                at++;
            }
            for (var i = at; i < b.Count && b[i].FirstLine < end; i++)
            {
                if (b[i].FirstLine > first)
                {
                    left.Add(run with { FirstLine = first, Count = b[i].FirstLine - first });
                }
                first = Math.Max(first, b[i].FirstLine + b[i].Count);
            }
            if (first < end)
            {
                left.Add(run with { FirstLine = first, Count = end - first });
            }
        }
        return left;
    }

    /// <summary>Both sets as one; neighbours are joined.</summary>
    public static IReadOnlyList<RejectedLines> With(IReadOnlyList<RejectedLines> a, IEnumerable<long> lines, string reason)
    {
        var joined = new List<RejectedLines>();
        foreach (var run in a.Concat(lines.Select(line => new RejectedLines(0, reason, line, 1))).OrderBy(run => run.FirstLine))
        {
            if (joined.Count > 0 && joined[^1].FirstLine + joined[^1].Count == run.FirstLine)
            {
                joined[^1] = joined[^1] with { Count = joined[^1].Count + run.Count };
            }
            else
            {
                joined.Add(run with { Read = 0, Reason = reason });
            }
        }
        return joined;
    }
}
