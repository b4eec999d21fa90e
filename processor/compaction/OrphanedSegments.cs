using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Compaction;

/// <summary>What lies in a table's folder and is not live.</summary>
/// <param name="Removable">May be deleted now. Without sums until they are about to be.</param>
/// <param name="Waiting">Replaced by a compaction, kept for readers of older versions until their grace is over.</param>
/// <param name="Unproven">A commit may still name them, or nothing is known of them: they stay.</param>
public sealed record OrphanReport(string Dataset, long Version, IReadOnlyList<OrphanedSegment> Removable, int Waiting, int Unproven)
{
    /// <summary>Deleted by this run, those of receipts that an earlier one had left open included.</summary>
    public int Removed { get; init; }

    public long RemovedBytes { get; init; }

    public IReadOnlyList<string> Receipts { get; init; } = [];
}

/// <summary>
/// Finds and deletes segments that no version of the table will need (rule 23): 1 finish receipts that a crash left open — 2 list the
/// folder — 3 read the log to its end, in this order: what is live is seen —
/// 4 judge each segment that is not live: was it named by a commit, then a compaction must have replaced it and the grace be over; else it
/// must be void by proof — 5 put the receipt — 6 read the log again, delete — 7 complete the receipt.
/// </summary>
/// <param name="grace">How long inputs of compactions stay, from the commit that replaced them, by the store's clock.</param>
public sealed class OrphanedSegments(TableLog log, ReadOnlyMemory<byte> rowKey, Workers workers, TimeProvider time, TimeSpan grace,
    ICompactionEvents events)
{
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromDays(7);

    private const int ReceiptSegments = 1000;

    private readonly TableHistory _history = new(log);
    private readonly SegmentMerge _reader = new(log, rowKey, workers, new CompactionPolicy(), time, events.Waiting);

    private string Dataset => log.Contract.Dataset;

    /// <summary>What could be deleted now. Changes nothing but for a look at the store's clock.</summary>
    public Task<OrphanReport> FindAsync(CancellationToken cancel = default) => FindAsync(remember: false, cancel);

    private async Task<OrphanReport> FindAsync(bool remember, CancellationToken cancel)
    {
        if (await log.OpenAsync(cancel) is not { } before)
        {
            return new(Dataset, -1, [], 0, 0);
        }
        // 2
        var listed = new Dictionary<string, ObjectInfo>(StringComparer.Ordinal);
        var folder = TableNames.Folder(Dataset);
        await foreach (var found in log.Store.ListAsync(TableNames.Partitions(Dataset), null, cancel))
        {
            if (found.Name.EndsWith(".parquet", StringComparison.Ordinal))
            {
                listed[found.Name[folder.Length..]] = found;
            }
        }
        // 3
        var state = await log.ReadToEndAsync(before, cancel);
        // A file that was put and replaced after the list is in the folder too.
        await _history.ReadToAsync(state, (path, version) => version > before.Version || listed.ContainsKey(path), remember, cancel);
        // 4
        var removable = new List<OrphanedSegment>();
        var (waiting, unproven) = (0, 0);
        var clock = new Grace(log, grace, time, events.Waiting);
        foreach (var (path, found) in listed.Where(pair => !state.Files.ContainsKey(pair.Key))
            .OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (_history.Removed.TryGetValue(path, out var removal))
            {
                if (removal.DataChange)
                {
                    unproven++;
                }
                else if (await clock.IsOverAsync(removal.Version, cancel) is { } proof)
                {
                    removable.Add(Segment(path, found, OrphanedSegment.Replaced, proof));
                }
                else
                {
                    waiting++;
                }
            }
            else if (OrphanProof.Of(await LabelAsync(found, cancel), state) is { } proof)
            {
                removable.Add(Segment(path, found, OrphanedSegment.Orphaned, proof));
            }
            else
            {
                unproven++;
            }
        }
        return new(Dataset, state.Version, removable, waiting, unproven);
    }

    /// <summary>Deletes what may be deleted, each with a receipt.</summary>
    public async Task<OrphanReport> RemoveAsync(CancellationToken cancel = default)
    {
        // 1
        var receipts = new List<string>();
        var (removed, bytes) = (0, 0L);
        foreach (var open in await OpenReceiptsAsync(cancel))
        {
            await FinishAsync(open, await ReadReceiptAsync(open, cancel));
        }
        var report = await FindAsync(remember: true, cancel);
        foreach (var some in report.Removable.Chunk(ReceiptSegments))
        {
            // 5
            var state = await StateAsync(cancel);
            var receipt = new OrphanReceipt(Dataset, state.Version, state.EntryHash.ToString(), log.CaptureStore, log.KeyId,
                grace.TotalSeconds, await SummedAsync(some, cancel));
            var name = OrphanReceipt.NewName(Dataset, state.Version, log.NewId());
            await Puts.UntilKnownAsync(log.Store, name, receipt.Encode(), time, events.Waiting, cancel);
            await FinishAsync(name, receipt);
        }
        return report with { Removed = removed, RemovedBytes = bytes, Receipts = receipts };

        async Task FinishAsync(string name, OrphanReceipt receipt)
        {
            // 6
            var state = await StateAsync(cancel);
            var kept = receipt.Segments.Where(segment => state.Files.ContainsKey(segment.Path)).Select(segment => segment.Path).ToList();
            foreach (var segment in receipt.Segments.Where(segment => !kept.Contains(segment.Path)))
            {
                await log.Store.DeleteAsync(TableNames.Segment(Dataset, segment.Path), cancel);
                removed++;
                bytes += segment.Bytes;
            }
            // 7
            await Puts.UntilKnownAsync(log.Store, OrphanReceipt.DoneName(name),
                OrphanReceipt.EncodeDone(receipt.Segments.Count - kept.Count, kept), time, events.Waiting, cancel);
            receipts.Add(name);
            events.OrphansRemoved(Dataset, receipt.Segments.Count - kept.Count,
                receipt.Segments.Where(s => !kept.Contains(s.Path)).Sum(s => s.Bytes), name);
        }
    }

    private async Task<TableState> StateAsync(CancellationToken cancel) => await log.OpenAsync(cancel)
        ?? throw new DifferenceException($"{log.Where}: it was there and is gone. Nothing more was deleted; restore it from a copy.");

    private async Task<IReadOnlyList<string>> OpenReceiptsAsync(CancellationToken cancel)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var found in log.Store.ListAsync(OrphanReceipt.Folder(Dataset), null, cancel))
        {
            if (found.Name.EndsWith(".json", StringComparison.Ordinal))
            {
                names.Add(found.Name);
            }
        }
        return [.. names.Where(name => !OrphanReceipt.IsDone(name) && !names.Contains(OrphanReceipt.DoneName(name)))
            .Order(StringComparer.Ordinal)];
    }

    private async Task<OrphanReceipt> ReadReceiptAsync(string name, CancellationToken cancel)
    {
        try
        {
            var receipt = OrphanReceipt.Decode(await log.Store.ReadAsync(name, cancel) ?? []);
            return receipt.Dataset == Dataset && receipt.Store == log.CaptureStore && receipt.KeyId == log.KeyId
                && receipt.Segments.All(s => ObjectName.IsValid(TableNames.Segment(Dataset, s.Path)) && !s.Path.StartsWith('_'))
                ? receipt : throw new InvalidDataException("it is of another table, or names what is no segment");
        }
        catch (InvalidDataException e)
        {
            throw new DifferenceException(
                $"receipt {name} in {log.Store.Location}: {e.Message}. Nothing of it was deleted. Restore it from a copy, or move it " +
                $"away if it is not of this table.");
        }
    }

    private async Task<SegmentLabel?> LabelAsync(ObjectInfo found, CancellationToken cancel)
    {
        try
        {
            return (await SegmentReader.OpenAsync(log.Store, found.Name, log.Contract, found.Length, cancel))?.Label;
        }
        catch (PipelineException)
        {
            // A file that is not ours, or a damaged one: nothing is proven, so it stays.
            return null;
        }
    }

    private static OrphanedSegment Segment(string path, ObjectInfo found, string why, string proof) =>
        new(path, DateOf(path), found.Length, -1, null, why, proof);

    private static string DateOf(string path) => path.StartsWith("date=", StringComparison.Ordinal)
        && path.IndexOf('/', StringComparison.Ordinal) is > 5 and var end ? path[5..end] : "";

    /// <summary>With what each one holds, as it is now.</summary>
    private async Task<IReadOnlyList<OrphanedSegment>> SummedAsync(IReadOnlyList<OrphanedSegment> segments, CancellationToken cancel)
    {
        using var hash = new RowHash(rowKey.Span);
        var summed = new List<OrphanedSegment>();
        foreach (var segment in segments)
        {
            try
            {
                var sums = await _reader.ReadBackAsync(new SegmentFile(segment.Path, UtcDay.Parse(segment.Date), segment.Bytes, -1, 0, 0),
                    hash, cancel);
                summed.Add(segment with { Rows = sums.Rows, Sum = sums.HashHex });
            }
            catch (Exception e) when (e is PipelineException or FormatException)
            {
                // What it held cannot be told any more; that it is void does not depend on it.
                summed.Add(segment with { Rows = 0 });
            }
        }
        return summed;
    }
}
