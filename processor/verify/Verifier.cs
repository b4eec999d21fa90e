using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table;

namespace Pipeline.Processor.Verify;

/// <summary>
/// Proves promise 7 from the stored data alone, or names what breaks it. Only reads: both stores may be read-only to the caller, and both may be in use.
/// 1 where each shard's captures begin · 2 every table's log to its end (before the captures: what is captured meanwhile is pending, never missing) ·
/// 3 the tables' files · 4 every shard that a store or a table knows, capture by capture · 5 judge.
/// </summary>
/// <param name="captures">Null where only the UK side can be reached.</param>
/// <param name="tables">One log for each dataset.</param>
/// <param name="rowKey">What rows are hashed with (<see cref="InstallationKey.RowKey"/>); needed for a deep check only.</param>
/// <param name="workers">Where captures and segments are decoded and hashed.</param>
public sealed class Verifier(Captures? captures, IReadOnlyList<TableLog> tables, ReadOnlyMemory<byte>? rowKey, Workers workers)
{
    /// <param name="deep">Decode every frame that stands and every live segment, and hash every row again.</param>
    /// <exception cref="PipelineException">78: the data is of another key or store (never taken for a difference); 1: a newer program wrote it.</exception>
    /// <exception cref="Core.Store.StoreException">A store does not answer.</exception>
    public async Task<VerifyReport> RunAsync(bool deep, CancellationToken cancel = default)
    {
        var key = deep ? rowKey ?? throw new PipelineException(ExitCode.Configuration, "A deep check hashes every row, which takes the installation's key. Name the key file, or check without --deep.") : default;
        // 1
        var first = await FirstAsync(cancel);
        // 2
        var walks = new List<TableWalk>();
        foreach (var log in tables)
        {
            var walk = new TableWalk(log, shard => captures is null ? long.MaxValue : first.GetValueOrDefault(shard) ?? 0);
            await walk.ReadLogAsync(cancel);
            walks.Add(walk);
        }
        // 3
        var facts = new List<TableFacts>();
        foreach (var (log, walk) in tables.Zip(walks))
        {
            var present = await walk.ListFilesAsync(cancel);
            Sums? read = deep ? await new SegmentCheck(log, key, workers).RunAsync(walk.Fold, present, cancel) : null;
            facts.Add(walk.Fold.ToFacts(read, walk.Unreferenced));
        }
        // 4
        List<ShardFacts>? shards = null;
        if (captures is not null)
        {
            shards = [];
            using var frames = deep ? new FrameCheck([.. tables.Select(log => log.Contract)], key) : null;
            foreach (var shard in walks.SelectMany(walk => walk.Fold.Ledgers.Keys).Union(first.Keys).Order(StringComparer.Ordinal))
            {
                var ledgers = walks.ToDictionary(walk => walk.Fold.Dataset, walk => walk.Fold.Ledgers.GetValueOrDefault(shard) ?? new ShardLedger(0));
                shards.Add(await new CaptureWalk(captures, shard, frames, workers).RunAsync(ledgers, cancel));
            }
        }
        // 5
        return Conservation.Judge(shards, facts, [.. tables.Select(log => log.Contract.Dataset)], deep);
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
