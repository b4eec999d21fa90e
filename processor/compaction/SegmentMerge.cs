using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Compaction;

/// <summary>A group whose output is in the store, read back and found equal, and not yet in the log.</summary>
/// <param name="Inputs">With the rows that Parquet has, where the log did not tell.</param>
internal sealed record MergedGroup(CompactionGroup Group, IReadOnlyList<SegmentFile> Inputs, IReadOnlyList<SegmentFile> Outputs, Sums Sums);

/// <summary>
/// Merges one group: 1 read the inputs, hash every row, sort a row group at a time — 2 compare with what the log says — 3 put the output —
/// 4 read it back from the store, hash again, compare.
/// Memory does not depend on the group: one row group of an input, one being sorted, one being written, and the compressed output.
/// </summary>
internal sealed class SegmentMerge(TableLog log, ReadOnlyMemory<byte> rowKey, Workers workers, CompactionPolicy policy, TimeProvider time,
    Action<StoreException>? waiting)
{
    private readonly RowSorter _sorter = new(log.Contract);

    /// <param name="declared">What the commits brought to the date, where the group is all of it.</param>
    /// <exception cref="PipelineException">3: an input is damaged or holds other rows than the log says, or the output other rows than the
    /// inputs. Nothing was committed.</exception>
    public async Task<MergedGroup> RunAsync(CompactionGroup group, Sums? declared, CancellationToken cancel)
    {
        using var hash = new RowHash(rowKey.Span);
        var label = new SegmentLabel(log.CaptureStore, log.KeyId, log.Contract.Sha256, [], [.. group.Inputs.Select(file => file.Path)]);
        var outputs = new List<SegmentFile>();
        var inputs = new List<SegmentFile>();
        var before = Sums.Zero;
        var writer = new SegmentWriter(log.Contract, group.Date, label);
        try
        {
            // 1
            foreach (var input in group.Inputs)
            {
                var found = new Dictionary<UtcDay, Sums>();
                await foreach (var batch in (await OpenAsync(input, "is in the log and not in the store", cancel)).ReadAsync(cancel))
                {
                    await workers.Run(() => { hash.AddByDay(batch, found); return true; });
                    for (var from = 0; from < batch.Rows;)
                    {
                        var start = from;
                        from += await workers.Run(() => Sort(batch, start, writer));
                        if (writer.EstimatedSize >= policy.TargetBytes)
                        {
                            outputs.Add(await PutAsync(writer, cancel));
                            writer.Dispose();
                            writer = new SegmentWriter(log.Contract, group.Date, label);
                        }
                    }
                }
                // 2
                var sums = OfDate(input, found);
                inputs.Add(input with { Rows = sums.Rows });
                before += sums;
            }
            if (declared is { } expected && expected != before)
            {
                throw Differs(group,
                    $"its files hold {before.Rows} rows with the sum {before.HashHex}, its commits brought {expected.Rows} with " +
                    $"{expected.HashHex}");
            }
            // 3
            await workers.Run(() => { Drain(writer); return true; });
            if (writer.Rows > 0)
            {
                outputs.Add(await PutAsync(writer, cancel));
            }
        }
        finally
        {
            writer.Dispose();
            _sorter.Clear();
        }
        // 4
        var after = Sums.Zero;
        foreach (var output in outputs)
        {
            after += await ReadBackAsync(output, hash, cancel);
        }
        return after == before ? new(group, inputs, outputs, after)
            : throw Differs(group, $"{before.Rows} rows went in with the sum {before.HashHex}, {after.Rows} came out with {after.HashHex}");
    }

    /// <summary>The rows and sum of one segment, all of which must be of its date.</summary>
    public async Task<Sums> ReadBackAsync(SegmentFile file, RowHash hash, CancellationToken cancel)
    {
        var found = new Dictionary<UtcDay, Sums>();
        await foreach (var batch in (await OpenAsync(file, "was there and is gone", cancel)).ReadAsync(cancel))
        {
            await workers.Run(() => { hash.AddByDay(batch, found); return true; });
        }
        return OfDate(file, found);
    }

    private int Sort(Columns batch, int from, SegmentWriter writer)
    {
        var taken = _sorter.Add(batch, from);
        if (_sorter.IsFull)
        {
            Drain(writer);
        }
        return taken;
    }

    private void Drain(SegmentWriter writer)
    {
        foreach (var sorted in _sorter.Drain())
        {
            writer.Add(sorted);
        }
    }

    private async Task<SegmentFile> PutAsync(SegmentWriter writer, CancellationToken cancel)
    {
        var bytes = await workers.Run(writer.Finish);
        var file = writer.Describe(SegmentFile.NewPath(writer.Date, log.NewId()));
        await Puts.UntilKnownAsync(log.Store, TableNames.Segment(log.Contract.Dataset, file.Path), bytes, time, waiting, cancel);
        return file;
    }

    private async Task<SegmentReader> OpenAsync(SegmentFile file, string absent, CancellationToken cancel) =>
        await SegmentReader.OpenAsync(log.Store, TableNames.Segment(log.Contract.Dataset, file.Path), log.Contract, file.Size, cancel)
        ?? throw new DifferenceException(
            $"{log.Where}, date {file.Date}: segment {file.Path} ({file.Rows} rows) {absent}. Restore it from a copy.");

    private Sums OfDate(SegmentFile file, Dictionary<UtcDay, Sums> found)
    {
        var all = Sums.Of(found.Values);
        var own = found.GetValueOrDefault(file.Date);
        return own != all
            ? throw new DifferenceException(
            $"{log.Where}: segment {file.Path} stands in the partition of {file.Date} and holds {all.Rows - own.Rows} rows of other " +
            $"dates. It was left as it is; run `pipeline verify --deep`.")
            : file.Rows >= 0 && all.Rows != file.Rows ? throw new DifferenceException(
                $"{log.Where}, date {file.Date}: segment {file.Path} holds {all.Rows} rows, the log says {file.Rows}. It was left as it " +
                $"is; run `pipeline verify --deep`.")
            : all;
    }

    private DifferenceException Differs(CompactionGroup group, string what) =>
        new($"{log.Where}, date {group.Date}: {group.Inputs.Count} segments were not merged: {what}. The table is as it was; run " +
            $"`pipeline verify --deep`.");
}
