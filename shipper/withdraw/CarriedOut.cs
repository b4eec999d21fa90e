using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;

namespace Pipeline.Shipper.Withdraw;

/// <summary>Which withdrawals of a shard a table has carried out (rule 36).</summary>
internal static class CarriedOut
{
    /// <summary>The receipts, by the number of their capture, of the commits in force. A RESTORE of another engine takes commits back and
    /// leaves the `txn`, so where there is any removal of the shard, the whole log is read.</summary>
    public static async Task<HashSet<long>> ReadAsync(TableLog log, TableState state, string shard, CancellationToken cancel)
    {
        if (state.WithdrawnThrough(shard) < 0)
        {
            return [];
        }
        var fold = new TableFold(log.Contract, log.CaptureStore, log.KeyId, log.Where, _ => 0);
        var removals = new List<(long Version, long Receipt)>();
        await foreach (var entry in log.ReadAllAsync(cancel))
        {
            if (entry.Version > state.Version)
            {
                break;
            }
            fold.Apply(entry);
            if (entry.WithdrawalOf(shard) is { } receipt)
            {
                removals.Add((entry.Version, receipt));
            }
        }
        var restores = TableRestore.InForce(fold.Restores);
        return [.. removals.Where(removal => !restores.Any(restore => restore.Undoes(removal.Version))).Select(removal => removal.Receipt)];
    }
}
