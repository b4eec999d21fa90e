using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Shipper.Seal;

/// <summary>
/// Frames → segments: rows go to a segment of their own UTC date. Dates are written in passes of bounded rows, so that memory does not
/// depend on how many dates
/// or rows a seal has; a pass decodes only the frames that have a date of it. What was decoded is hashed again and must equal the frames'
/// sums.
/// </summary>
public sealed class Sealer(
    TableLog log, ReadOnlyMemory<byte> rowKey, Workers workers, SemaphoreSlim slots, TimeProvider time,
    Action<StoreException>? waiting = null)
{
    private readonly Contract _contract = log.Contract;

    /// <summary>A pass of one date may have more.</summary>
    internal const long PassRows = 1 << 19;

    /// <summary>Writes the segments, durably, and returns them with the rows and sums of each date.</summary>
    /// <param name="ranges">Capture ranges that the pending commit will mark as shipped: proof that a segment which no commit names is
    /// void, once shipped has
    /// passed into them (rule 23). Empty where it marks nothing, as a repair.</param>
    /// <exception cref="PipelineException">3: a frame does not hold what its capture says.</exception>
    public async Task<(IReadOnlyList<SegmentFile> Segments, IReadOnlyList<DateTotal> Dates)> WriteAsync(IReadOnlyList<TakenFrame> frames,
        IReadOnlyList<SegmentRange> ranges, CancellationToken cancel)
    {
        var dates = DateTotals(frames);
        var label = SegmentLabel.Of(log.CaptureStore, log.KeyId, _contract.Sha256, ranges).Encode();
        var passes = Passes(dates).Select(async pass =>
        {
            await slots.WaitAsync(cancel);
            try
            {
                return await WriteAsync(frames, pass, label, cancel);
            }
            finally
            {
                slots.Release();
            }
        }).ToList();
        return ([.. (await Task.WhenAll(passes)).SelectMany(files => files)], dates);
    }

    /// <summary>
    /// Which of the frames do not hold what their captures declare, by shard: each is decoded by itself. For when a seal found that some do
    /// not.
    /// </summary>
    public Task<List<(string Shard, CorruptException Why)>> DamagedAsync(IReadOnlyList<TakenFrame> frames) => workers.Run(() =>
    {
        using var hash = new RowHash(rowKey.Span);
        var damaged = new List<(string Shard, CorruptException Why)>();
        foreach (var frame in frames)
        {
            if (FrameFault.Of(_contract, frame, hash) is { } why)
            {
                damaged.Add((frame.Shard, why));
            }
        }
        return damaged;
    });

    /// <summary>What a seal takes of each shard: from the capture after what was shipped, to the last one taken (rule 27).</summary>
    public static IReadOnlyList<ShardTotal> Shards(IReadOnlyList<TakenFrame> frames, TableState table) =>
        [.. frames.GroupBy(f => f.Shard).Select(g => new ShardTotal(
            g.Key,
            new CaptureRange(table.Shipped.TryGetValue(g.Key, out var shipped) ? shipped.Number + 1 : 0, g.Max(f => f.Link.Number)),
            g.Count(),
            Sums.Of(g.Select(f => f.Sums))))];

    private static List<DateTotal> DateTotals(IReadOnlyList<TakenFrame> frames)
    {
        var days = new SortedDictionary<UtcDay, Sums>();
        foreach (var (day, sums) in frames.SelectMany(f => f.Dates))
        {
            days[day] = days.GetValueOrDefault(day) + sums;
        }
        return [.. days.Select(d => new DateTotal(d.Key, d.Value))];
    }

    private static IEnumerable<List<DateTotal>> Passes(IReadOnlyList<DateTotal> dates)
    {
        var pass = new List<DateTotal>();
        long rows = 0;
        foreach (var date in dates)
        {
            if (pass.Count > 0 && rows + date.Sums.Rows > PassRows)
            {
                yield return pass;
                (pass, rows) = ([], 0);
            }
            pass.Add(date);
            rows += date.Sums.Rows;
        }
        yield return pass;
    }

    /// <summary>What is made is put before more is made, so that a pass of thousands of dates holds a few megabytes of files.</summary>
    private async Task<List<SegmentFile>> WriteAsync(IReadOnlyList<TakenFrame> frames, List<DateTotal> dates, byte[] label,
        CancellationToken cancel)
    {
        using var pass = new SealPass(_contract, dates, label, log.NewId);
        await workers.Run(() =>
        {
            using var hash = new RowHash(rowKey.Span);
            pass.Read(frames, hash);
            return true;
        });
        var files = new List<SegmentFile>();
        while (await workers.Run(pass.Write) is { Count: > 0 } written)
        {
            foreach (var (file, bytes) in written)
            {
                await Puts.UntilKnownAsync(log.Store, TableNames.Segment(_contract.Dataset, file.Path), bytes, time, waiting, cancel);
                files.Add(file);
            }
        }
        return files;
    }
}
