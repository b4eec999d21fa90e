using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;

namespace Pipeline.Processor.Compaction;

/// <summary>What compaction made of one date of one table: what was committed, or with a dry run what would be (then nothing is known of
/// the outputs).</summary>
public sealed record DateCompaction(string Date, int FilesBefore, long RowsBefore, long BytesBefore, int FilesAfter, long BytesAfter);

/// <summary>One table's compaction.</summary>
public sealed record CompactionReport(string Dataset, long Version)
{
    public IReadOnlyList<DateCompaction> Dates { get; init; } = [];

    public int Commits { get; init; }

    /// <summary>Groups that were made anew because another commit had taken an input away.</summary>
    public int Conflicts { get; init; }

    /// <summary>What could not be merged because it is not what the log says; it was left as it is.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];

    public long Rows => Dates.Sum(date => date.RowsBefore);

    /// <summary>What a plan would do.</summary>
    public static CompactionReport Of(CompactionPlan plan) => new(plan.Dataset, plan.Version)
    {
        Dates = [.. plan.Groups.GroupBy(group => group.Date).Select(date =>
            new DateCompaction(date.Key.ToString(), date.Sum(g => g.Inputs.Count), date.Sum(g => g.Rows), date.Sum(g => g.Bytes),
            date.Count(), 0))],
    };
}

/// <summary>What happens in a compaction, for operations. Names and numbers only.</summary>
public interface ICompactionEvents
{
    /// <summary>A commit replaced segments of these dates by others.</summary>
    void Compacted(string dataset, long version, int inputs, int outputs, long rows, long bytesBefore, long bytesAfter);

    /// <summary>Another commit removed inputs of this number of groups; they are planned again.</summary>
    void CompactionConflict(string dataset, long version, int groups);

    /// <summary>Segments of a date are not what the log says, and were left as they are.</summary>
    void NotCompacted(string dataset, UtcDay date, string why);

    /// <summary>Orphaned segments were deleted; the receipt says which.</summary>
    void OrphansRemoved(string dataset, int segments, long bytes, string receipt);

    /// <summary>The table is not what its log says: its compaction is stopped until the next start. Other tables go on.</summary>
    void CompactionStopped(string dataset, DifferenceException why) { }

    void Waiting(StoreException fault);
}
