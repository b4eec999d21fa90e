using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Compaction;

/// <summary>What is small, and how much is merged into one segment.</summary>
/// <param name="TargetRows">An output has at most about this many rows; a file of fewer than half of them is small. 2 to 64 Mi.</param>
/// <param name="TargetBytes">An output is closed when it is estimated at this many bytes; a file of at least half of them is not small.
/// Bytes; memory follows it, because a segment is put in one piece.</param>
/// <param name="MinFiles">Fewer small files than this are left alone. At least 2. Larger: rows are rewritten less often, and more small
/// files stand about.</param>
/// <param name="MaxFiles">The most inputs of one output: their names stand in its footer and in the commit.</param>
public sealed record CompactionPolicy(long TargetRows = 8 << 20, long TargetBytes = 48 << 20, int MinFiles = 2, int MaxFiles = 512)
{
    /// <summary>For a service that looks every hour: rows of the running day are rewritten only when there is something to gain.</summary>
    public static readonly CompactionPolicy Hosted = new(MinFiles: 8);

    public bool IsSmall(SegmentFile file) => RowsOf(file) < TargetRows / 2 && file.Size < TargetBytes / 2;

    /// <summary>Where another engine's entry does not tell the rows, the most rows that a file of this size may hold.</summary>
    internal static long RowsOf(SegmentFile file) => file.Rows >= 0 ? file.Rows : file.Size / 2;
}
