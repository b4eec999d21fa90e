using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Ingest.Shard;
using Pipeline.Ingest.Withdraw;
using Pipeline.Shipper.Withdraw;

namespace Pipeline.Tests.Unit.Withdraw;

/// <summary>The steps of `withdraw` as the program wires them. The first fault of a store ends them, as the end of their process
/// does.</summary>
internal sealed class WithdrawParts(CaptureStore captures, IReadOnlyList<TableLog> logs, InstallationKey key, ShardLimits limits)
{
    public async Task RunAsync(string source, CaptureRange? range)
    {
        // What an earlier one left open comes first.
        await RemoveAsync(source);
        await PutReceiptAsync(source, range);
        await RemoveAsync(source);
    }

    public async Task<WithdrawalPlan> PlanAsync(string source, CaptureRange? range) =>
        await WithdrawalPlan.OfAsync(captures, await captures.FoldAsync(source), range);

    public async Task PutReceiptAsync(string source, CaptureRange? range)
    {
        var plan = await PlanAsync(source, range);
        if (plan.Withdrawal is not null)
        {
            var contracts = logs.Select(log => log.Contract).ToList();
            await new WithdrawalReceipt(captures, contracts, new StoreRetry(logs[0].Time, Fail), new ShardOptions { Limits = limits })
                .PutAsync(plan);
        }
    }

    public async Task<IReadOnlyList<TableRemoval>> RemoveAsync(string source)
    {
        var state = await captures.FoldAsync(source);
        var removals = new List<TableRemoval>();
        foreach (var log in logs)
        {
            removals.AddRange(await new TableWithdrawal(log, captures, key.RowKey(), Fail).RunAsync(state));
        }
        return removals;
    }

    private static void Fail(StoreException fault) => throw fault;
}
