using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Installs;

/// <summary>Rows of the live segments of a table.</summary>
internal static class TableRows
{
    /// <exception cref="DifferenceException">The segment is in the log and gone from the store: no number is given then.</exception>
    public static async IAsyncEnumerable<Columns> ReadAsync(TableLog log, SegmentFile file,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        if (await SegmentReader.OpenAsync(log.Store, TableNames.Segment(log.Contract.Dataset, file.Path), log.Contract, file.Size,
            cancel) is not { } reader)
        {
            throw new DifferenceException(
                $"{log.Where}: segment {file.Path} ({file.Rows} rows of {file.Date}) is in the log and not in the store, so nothing can " +
                $"be counted. Restore it from a copy; `pipeline verify` names all that is gone.");
        }
        await foreach (var batch in reader.ReadAsync(cancel))
        {
            yield return batch;
        }
    }
}
