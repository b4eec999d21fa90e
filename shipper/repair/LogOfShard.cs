using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;

namespace Pipeline.Shipper.Repair;

/// <summary>
/// What a table's log, up to one state, lists of one shard: the ranges of the commits in force, every link that any commit named, and the
/// repairs.
/// </summary>
/// <param name="State">Null where there is no table.</param>
internal sealed record LogOfShard(TableState? State, ShardLedger? Ledger, IReadOnlyList<ShippedLink> Links)
{
    public IReadOnlyList<long> Repairs { get; private init; } = [];

    /// <summary>The restores in the log up to this version.</summary>
    public static async Task<IReadOnlyList<TableRestore>> RestoresAsync(TableLog log, long version, CancellationToken cancel)
    {
        var fold = new TableFold(log.Contract, log.CaptureStore, log.KeyId, log.Where, _ => 0);
        await foreach (var entry in log.ReadAllAsync(cancel))
        {
            if (entry.Version > version)
            {
                break;
            }
            fold.Apply(entry);
        }
        return fold.Restores;
    }

    public static async Task<LogOfShard> ReadAsync(TableLog log, TableState state, string shard, IReadOnlyList<TableRestore> restores,
        CancellationToken cancel)
    {
        var (fold, links, repairs) = (new TableFold(log.Contract, log.CaptureStore, log.KeyId, log.Where, _ => 0, restores),
            new List<ShippedLink>(), new List<long>());
        await foreach (var entry in log.ReadAllAsync(cancel))
        {
            if (entry.Version > state.Version)
            {
                break;
            }
            fold.Apply(entry);
            if (entry.Shipped.TryGetValue(shard, out var link))
            {
                links.Add(link);
            }
            if (entry.Kind == CommitKind.Repair && entry.Shards.Any(m => m.Shard == shard))
            {
                repairs.Add(entry.Version);
            }
        }
        if (fold.Version != state.Version || fold.Top != state.EntryHash)
        {
            throw new DifferenceException(
                $"{log.Where}: the log changed while it was read, or entries of it are gone: it was read up to entry {fold.Version}, " +
                $"and stood at {state.Version}. Run `pipeline verify`, and restore the log whole.");
        }
        return new LogOfShard(state, fold.Ledgers.GetValueOrDefault(shard), links) { Repairs = repairs };
    }

    /// <summary>The captures of the range, at or below what is shipped, that no commit in force lists.</summary>
    public IEnumerable<CaptureRange> Unlisted(CaptureRange range)
    {
        var to = Math.Min(range.To, Ledger?.ShippedTo ?? -1);
        var from = range.From;
        foreach (var listed in (Ledger?.Ranges ?? []).Where(r => r.To >= range.From && r.From <= to))
        {
            if (listed.From > from)
            {
                yield return new CaptureRange(from, listed.From - 1);
            }
            from = Math.Max(from, listed.To + 1);
        }
        if (from <= to)
        {
            yield return new CaptureRange(from, to);
        }
    }
}
