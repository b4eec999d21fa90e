using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Verify;

/// <summary>What a verification looks at.</summary>
/// <param name="Captures">Null where only the UK side can be reached.</param>
/// <param name="Tables">One log for each dataset; none where only the US side can be reached.</param>
/// <param name="Contracts">The datasets that the program knows.</param>
/// <param name="SnapshotEvery">Captures of a shard between two snapshots.</param>
internal sealed record VerifiedStores(CaptureStore? Captures, IReadOnlyList<TableLog> Tables, IReadOnlyList<Contract> Contracts,
    int SnapshotEvery);

/// <summary>
/// One pass over both stores: 1 sources, and where each shard's captures begin — 2 every table's log to its end (before the captures: what
/// is captured meanwhile is pending, never missing) —
/// 3 the tables' files — 4 every shard that a store, a source or a table knows, capture by capture — 5 what earlier receipts saw, and the
/// small documents — 6 judge.
/// A fault is named and the pass goes on.
/// </summary>
/// <param name="rowKey">What rows are hashed with; null: nothing is decoded.</param>
/// <param name="since">A receipt that the pass begins at; null: from nothing.</param>
/// <param name="evidence">Receipts that saw the stores before.</param>
internal sealed class Verification(VerifiedStores stores, ReadOnlyMemory<byte>? rowKey, Workers workers,
    (string Name, VerifiedThrough Receipt)? since, IReadOnlyList<(string Name, VerifiedThrough Receipt)> evidence)
{
    private readonly Findings _findings = new();
    private readonly List<TableWalk> _walks = [];
    private readonly Dictionary<string, long?> _first = new(StringComparer.Ordinal);

    /// <summary>Where each shard's walk begins; none without the capture store.</summary>
    private SortedDictionary<string, VerifiedShard> Begun => stores.Captures is null ? [] : since?.Receipt.Shards ?? [];

    /// <returns>Null where the receipt that the pass was to begin at does not hold.</returns>
    public async Task<VerifyReport?> RunAsync(CancellationToken cancel)
    {
        // 1
        var owners = stores.Captures is { } captures ? new SourceOwners(captures) : null;
        if (owners is not null)
        {
            await owners.ReadAsync(_findings, cancel);
            await FindShardsAsync(owners, cancel);
        }
        foreach (var (shard, at) in Begun)
        {
            if (!await HoldsAsync(shard, at, cancel))
            {
                return null;
            }
        }
        // 2
        foreach (var log in stores.Tables)
        {
            if (!await ReadLogAsync(log, cancel))
            {
                return null;
            }
        }
        // 3
        var tables = new List<TableFacts>();
        foreach (var (log, walk) in stores.Tables.Zip(_walks))
        {
            tables.Add(await TableAsync(log, walk, cancel));
        }
        // 4
        var shards = owners is null ? null : await ShardsAsync(cancel);
        if (shards is not null)
        {
            await owners!.CompareAsync(shards, _findings, cancel);
        }
        // 5
        foreach (var (name, receipt) in evidence)
        {
            await new ReceiptEvidence(stores.Captures, stores.Tables).CheckAsync(name, receipt, shards,
                [.. _walks.Select(walk => walk.Fold)], _findings, cancel);
        }
        await CheckContractsAsync(shards, tables, cancel);
        // 6
        var report = Conservation.Judge(shards, tables, [.. stores.Contracts.Select(contract => contract.Dataset)], rowKey is not null,
            _findings) with { Since = since?.Name };
        return report.Ok && stores.Tables.Count > 0 ? report with { Through = Through(report, shards ?? [], tables) } : report;
    }

    private async Task FindShardsAsync(SourceOwners owners, CancellationToken cancel)
    {
        foreach (var shard in owners.Shards)
        {
            _first[shard] = null;
        }
        foreach (var folder in (string[])[CaptureNames.CapturesFolder, CaptureNames.SnapshotsFolder, CaptureNames.ColdFolder])
        {
            await foreach (var shard in stores.Captures!.Store.ListFoldersAsync(folder, cancel))
            {
                _first[shard] = await CaptureWalk.FirstAsync(stores.Captures, shard, cancel);
            }
        }
    }

    /// <summary>Whether the snapshot that a receipt names is still there, and the same.</summary>
    private async Task<bool> HoldsAsync(string shard, VerifiedShard at, CancellationToken cancel)
    {
        try
        {
            return await stores.Captures!.ReadSnapshotAsync(shard, at.Snapshot, cancel) is { } snapshot && VerifiedShard.Of(snapshot) == at;
        }
        catch (DifferenceException)
        {
            return false;
        }
    }

    private async Task<bool> ReadLogAsync(TableLog log, CancellationToken cancel)
    {
        var walk = new TableWalk(log, shard => stores.Captures is null ? long.MaxValue
            : Math.Max(_first.GetValueOrDefault(shard) ?? 0, Begun.TryGetValue(shard, out var at) ? at.Snapshot + 1 : 0));
        _walks.Add(walk);
        if (since?.Receipt.Tables.GetValueOrDefault(log.Contract.Dataset) is { } table)
        {
            return await walk.ReadOnAsync(table, cancel);
        }
        await walk.ReadLogAsync(cancel);
        return true;
    }

    private async Task<TableFacts> TableAsync(TableLog log, TableWalk walk, CancellationToken cancel)
    {
        var present = await walk.ListFilesAsync(cancel);
        var only = since?.Receipt.Tables.ContainsKey(log.Contract.Dataset) == true ? walk.Fold.Touched : null;
        Sums? read = rowKey is { } key ? await new SegmentCheck(log, key, workers, only).RunAsync(walk.Fold, present, walk.Findings, cancel)
            : null;
        await StoreDocuments.CheckRegistryAsync(log, walk.Fold, walk.Findings, cancel);
        walk.Findings.Differences.InsertRange(0, walk.Fold.Differences);
        return TableFacts.Of(walk.Fold, walk.Findings, read, walk.Unreferenced);
    }

    private async Task<List<ShardFacts>> ShardsAsync(CancellationToken cancel)
    {
        var shards = new List<ShardFacts>();
        using var frames = rowKey is { } key ? new FrameCheck(stores.Contracts, key) : null;
        foreach (var shard in _walks.SelectMany(walk => walk.Fold.Ledgers.Keys).Union(_first.Keys).Order(StringComparer.Ordinal))
        {
            var ledgers = _walks.ToDictionary(walk => walk.Fold.Dataset, walk => walk.Fold.Ledgers.GetValueOrDefault(shard)
                ?? new ShardLedger(0));
            shards.Add(await new CaptureWalk(stores.Captures!, shard, frames, workers, stores.SnapshotEvery)
                .RunAsync(ledgers, Begun.GetValueOrDefault(shard), cancel));
        }
        return shards;
    }

    private async Task CheckContractsAsync(IReadOnlyList<ShardFacts>? shards, IReadOnlyList<TableFacts> tables, CancellationToken cancel)
    {
        var before = evidence.SelectMany(receipt => receipt.Receipt.Contracts ?? []).ToList();
        if (shards is not null)
        {
            await StoreDocuments.CheckContractsAsync(stores.Captures!.Store, shards.SelectMany(shard => shard.Contracts).Concat(before),
                _findings, cancel);
        }
        if (stores.Tables.Count > 0)
        {
            await StoreDocuments.CheckContractsAsync(stores.Tables[0].Store, tables.SelectMany(table => table.Contracts).Concat(before),
                _findings, cancel);
        }
    }

    private VerifiedThrough Through(VerifyReport report, IReadOnlyList<ShardFacts> shards, IReadOnlyList<TableFacts> tables)
    {
        var through = shards.Where(shard => shard.Through is not null).ToDictionary(shard => shard.Shard, shard => shard.Through!);
        var contracts = shards.SelectMany(shard => shard.Contracts).Concat(tables.SelectMany(table => table.Contracts))
            .Concat(since?.Receipt.Contracts ?? []);
        return new VerifiedThrough
        {
            Tool = PipelineVersion.Engine, KeyId = stores.Tables[0].KeyId, CaptureStore = stores.Tables[0].CaptureStore,
                At = DateTimeOffset.UnixEpoch,
            Deep = report.Deep, Checked = report.Checked, Since = report.Since,
                Contracts = [.. contracts.Distinct().Order(StringComparer.Ordinal)],
            Tables = new(_walks.Where(walk => walk.Fold.Version >= 0)
                .ToDictionary(walk => walk.Fold.Dataset, walk => walk.Fold.ToReceipt(shard => through.TryGetValue(shard, out var at)
                    ? at.Snapshot : -1)), StringComparer.Ordinal),
            Shards = new(through, StringComparer.Ordinal),
            Heads = new(shards.Where(shard => shard.HeadLink is not null)
                .ToDictionary(shard => shard.Shard, shard => shard.HeadLink!.Value), StringComparer.Ordinal),
        };
    }
}
