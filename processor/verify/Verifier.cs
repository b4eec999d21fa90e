using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Verify;

/// <summary>What is asked of a verification.</summary>
/// <param name="Deep">Decode frames and segments, and hash every row again.</param>
/// <param name="Since">Begin at the newest receipt that still holds, where there is one: captures and entries up to there are not read again, nor, in a deep check, the segments of dates that were not touched since.</param>
public sealed record VerifyRequest(bool Deep, bool Since);

/// <summary>
/// Proves promise 7 from the stored data alone, or names what breaks it. Only reads: both stores may be read-only to the caller, and both may be in use.
/// 1 where each shard's captures begin · 2 every table's log to its end (before the captures: what is captured meanwhile is pending, never missing) ·
/// 3 the tables' files · 4 every shard that a store or a table knows, capture by capture · 5 judge.
/// What it holds grows with live files, dates, shards, log entries (some 60 bytes each) and the commits of captures that have not expired; never with rows.
/// </summary>
/// <param name="captures">Null where only the UK side can be reached.</param>
/// <param name="tables">One log for each dataset; none where only the US side can be reached.</param>
/// <param name="rowKey">What rows are hashed with (<see cref="InstallationKey.RowKey"/>); needed for a deep check only.</param>
/// <param name="workers">Where captures and segments are decoded and hashed.</param>
/// <param name="contracts">The datasets that the program knows, where no table tells.</param>
public sealed class Verifier(CaptureStore? captures, IReadOnlyList<TableLog> tables, ReadOnlyMemory<byte>? rowKey, Workers workers, IReadOnlyList<Core.Contracts.Contract>? contracts = null)
{
    private IReadOnlyList<Core.Contracts.Contract> Contracts => contracts ?? [.. tables.Select(log => log.Contract)];

    /// <summary>From nothing, whatever receipts there are.</summary>
    /// <param name="deep">Decode every frame that stands and every live segment, and hash every row again.</param>
    /// <exception cref="PipelineException">78: the data is of another key or store (never taken for a difference); 1: a newer program wrote it.</exception>
    /// <exception cref="StoreException">A store does not answer.</exception>
    public async Task<VerifyReport> RunAsync(bool deep, CancellationToken cancel = default) => (await CheckAsync(deep, null, null, cancel))!;

    /// <summary>
    /// From a receipt where one holds. A check that began at a receipt and is not clean is done again from nothing, so that what it names is what a check from nothing names.
    /// </summary>
    public async Task<VerifyReport> RunAsync(VerifyRequest request, CancellationToken cancel = default)
    {
        if (!request.Since || tables.Count == 0)
        {
            return await RunAsync(request.Deep, cancel);
        }
        var remarks = new List<string>();
        foreach (var (name, receipt) in await VerifiedReceipts.FindAsync(tables[0].Store, request.Deep, cancel))
        {
            var needed = captures is null ? ["uk"] : (string[])["us", "uk"];
            if (receipt is null || receipt.KeyId != tables[0].KeyId || receipt.CaptureStore != tables[0].CaptureStore)
            {
                remarks.Add($"receipt {name} was passed over: it cannot be read here, or is of another key or capture store");
                continue;
            }
            if (needed.Except(receipt.Checked).Any())
            {
                continue;
            }
            if (await CheckAsync(request.Deep, receipt, name, cancel) is not { } report)
            {
                remarks.Add($"receipt {name} was passed over: the log or a snapshot is not what it was written of (the table or the capture store was restored since, or was changed)");
                continue;
            }
            if (report.Ok)
            {
                return report with { Remarks = remarks };
            }
            remarks.Add($"begun at receipt {name}, the check was not clean: it was done again from nothing");
            break;
        }
        return await RunAsync(request.Deep, cancel) with { Remarks = remarks };
    }

    /// <returns>Null where the receipt does not hold.</returns>
    private async Task<VerifyReport?> CheckAsync(bool deep, VerifiedThrough? since, string? name, CancellationToken cancel)
    {
        var key = deep ? rowKey ?? throw new ConfigurationException("A deep check hashes every row, which takes the installation's key. Name the key file, or check without --deep.") : default;
        // 1
        var first = await FirstAsync(cancel);
        var begun = since?.Shards ?? [];
        foreach (var (shard, at) in captures is null ? [] : begun)
        {
            if (!await HoldsAsync(shard, at, cancel))
            {
                return null;
            }
        }
        // 2
        var walks = new List<TableWalk>();
        foreach (var log in tables)
        {
            var walk = new TableWalk(log, shard => captures is null ? long.MaxValue : Math.Max(first.GetValueOrDefault(shard) ?? 0, begun.TryGetValue(shard, out var at) ? at.Snapshot + 1 : 0));
            if (since?.Tables.GetValueOrDefault(log.Contract.Dataset) is not { } table)
            {
                await walk.ReadLogAsync(cancel);
            }
            else if (!await walk.ReadOnAsync(table, cancel))
            {
                return null;
            }
            walks.Add(walk);
        }
        // 3
        var facts = new List<TableFacts>();
        foreach (var (log, walk) in tables.Zip(walks))
        {
            var present = await walk.ListFilesAsync(cancel);
            var only = since?.Tables.ContainsKey(log.Contract.Dataset) == true ? walk.Fold.Touched : null;
            Sums? read = deep ? await new SegmentCheck(log, key, workers, only).RunAsync(walk.Fold, present, cancel) : null;
            facts.Add(TableFacts.Of(walk.Fold, read, walk.Unreferenced));
        }
        // 4
        List<ShardFacts>? shards = null;
        if (captures is not null)
        {
            shards = [];
            using var frames = deep ? new FrameCheck(Contracts, key) : null;
            foreach (var shard in walks.SelectMany(walk => walk.Fold.Ledgers.Keys).Union(first.Keys).Order(StringComparer.Ordinal))
            {
                var ledgers = walks.ToDictionary(walk => walk.Fold.Dataset, walk => walk.Fold.Ledgers.GetValueOrDefault(shard) ?? new ShardLedger(0));
                shards.Add(await new CaptureWalk(captures, shard, frames, workers).RunAsync(ledgers, begun.GetValueOrDefault(shard), cancel));
            }
        }
        // 5
        var report = Conservation.Judge(shards, facts, [.. Contracts.Select(contract => contract.Dataset)], deep) with { Since = name };
        return report.Ok && tables.Count > 0 ? report with { Through = Through(report, shards, walks, since) } : report;
    }

    private VerifiedThrough Through(VerifyReport report, List<ShardFacts>? shards, List<TableWalk> walks, VerifiedThrough? since)
    {
        var through = new SortedDictionary<string, VerifiedShard>(StringComparer.Ordinal);
        foreach (var shard in shards ?? [])
        {
            if (shard.Through is { } at)
            {
                through[shard.Shard] = at;
            }
        }
        return new VerifiedThrough
        {
            Tool = PipelineVersion.Engine, KeyId = tables[0].KeyId, CaptureStore = tables[0].CaptureStore, At = DateTimeOffset.UnixEpoch, Deep = report.Deep, Checked = report.Checked, Since = report.Since,
            Tables = new(walks.Where(walk => walk.Fold.Version >= 0).ToDictionary(walk => walk.Fold.Dataset, walk => walk.Fold.ToReceipt(shard => through.TryGetValue(shard, out var at) ? at.Snapshot : -1)), StringComparer.Ordinal),
            Shards = through,
        };
    }

    /// <summary>Whether the snapshot that a receipt names is still there, and the same.</summary>
    private async Task<bool> HoldsAsync(string shard, VerifiedShard at, CancellationToken cancel)
    {
        try
        {
            return await captures!.ReadSnapshotAsync(shard, at.Snapshot, cancel) is { } snapshot && VerifiedShard.Of(snapshot) == at;
        }
        catch (DifferenceException)
        {
            return false;
        }
    }

    private async Task<Dictionary<string, long?>> FirstAsync(CancellationToken cancel)
    {
        var first = new Dictionary<string, long?>(StringComparer.Ordinal);
        if (captures is null)
        {
            return first;
        }
        foreach (var folder in (string[])[CaptureNames.CapturesFolder, CaptureNames.SnapshotsFolder])
        {
            await foreach (var shard in captures.Store.ListFoldersAsync(folder, cancel))
            {
                first[shard] = await CaptureWalk.FirstAsync(captures, shard, cancel);
            }
        }
        return first;
    }
}
