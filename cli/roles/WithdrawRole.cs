using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Ingest.Shard;
using Pipeline.Ingest.Withdraw;
using Pipeline.Shipper.Withdraw;

namespace Pipeline.Cli.Roles;

/// <summary>What a withdrawal did.</summary>
/// <param name="Plan">What was asked for; its withdrawal is null where nothing of it was left.</param>
/// <param name="Receipt">The capture that was put; null: none.</param>
/// <param name="Removals">What was taken out of the tables now; those of an earlier run that did not end, too.</param>
internal sealed record WithdrawOutcome(WithdrawalPlan Plan, Link? Receipt, IReadOnlyList<TableRemoval> Removals);

/// <summary>
/// A withdrawal (rule 36): 1 everything captured is shipped — 2 the source is locked — 3 what an earlier run began is finished — 4 the
/// plan, which is confirmed — 5 the receipt — 6 the tables.
/// </summary>
/// <param name="log">Hears of outages and damage.</param>
internal sealed class WithdrawRole(PipelineSettings settings, OpenInstallation installation, Workers workers, Action<string> log)
{
    private static readonly TimeSpan OutageLimit = TimeSpan.FromSeconds(30);

    /// <summary>What would go. Changes nothing.</summary>
    /// <exception cref="FailedException">There is no such source.</exception>
    public async Task<WithdrawalPlan> PlanAsync(string source, CaptureRange? range, CancellationToken stop) =>
        await WithdrawalPlan.OfAsync(installation.Captures, await FoldAsync(source, stop), range, stop);

    /// <param name="confirm">Whether this is to be withdrawn.</param>
    /// <returns>Null: it was not confirmed.</returns>
    public async Task<WithdrawOutcome?> RunAsync(string source, CaptureRange? range, Func<WithdrawalPlan, bool> confirm,
        CancellationToken stop)
    {
        await FoldAsync(source, stop);
        // 1
        await new ShardVisit(settings, installation, workers, log).RunAsync(source, (_, _, _, _) => Task.FromResult(true), stop);
        // 2
        using var held = ShardLock.Take(installation, source);
        using var watch = new OutageWatch(installation.Time, OutageLimit, log);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop, watch.GivenUp);
        try
        {
            // 3
            var state = await FoldAsync(source, abandon.Token);
            var removals = new List<TableRemoval>(await RemoveAsync(state, watch, abandon.Token));
            // 4
            var plan = await WithdrawalPlan.OfAsync(installation.Captures, state, range, abandon.Token);
            if (plan.Withdrawal is null)
            {
                return new(plan, null, removals);
            }
            if (!confirm(plan))
            {
                return null;
            }
            // 5
            var retry = new StoreRetry(installation.Time, watch.Waiting, watch.Answered);
            var (receipt, after) = await new WithdrawalReceipt(installation.Captures, installation.Contracts, retry)
                .PutAsync(plan, abandon.Token);
            // 6
            removals.AddRange(await RemoveAsync(after, watch, abandon.Token));
            return new(plan, receipt, removals);
        }
        catch (OperationCanceledException) when (watch.Fault is not null)
        {
            throw watch.Fault;
        }
    }

    private async Task<IReadOnlyList<TableRemoval>> RemoveAsync(ShardState state, OutageWatch watch, CancellationToken cancel)
    {
        var removals = new List<TableRemoval>();
        foreach (var table in installation.Logs)
        {
            removals.AddRange(await new TableWithdrawal(table, installation.Captures, installation.Key.RowKey(), watch.Waiting)
                .RunAsync(state, cancel));
        }
        return removals;
    }

    private async Task<ShardState> FoldAsync(string source, CancellationToken stop)
    {
        var state = await installation.Captures.FoldAsync(source, stop);
        return state.Head is not null ? state
            : throw new FailedException($"{installation.Us.Location} has no source {source}; `pipeline status` lists those that it has.");
    }
}
