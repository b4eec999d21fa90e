using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Repair;

/// <summary>
/// Brings records of captures at or below what is shipped that no commit in force lists: after a table was restored by an appended entry,
/// what is shipped stands where it stood, and the four cases
/// (rule 11) never offer those captures again. For each table: 1 fold the log, and say which of the captures asked for are listed — 2 prove
/// the captures by their chain up to a link that the table keeps —
/// 3 write segments, at most some 64 MiB of frames a commit — 4 commit, with the log as it was read: another repair, a shipment of the
/// shard or a restore in between, and all is decided anew from 1 —
/// 5 the receipt. Dying anywhere leaves at most segments that nothing names, or a commit without its receipt, which the next repair of the
/// range writes.
/// </summary>
/// <param name="sealer">Writes a table's segments.</param>
public sealed class Repairer(CaptureStore captures, IReadOnlyList<TableLog> tables, Func<TableLog, Sealer> sealer, TimeProvider time,
    Action<StoreException>? waiting = null)
{
    private const long MaxBytes = 64 << 20;

    /// <summary>What would be done; nothing is written.</summary>
    public async Task<RepairReport> PlanAsync(string shard, CaptureRange range, CancellationToken cancel = default)
    {
        var plans = new List<TableRepair>();
        foreach (var log in tables)
        {
            var ledger = await LedgerAsync(log, shard, cancel);
            var (wanted, chain) = await WantedAsync(log, ledger, shard, range, cancel);
            plans.Add(Describe(log, ledger, range, wanted, chain));
        }
        return new RepairReport(shard, range.From, range.To, true, plans);
    }

    /// <exception cref="PipelineException">3: captures are missing or are not what the table or later captures name, or the log is not
    /// whole. Nothing was changed in that table.</exception>
    public async Task<RepairReport> RunAsync(string shard, CaptureRange range, CancellationToken cancel = default)
    {
        // All of it is planned before any of it is done, so that a capture that is gone is named before a table was changed.
        await PlanAsync(shard, range, cancel);
        var done = new List<TableRepair>();
        foreach (var log in tables)
        {
            done.Add(await RunAsync(log, shard, range, cancel));
        }
        return new RepairReport(shard, range.From, range.To, false, done);
    }

    private async Task<TableRepair> RunAsync(TableLog log, string shard, CaptureRange range, CancellationToken cancel)
    {
        var sum = new TableRepair(log.Contract.Dataset, [], 0, 0, 0, 0, [], []);
        var listed = (long?)null;
        var prepared = new Dictionary<CaptureRange, Prepared>();
        while (true)
        {
            // 1
            var ledger = await LedgerAsync(log, shard, cancel);
            // 2
            var (wanted, chain) = await WantedAsync(log, ledger, shard, range, cancel);
            var plan = Describe(log, ledger, range, wanted, chain);
            listed ??= plan.Listed;
            if (wanted.Count == 0)
            {
                return sum with { Listed = listed.Value, Pending = plan.Pending, Receipts = await ReceiptsAsync(log, ledger, cancel) };
            }
            // 3
            var part = Part(wanted, chain!, log.Contract.Dataset);
            var key = new CaptureRange(part[0].From, part[^1].To);
            if (!prepared.TryGetValue(key, out var ready) || !ready.Parts.SequenceEqual(part))
            {
                prepared[key] = ready = await PrepareAsync(log, shard, part, chain!, cancel);
            }
            // 4
            var draft = new CommitDraft
            {
                Kind = CommitKind.Repair, Reason = "repair", ReadShipped = new Dictionary<string,
                    ShippedLink?> { [shard] = ledger.Ledger!.Shipped },
                Add = ready.Segments, Shards = ready.Shards, Dates = ready.Dates,
            };
            if (await new Committer(log, waiting).TryCommitAsync(ledger.State!, draft, cancel) is not CommitResult.Committed committed)
            {
                continue;
            }
            sum = sum with { Ranges = [.. sum.Ranges, .. part], Frames = sum.Frames + ready.Shards.Sum(s => s.Frames), Rows = sum.Rows
                + ready.Dates.Sum(d => d.Sums.Rows), Versions = [.. sum.Versions, committed.State.Version] };
        }
    }

    private static async Task<LogOfShard> LedgerAsync(TableLog log, string shard, CancellationToken cancel)
    {
        var state = await log.OpenAsync(cancel);
        if (state is null)
        {
            return new LogOfShard(null, null, []);
        }
        var restores = await LogOfShard.RestoresAsync(log, state.Version, cancel);
        return await LogOfShard.ReadAsync(log, state, shard, restores, cancel);
    }

    /// <summary>
    /// The runs of captures that no commit in force lists and that have a frame of the table, each from its first such capture to its last.
    /// </summary>
    private async Task<(List<CaptureRange> Wanted, ShardChain? Chain)> WantedAsync(TableLog log, LogOfShard read, string shard,
        CaptureRange range, CancellationToken cancel)
    {
        var free = read.Unlisted(range).ToList();
        if (free.Count == 0)
        {
            return ([], null);
        }
        // The lowest link at or above the last capture wanted; those in between are held against their captures too.
        var to = free[^1].To;
        var anchors = read.Links.Where(link => link.Number >= free[0].From).OrderBy(link => link.Number).ToList();
        anchors = [.. anchors.TakeWhile(link => link.Number < to), anchors.First(link => link.Number >= to)];
        var chain = await ShardChain.ReadAsync(captures, shard, free[0].From, anchors, cancel);
        var wanted = new List<CaptureRange>();
        foreach (var run in free)
        {
            // Captures without records at either end are no part of it: nothing is brought of them.
            var with = Numbers(run).Where(n => chain[n].Frames.ContainsKey(log.Contract.Dataset)).ToList();
            if (with.Count > 0)
            {
                wanted.Add(new CaptureRange(with[0], with[^1]));
            }
        }
        return (wanted, chain);
    }

    /// <summary>As much from the front as one commit takes.</summary>
    private static List<CaptureRange> Part(List<CaptureRange> wanted, ShardChain chain, string dataset)
    {
        var part = new List<CaptureRange>();
        long bytes = 0;
        foreach (var run in wanted)
        {
            var to = run.From - 1;
            while (to < run.To && bytes < MaxBytes)
            {
                bytes += chain[++to].Frames.TryGetValue(dataset, out var frame) ? frame.Bytes : 0;
            }
            if (to >= run.From)
            {
                part.Add(run with { To = to });
            }
        }
        return part;
    }

    private async Task<Prepared> PrepareAsync(TableLog log, string shard, List<CaptureRange> part, ShardChain chain,
        CancellationToken cancel)
    {
        var (frames, shards) = (new List<TakenFrame>(), new List<ShardTotal>());
        foreach (var run in part)
        {
            var before = frames.Count;
            foreach (var number in Numbers(run).Where(n => chain[n].Frames.ContainsKey(log.Contract.Dataset)))
            {
                if (await captures.ReadAsync(shard, number, cancel) is not { } capture || capture.Link != chain[number].Link)
                {
                    throw new DifferenceException(
                        $"shard {shard}: capture {number} in {captures.Store.Location} is gone or was changed since it was checked a " +
                        $"moment ago. Nothing more was committed.");
                }
                var entry = capture.Header.FrameOf(log.Contract.Dataset)!;
                frames.Add(new TakenFrame(shard, capture.Link, null, entry, FrameOf(capture, entry)));
            }
            shards.Add(new ShardTotal(shard, run, frames.Count - before, Core.Records.Sums.Of(frames.Skip(before).Select(f => f.Sums))));
        }
        try
        {
            var (segments, dates) = await sealer(log).WriteAsync(frames, [], cancel);
            return new Prepared(part, segments, shards, dates);
        }
        catch (DifferenceException)
        {
            if (await sealer(log).DamagedAsync(frames) is [var (_, damaged), ..])
            {
                throw damaged;
            }
            throw;
        }
    }

    /// <summary>Of every repair of this shard that is in the log: one that died before its receipt is given it now.</summary>
    private async Task<List<string>> ReceiptsAsync(TableLog log, LogOfShard read, CancellationToken cancel)
    {
        var names = new List<string>();
        foreach (var version in read.Repairs)
        {
            names.Add(await RepairReceipt.Of(log.Contract.Dataset, (await log.ReadEntryAsync(version, cancel))!)
                .WriteAsync(log.Store, time, cancel));
        }
        return names;
    }

    private static TableRepair Describe(TableLog log, LogOfShard read, CaptureRange range, List<CaptureRange> wanted, ShardChain? chain)
    {
        var frames = wanted.SelectMany(Numbers).Select(n => chain![n].Frames.TryGetValue(log.Contract.Dataset, out var frame) ? frame.Rows
            : 0).Where(rows => rows > 0).ToList();
        var pending = Math.Max(0, range.To - Math.Max(range.From - 1, read.Ledger?.ShippedTo ?? -1));
        return new TableRepair(log.Contract.Dataset, wanted, frames.Count, frames.Sum(),
            range.Count - pending - read.Unlisted(range).Sum(r => r.Count), pending, [], []);
    }

    private static byte[] FrameOf(Capture capture, FrameEntry entry)
    {
        try
        {
            return capture.Frame(entry).ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new DifferenceException(e.Message + " Nothing of it was committed.", e);
        }
    }

    private static IEnumerable<long> Numbers(CaptureRange range)
    {
        for (var number = range.From; number <= range.To; number++)
        {
            yield return number;
        }
    }

    private sealed record Prepared(IReadOnlyList<CaptureRange> Parts, IReadOnlyList<SegmentFile> Segments, IReadOnlyList<ShardTotal> Shards,
        IReadOnlyList<DateTotal> Dates);
}
