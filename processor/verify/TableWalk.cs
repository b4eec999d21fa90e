using System.Globalization;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Verify;

/// <summary>
/// Reads a table's log from entry 0 to its end, then what lies beside it: 1 entries · 2 what stands above a hole · 3 the checkpoint that
/// readers start from ·
/// 4 the segments that the log names, by one list. What the segments hold is <see cref="SegmentCheck"/>'s.
/// </summary>
internal sealed class TableWalk(TableLog log, Func<string, long> standsFrom)
{
    private readonly string _dataset = log.Contract.Dataset;

    public TableFold Fold { get; private set; } = new(log.Contract, log.CaptureStore, log.KeyId, log.Where, standsFrom);

    public Findings Findings { get; } = new();

    /// <summary>Objects in the table's folder that no live file names: orphans, and what compactions replaced.</summary>
    public long Unreferenced { get; private set; }

    /// <summary>Reads the log. Where the table does not exist its facts are empty.</summary>
    public async Task ReadLogAsync(CancellationToken cancel)
    {
        await ReadEntriesAsync(0, cancel);
        // What a restore took back is known only at the restore: where there is one, the log is folded again with that in mind.
        for (var known = 0; Fold.Restores.Count > known;)
        {
            known = Fold.Restores.Count;
            Fold = new(log.Contract, log.CaptureStore, log.KeyId, log.Where, standsFrom, Fold.Restores);
            await ReadEntriesAsync(0, cancel);
        }
        await FinishAsync(cancel);
    }

    /// <summary>Reads on from what a receipt went through; false where the log is not the one that the receipt was written of, or cannot be
    /// read there.</summary>
    public async Task<bool> ReadOnAsync(VerifiedTable receipt, CancellationToken cancel)
    {
        try
        {
            if (await log.OpenAtAsync(receipt.Version, cancel) is not { } state)
            {
                return false;
            }
            var live = new List<SegmentFile>();
            foreach (var file in state.Files.Values)
            {
                live.Add(file.Rows >= 0 ? file : file with { Rows = await FooterRowsAsync(file, cancel) });
            }
            if (!Fold.Resume(receipt, state, live))
            {
                return false;
            }
        }
        catch (DifferenceException)
        {
            // A check from nothing names it.
            return false;
        }
        await ReadEntriesAsync(receipt.Version + 1, cancel);
        await FinishAsync(cancel);
        return true;
    }

    private async Task FinishAsync(CancellationToken cancel)
    {
        if (Fold.Version >= 0 && Fold.Differences.Count == 0 && Findings.None)
        {
            await CompareCheckpointAsync(cancel);
        }
        Fold.Finish();
    }

    /// <summary>The live files that are in the store with the size that the log says; the others become differences.</summary>
    public async Task<IReadOnlyCollection<SegmentFile>> ListFilesAsync(CancellationToken cancel)
    {
        var present = new HashSet<SegmentFile>();
        var folder = TableNames.Folder(_dataset);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var found in log.Store.ListAsync(TableNames.Partitions(_dataset), null, cancel))
        {
            if (!Fold.Live.TryGetValue(found.Name[folder.Length..], out var file))
            {
                Unreferenced++;
                continue;
            }
            Compare(file, found);
        }
        // Another engine may have put a file elsewhere.
        foreach (var file in Fold.Live.Values.Where(file => !TableNames.Segment(_dataset, file.Path)
            .StartsWith(TableNames.Partitions(_dataset), StringComparison.Ordinal)))
        {
            if (await log.Store.FindAsync(TableNames.Segment(_dataset, file.Path), cancel) is { } found)
            {
                Compare(file, found);
            }
        }
        foreach (var lost in Fold.Live.Values.Where(file => !seen.Contains(file.Path)).OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            Findings.AddDeleted(
                TableNames.Segment(_dataset, lost.Path), $"the segment of {lost.Date} ({lost.Rows} rows) is live in the log of {_dataset}");
        }
        return present;

        void Compare(SegmentFile file, ObjectInfo found)
        {
            seen.Add(file.Path);
            if (found.Length == file.Size)
            {
                present.Add(file);
            }
            else
            {
                Findings.AddCorrupt(found.Name, $"the segment of {file.Date} has {found.Length} bytes, the log says {file.Size}");
            }
        }
    }

    private async Task ReadEntriesAsync(long from, CancellationToken cancel)
    {
        await using var entries = new EntriesAhead(log);
        for (var version = from; ; version++)
        {
            TableCommit? entry;
            try
            {
                entry = await entries.ReadAsync(version, cancel);
                if (entry is null)
                {
                    if (await AboveAsync(version, cancel) is not { } above)
                    {
                        return;
                    }
                    // The log may have grown between the two looks.
                    entry = await log.ReadEntryAsync(version, cancel);
                    if (entry is null)
                    {
                        Findings.AddDeleted(TableNames.Entry(_dataset, version),
                            $"entry {version} of the log is gone, though {above.What} stands");
                        if (above.Entry is not { } next)
                        {
                            return;
                        }
                        version = next - 1;
                        continue;
                    }
                }
            }
            catch (DifferenceException e)
            {
                Findings.Add(e);
                continue;
            }
            Fold.Apply(await WithRowsAsync(entry, cancel));
        }
    }

    /// <summary>The lowest entry above <paramref name="version"/>, else any checkpoint there.</summary>
    private async Task<(long? Entry, string What)?> AboveAsync(long version, CancellationToken cancel)
    {
        (long?, string)? checkpoint = null;
        await foreach (var found in log.Store.ListAsync(TableNames.Log(_dataset), TableNames.Before(_dataset, version), cancel))
        {
            var file = found.Name[TableNames.Log(_dataset).Length..];
            if (file.Length == 25 && file.EndsWith(".json", StringComparison.Ordinal)
                && long.TryParse(file.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var above) && above > version)
            {
                return (above, $"entry {above}");
            }
            if (TableNames.CheckpointVersion(found.Name) is { } point)
            {
                checkpoint ??= (null, $"the checkpoint of version {point}");
            }
        }
        return checkpoint;
    }

    /// <summary>An engine need not say how many rows its files have; their footers do.</summary>
    private async Task<TableCommit> WithRowsAsync(TableCommit entry, CancellationToken cancel)
    {
        if (entry.Added.All(file => file.Rows >= 0))
        {
            return entry;
        }
        var added = new List<SegmentFile>();
        foreach (var file in entry.Added)
        {
            added.Add(file.Rows >= 0 ? file : file with { Rows = await FooterRowsAsync(file, cancel) });
        }
        return entry with { Added = added };
    }

    private async Task<long> FooterRowsAsync(SegmentFile file, CancellationToken cancel)
    {
        try
        {
            return (await SegmentReader.OpenAsync(log.Store, TableNames.Segment(_dataset, file.Path), log.Contract, file.Size,
                cancel))?.Rows ?? -1;
        }
        catch (Exception e) when (e is PipelineException or ArgumentException)
        {
            // A file that was removed later may be gone by right; one that is live is named by the list and by --deep.
            return -1;
        }
    }

    /// <summary>Other readers start from the newest checkpoint: what it leads to must be what the whole log says.</summary>
    private async Task CompareCheckpointAsync(CancellationToken cancel)
    {
        TableState? state;
        try
        {
            state = await log.OpenAsync(cancel);
        }
        catch (PipelineException e)
        {
            Findings.Add(e);
            return;
        }
        if (state is null)
        {
            return;
        }
        if (state.Version > Fold.Version)
        {
            await ReadEntriesAsync(Fold.Version + 1, cancel);
            state = Fold.Version > state.Version ? await log.ReadToEndAsync(state, cancel) : state;
        }
        if (state.Version != Fold.Version)
        {
            return;
        }
        var shipped = Fold.Ledgers.Where(l => l.Value.ShippedTo >= 0).ToDictionary(l => l.Key, l => l.Value.ShippedTo);
        if (state.Files.Count != Fold.Live.Count || state.Files.Keys.Any(path => !Fold.Live.ContainsKey(path))
            || shipped.Count != state.Shipped.Count || state.Shipped.Any(s => !shipped.TryGetValue(s.Key, out var to)
                || to != s.Value.Number))
        {
            Fold.Differences.Add(
                $"{log.Where}: the newest checkpoint leads to {state.Files.Count} live files at version {state.Version}, the log itself " +
                    $"to {Fold.Live.Count}, or they differ in what is shipped. Delete the checkpoint; the log is the truth.");
        }
    }
}
