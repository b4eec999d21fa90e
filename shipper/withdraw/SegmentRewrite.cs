using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Shipper.Withdraw;

/// <summary>A segment, with the rows that Parquet has, and what stands in its place; null: nothing of it is left.</summary>
internal sealed record RewrittenSegment(SegmentFile Input, SegmentFile? Output);

/// <summary>
/// Writes one segment again without withdrawn rows: 1 read it, and find those that go — 2 put what is left — 3 read that back and compare
/// the sums. Memory: one batch and the compressed segment.
/// </summary>
internal sealed class SegmentRewrite(TableLog log, RowHash hash, Action<StoreException>? waiting)
{
    private readonly StoreRetry _retry = new(log.Time, waiting);

    /// <summary>Takes what it finds off <paramref name="rows"/>. Null: it holds none of them.</summary>
    /// <exception cref="DifferenceException">The segment is gone, is damaged, or holds other rows than the log says.</exception>
    public async Task<RewrittenSegment?> RunAsync(SegmentFile file, WithdrawnRows rows, CancellationToken cancel)
    {
        using var writer = new SegmentWriter(log.Contract, file.Date, new SegmentLabel(log.CaptureStore, log.KeyId, log.Contract.Sha256, [],
            [file.Path]));
        // 1
        var (before, gone, left) = await _retry.UntilAnsweredAsync(() => ReadAsync(file, rows, cancel), cancel);
        if (file.Rows >= 0 && before.Rows != file.Rows)
        {
            throw Differs(file, $"it holds {before.Rows} rows, the log says {file.Rows}");
        }
        if (gone.Rows == 0)
        {
            return null;
        }
        var input = file with { Rows = before.Rows };
        if (gone.Rows == before.Rows)
        {
            rows.Found(file.Date, left);
            return new(input, null);
        }
        // 2
        var search = rows.Search(file.Date);
        await foreach (var batch in (await OpenAsync(file, cancel)).ReadAsync(cancel))
        {
            writer.Add(Kept(batch, search));
        }
        var bytes = writer.Finish();
        var output = writer.Describe(SegmentFile.NewPath(file.Date, log.NewId()));
        await _retry.PutAsync(log.Store, TableNames.Segment(log.Contract.Dataset, output.Path), bytes, cancel);
        // 3
        var after = await _retry.UntilAnsweredAsync(() => SumsAsync(output, cancel), cancel);
        if (after != before - gone)
        {
            throw Differs(file, $"{before.Rows} rows went in, {gone.Rows} are withdrawn, {after.Rows} came out, or their sums differ");
        }
        rows.Found(file.Date, left);
        return new(input, output);
    }

    private async Task<(Sums Before, Sums Gone, Dictionary<UInt128, int> Left)> ReadAsync(SegmentFile file, WithdrawnRows rows,
        CancellationToken cancel)
    {
        var (before, gone, left) = (Sums.Zero, Sums.Zero, rows.Search(file.Date));
        await foreach (var batch in (await OpenAsync(file, cancel)).ReadAsync(cancel))
        {
            foreach (var one in hash.Each(batch))
            {
                before += new Sums(1, one);
                if (Take(left, one))
                {
                    gone += new Sums(1, one);
                }
            }
        }
        return (before, gone, left);
    }

    private Columns Kept(Columns batch, Dictionary<UInt128, int> left)
    {
        var kept = new Columns(log.Contract, Math.Max(1, batch.Rows));
        var each = hash.Each(batch);
        for (var row = 0; row < batch.Rows; row++)
        {
            if (!Take(left, each[row]))
            {
                kept.AddRowOf(batch, row);
            }
        }
        return kept;
    }

    private static bool Take(Dictionary<UInt128, int> left, UInt128 one)
    {
        if (!left.TryGetValue(one, out var count))
        {
            return false;
        }
        if (count > 1)
        {
            left[one] = count - 1;
        }
        else
        {
            left.Remove(one);
        }
        return true;
    }

    private async Task<Sums> SumsAsync(SegmentFile file, CancellationToken cancel)
    {
        var sums = Sums.Zero;
        await foreach (var batch in (await OpenAsync(file, cancel)).ReadAsync(cancel))
        {
            sums += hash.Of(batch);
        }
        return sums;
    }

    private async Task<SegmentReader> OpenAsync(SegmentFile file, CancellationToken cancel) =>
        await SegmentReader.OpenAsync(log.Store, TableNames.Segment(log.Contract.Dataset, file.Path), log.Contract, file.Size, cancel)
        ?? throw Differs(file, "it is in the log and not in the store");

    private DifferenceException Differs(SegmentFile file, string what) =>
        new($"{log.Where}, date {file.Date}: segment {file.Path} was not rewritten: {what}. The table is as it was; run "
            + "`pipeline verify --deep`.");
}
