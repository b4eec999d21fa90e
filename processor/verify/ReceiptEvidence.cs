using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Verify;

/// <summary>
/// What a receipt of an earlier clean verification saw must still be there: entries of the logs, captures, contracts and receipts of what
/// was done. So a store that was set back
/// with everything in it, which contradicts nothing in itself, is told from one that never had more.
/// </summary>
internal sealed class ReceiptEvidence(CaptureStore? captures, IReadOnlyList<TableLog> tables)
{
    /// <param name="name">How messages name the receipt.</param>
    /// <param name="shards">What the walks found; null where the capture store was not looked at.</param>
    /// <param name="folds">The tables, as they were folded.</param>
    public async Task CheckAsync(string name, VerifiedThrough receipt, IReadOnlyList<ShardFacts>? shards, IReadOnlyList<TableFold> folds,
        Findings findings, CancellationToken cancel)
    {
        var seen = $"though receipt {name} saw";
        foreach (var (log, fold) in tables.Zip(folds))
        {
            if (receipt.Tables.GetValueOrDefault(fold.Dataset) is { } table)
            {
                await CheckTableAsync(log, fold, table, seen, findings, cancel);
            }
        }
        if (shards is not null)
        {
            foreach (var (shard, head) in receipt.Heads ?? [])
            {
                await CheckHeadAsync(shard, head, shards.FirstOrDefault(facts => facts.Shard == shard), seen, findings, cancel);
            }
        }
        if (tables.Count > 0)
        {
            await CheckReceiptsAsync(receipt, seen, findings, cancel);
        }
    }

    private static async Task CheckTableAsync(TableLog log, TableFold fold, VerifiedTable table, string seen, Findings findings,
        CancellationToken cancel)
    {
        if (fold.Version < table.Version)
        {
            findings.AddDeleted(TableNames.Entry(fold.Dataset, fold.Version + 1),
                $"entries {fold.Version + 1} to {table.Version} of the log are gone, {seen} them");
            return;
        }
        var name = TableNames.Entry(fold.Dataset, table.Version);
        if (await log.Store.ReadAsync(name, cancel) is { } bytes && Sha256.Of(bytes) != table.Entry)
        {
            findings.AddCorrupt(name, $"it is another entry, {seen} sha256 {table.Entry.ToString()[..12]}");
        }
    }

    private async Task CheckHeadAsync(string shard, Link head, ShardFacts? facts, string seen, Findings findings, CancellationToken cancel)
    {
        var newest = facts?.Head ?? -1;
        if (newest < head.Number)
        {
            findings.AddDeleted(CaptureNames.Capture(shard, newest + 1),
                $"captures {newest + 1} to {head.Number} of shard {shard} are gone, {seen} them");
            return;
        }
        var name = CaptureNames.Capture(shard, head.Number);
        if (await captures!.Store.ReadAsync(name, cancel) is { } bytes && Sha256.Of(bytes) != head.Hash)
        {
            findings.AddCorrupt(name, $"it is another capture, {seen} sha256 {head.Hash.ToString()[..12]}");
        }
    }

    private async Task CheckReceiptsAsync(VerifiedThrough receipt, string seen, Findings findings, CancellationToken cancel)
    {
        var store = tables[0].Store;
        foreach (var (name, hash) in receipt.Receipts ?? [])
        {
            var bytes = await store.ReadAsync(name, cancel);
            if (bytes is null)
            {
                findings.AddDeleted(name, $"the receipt is gone, {seen} it");
            }
            else if (Sha256.Of(bytes) != hash)
            {
                findings.AddCorrupt(name, $"it is another receipt, {seen} sha256 {hash.ToString()[..12]}");
            }
        }
    }
}
