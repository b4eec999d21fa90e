using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Compaction;

/// <summary>Segments of one date that become one (more only where they outgrow the target's bytes).</summary>
/// <param name="WholeDate">Whether these are all live files of the date: then their sums can be compared with the commits' total.</param>
public sealed record CompactionGroup(UtcDay Date, IReadOnlyList<SegmentFile> Inputs, bool WholeDate)
{
    public long Rows => Inputs.Sum(CompactionPolicy.RowsOf);

    public long Bytes => Inputs.Sum(file => file.Size);
}

/// <summary>What a compaction would do to a table as it is at one version. A pure function of the state: the same state gives the same
/// plan, and what a plan made gives an empty one.</summary>
public sealed record CompactionPlan(string Dataset, long Version, IReadOnlyList<CompactionGroup> Groups)
{
    /// <param name="only">One date; null: all.</param>
    public static CompactionPlan Of(string dataset, TableState state, CompactionPolicy policy, UtcDay? only = null)
    {
        var groups = new List<CompactionGroup>();
        foreach (var date in state.Files.Values.Where(file => only is null || file.Date == only).GroupBy(file => file.Date)
            .OrderBy(files => files.Key))
        {
            var all = date.Count();
            // Neighbours in time are merged, so that large days keep segments that cover a part of the day. A name that no object can have
            // is another engine's affair.
            var small = date.Where(file => policy.IsSmall(file) && ObjectName.IsValid(TableNames.Segment(dataset, file.Path)))
                .OrderBy(file => file.MinTime).ThenBy(file => file.Size).ThenBy(file => file.Path, StringComparer.Ordinal).ToList();
            if (small.Count >= policy.MinFiles)
            {
                groups.AddRange(Cut(small, policy).Select(files => new CompactionGroup(date.Key, files, files.Count == all)));
            }
        }
        return new(dataset, state.Version, groups);
    }

    private static IEnumerable<List<SegmentFile>> Cut(List<SegmentFile> small, CompactionPolicy policy)
    {
        var group = new List<SegmentFile>();
        long rows = 0, bytes = 0;
        foreach (var file in small)
        {
            if (group.Count > 0 && (rows + CompactionPolicy.RowsOf(file) > policy.TargetRows || bytes + file.Size > policy.TargetBytes
                || group.Count == policy.MaxFiles))
            {
                // One alone has nothing to be merged with.
                if (group.Count > 1)
                {
                    yield return group;
                }
                (group, rows, bytes) = ([], 0, 0);
            }
            group.Add(file);
            rows += CompactionPolicy.RowsOf(file);
            bytes += file.Size;
        }
        if (group.Count > 1)
        {
            yield return group;
        }
    }
}
