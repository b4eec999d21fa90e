using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;

namespace Pipeline.Core.Table;

/// <summary>
/// Frames → segments: rows go to a segment of their own UTC date. Dates are written in passes of bounded rows, so that memory does not depend on how many dates
/// or rows a seal has; a pass decodes only the frames that have a date of it. What was decoded is hashed again and must equal the frames' sums.
/// </summary>
public sealed class Sealer(Contract contract, IObjectStore store, string tableFolder, string captureStore, string kid, ReadOnlyMemory<byte> rowKey, Workers workers, SemaphoreSlim slots, TimeProvider time, Action<StoreException>? waiting = null)
{
    private const long PassRows = 1 << 20;
    private const int PassDates = 256;
    private const long SegmentRows = 4 << 20;

    /// <summary>Writes the segments, durably, and returns them with the rows and sums of each date.</summary>
    /// <param name="isAboveShipped">False of a repair: its segments name no captures, because ranges below what is shipped would make them look void while their commit is still to come (rule 23).</param>
    /// <exception cref="PipelineException">3: a frame does not hold what its capture says.</exception>
    public async Task<(IReadOnlyList<SegmentFile> Segments, IReadOnlyList<DateMarginal> Dates)> WriteAsync(IReadOnlyList<TakenFrame> frames, IReadOnlyList<ShardMarginal> shards, CancellationToken cancel, bool isAboveShipped = true)
    {
        var dates = Marginals(frames);
        var label = new SegmentLabel(captureStore, kid, contract.Sha256, isAboveShipped ? [.. shards.Select(s => new SegmentRange(s.Shard, s.Range.From, s.Range.To))] : []);
        var passes = Passes(dates).Select(async pass =>
        {
            await slots.WaitAsync(cancel);
            try
            {
                var written = await workers.Run(() => Build(frames, pass, label));
                foreach (var (file, bytes) in written)
                {
                    await Puts.UntilKnownAsync(store, tableFolder + file.Path, bytes, time, waiting, cancel);
                }
                return written.Select(w => w.File).ToList();
            }
            finally
            {
                slots.Release();
            }
        }).ToList();
        return ([.. (await Task.WhenAll(passes)).SelectMany(files => files)], dates);
    }

    /// <summary>What a seal takes of each shard: from the capture after what was shipped, to the last one taken (rule 27).</summary>
    public static IReadOnlyList<ShardMarginal> Shards(IReadOnlyList<TakenFrame> frames, TableState table) =>
        [.. frames.GroupBy(f => f.Shard).Select(g => new ShardMarginal(
            g.Key,
            new CaptureRange(table.Shipped.TryGetValue(g.Key, out var shipped) ? shipped.Number + 1 : 0, g.Max(f => f.Link.Number)),
            g.Count(),
            Sums.Of(g.Select(f => f.Entry.Sums))))];

    private static List<DateMarginal> Marginals(IReadOnlyList<TakenFrame> frames)
    {
        var days = new SortedDictionary<UtcDay, Sums>();
        foreach (var (date, sums) in frames.SelectMany(f => f.Entry.Dates))
        {
            var day = UtcDay.Parse(date);
            days[day] = days.GetValueOrDefault(day) + sums.Sums;
        }
        return [.. days.Select(d => new DateMarginal(d.Key, d.Value))];
    }

    private static IEnumerable<List<DateMarginal>> Passes(IReadOnlyList<DateMarginal> dates)
    {
        var pass = new List<DateMarginal>();
        long rows = 0;
        foreach (var date in dates)
        {
            if (pass.Count > 0 && (rows + date.Sums.Rows > PassRows || pass.Count == PassDates))
            {
                yield return pass;
                (pass, rows) = ([], 0);
            }
            pass.Add(date);
            rows += date.Sums.Rows;
        }
        yield return pass;
    }

    private List<(SegmentFile File, ReadOnlyMemory<byte> Bytes)> Build(IReadOnlyList<TakenFrame> frames, List<DateMarginal> pass, SegmentLabel label)
    {
        var done = new List<(SegmentFile, ReadOnlyMemory<byte>)>();
        var writers = pass.ToDictionary(d => d.Date, d => new SegmentWriter(contract, d.Date, label));
        var sums = new Dictionary<UtcDay, Sums>();
        using var hash = new RowHash(rowKey.Span);
        try
        {
            foreach (var frame in frames.Where(f => f.Entry.Dates.Keys.Any(date => writers.ContainsKey(UtcDay.Parse(date)))))
            {
                foreach (var batch in Decode(frame))
                {
                    hash.AddByDay(batch, sums);
                    Distribute(batch, writers, label, done);
                }
            }
            foreach (var date in pass)
            {
                if (sums.GetValueOrDefault(date.Date) != date.Sums)
                {
                    throw new PipelineException(ExitCode.Difference,
                        $"dataset {contract.Dataset}, date {date.Date}: the frames hold {sums.GetValueOrDefault(date.Date).Rows} rows whose sum is not the {date.Sums.Rows} rows that their captures declare. Nothing was committed; run `pipeline verify` to name the captures.");
                }
                Finish(writers[date.Date], done);
            }
            return done;
        }
        finally
        {
            foreach (var writer in writers.Values)
            {
                writer.Dispose();
            }
        }
    }

    private IEnumerable<Columns> Decode(TakenFrame frame)
    {
        using var batches = FrameDecoder.Decode(contract, frame.Bytes, frame.Entry.Rows).GetEnumerator();
        while (true)
        {
            try
            {
                if (!batches.MoveNext())
                {
                    yield break;
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // The reader's message could hold bytes of a row: only its type is told.
                throw new PipelineException(ExitCode.Difference, $"shard {frame.Shard}, capture {frame.Link.Number}: its frame of {contract.Dataset} cannot be decoded ({e.GetType().Name}). Nothing was committed; restore the capture.");
            }
            yield return batches.Current;
        }
    }

    /// <summary>Gives each run of rows of one date to that date's segment; dates of other passes are skipped.</summary>
    private void Distribute(Columns batch, Dictionary<UtcDay, SegmentWriter> writers, SegmentLabel label, List<(SegmentFile, ReadOnlyMemory<byte>)> done)
    {
        var time = batch.Time;
        for (var from = 0; from < batch.Rows;)
        {
            var day = UtcDay.Of(time[from]);
            var (first, end) = (day.Number * UtcDay.MicrosPerDay, (day.Number + 1) * UtcDay.MicrosPerDay);
            var to = from + 1;
            while (to < batch.Rows && time[to] >= first && time[to] < end)
            {
                to++;
            }
            if (writers.TryGetValue(day, out var writer))
            {
                if (writer.Rows + (to - from) > SegmentRows)
                {
                    Finish(writer, done);
                    writer.Dispose();
                    writers[day] = writer = new SegmentWriter(contract, day, label);
                }
                writer.Add(batch, from, to - from);
            }
            from = to;
        }
    }

    private static void Finish(SegmentWriter writer, List<(SegmentFile, ReadOnlyMemory<byte>)> done)
    {
        var bytes = writer.Finish();
        done.Add((writer.Describe(SegmentFile.NewPath(writer.Date)), bytes));
    }
}
