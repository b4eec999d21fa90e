using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Withdraw;

/// <summary>
/// Puts the receipt of a withdrawal (rule 36): 1 claim the shard, so that no other process brings lines meanwhile — 2 compare with the
/// plan — 3 put the capture. From then on the withdrawal stands, whatever becomes of this process.
/// </summary>
public sealed class WithdrawalReceipt(CaptureStore captures, IReadOnlyList<Contract> contracts, StoreRetry retry,
    ShardOptions? options = null)
{
    /// <returns>The receipt's link, and the state of the shard with it.</returns>
    /// <exception cref="FailedException">The shard went on since the plan was made.</exception>
    /// <exception cref="FencedException">A newer process has the shard.</exception>
    public async Task<(Link Receipt, ShardState State)> PutAsync(WithdrawalPlan plan, CancellationToken cancel = default)
    {
        var withdrawal = plan.Withdrawal ?? throw new InvalidOperationException("a plan that withdraws nothing has no receipt");
        using var writer = new ShardWriter(plan.Source, captures, new CaptureDraft(contracts), retry, options ?? new());
        // 1
        await writer.ClaimAsync([plan.Source], cancel);
        // 2
        for (var number = plan.Head + 1; number < writer.State.Next; number++)
        {
            var header = await retry.UntilAnsweredAsync(() => captures.HeaderAsync(plan.Source, number, cancel), cancel);
            if (header is null || header.Frames.Count + header.Reads.Count > 0)
            {
                throw new FailedException(
                    $"source {plan.Source}: capture {number} came since the plan was made. Nothing was withdrawn. Stop the process that "
                    + "reads this source, then run the command again.");
            }
        }
        // 3
        var read = new ReadEntry { Source = plan.Source, Format = "", From = 0, To = 0, Check = "", Lines = 0, Withdraws = withdrawal };
        var capture = await writer.PutAsync(new CaptureDraft(contracts), [read], cancel);
        return (capture.Link, writer.State);
    }
}
