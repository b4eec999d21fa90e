using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Shipper.Withdraw;

/// <summary>What became of one withdrawal in one table.</summary>
/// <param name="Receipt">The capture that says what is withdrawn.</param>
/// <param name="Rows">Rows that were taken out.</param>
/// <param name="Version">The entry of the log that took them out.</param>
public sealed record TableRemoval(string Dataset, long Receipt, long Rows, long Version);

/// <summary>
/// Carries out a shard's withdrawals in one table (rules 24 and 36): 1 read the table — 2 the first withdrawal that its log has not
/// carried out — 3 read the rows from the captures — 4 of each date, rewrite the segments that hold any of them — 5 one commit removes
/// and adds segments, says which receipt it stands on, and lowers `appendOnly` — 6 the next sets it again — from 1, until nothing is
/// left.
/// Dying anywhere leaves segments that no commit names, or a removal that the next run completes.
/// </summary>
public sealed class TableWithdrawal(TableLog log, CaptureStore captures, ReadOnlyMemory<byte> rowKey,
    Action<StoreException>? waiting = null)
{
    private readonly string _dataset = log.Contract.Dataset;

    /// <param name="shard">The shard's state, with all its withdrawals.</param>
    /// <returns>The withdrawals that were carried out now.</returns>
    /// <exception cref="DifferenceException">Captures, table and receipt contradict each other. The table is as it was.</exception>
    /// <exception cref="OutageException">The table does not have all of the captures yet.</exception>
    public async Task<IReadOnlyList<TableRemoval>> RunAsync(ShardState shard, CancellationToken cancel = default)
    {
        var done = new List<TableRemoval>();
        var retry = new StoreRetry(log.Time, waiting);
        using var hash = new RowHash(rowKey.Span);
        HashSet<long>? carriedOut = null;
        while (true)
        {
            // 1
            if (await retry.UntilAnsweredAsync(() => log.OpenAsync(cancel), cancel) is not { } state)
            {
                return done;
            }
            // 6
            state = await CloseAsync(state, cancel);
            // 2
            carriedOut ??= await retry.UntilAnsweredAsync(() => CarriedOut.ReadAsync(log, state, shard.Shard, cancel), cancel);
            if (Next(shard, carriedOut) is not { } withdrawn)
            {
                return done;
            }
            CheckShipped(shard, withdrawn, state);
            // 3
            var rows = await retry.UntilAnsweredAsync(() => WithdrawnRows.ReadAsync(captures, shard.Shard, withdrawn, log.Contract, hash,
                cancel), cancel);
            // 4, 5
            if (await CommitAsync(shard.Shard, withdrawn, rows, state, hash, cancel) is { } removal)
            {
                done.Add(removal);
                carriedOut.Add(removal.Receipt);
            }
            else
            {
                carriedOut = null;
            }
        }
    }

    private Withdrawn? Next(ShardState shard, HashSet<long> carriedOut) => shard.Withdrawals?.FirstOrDefault(withdrawn =>
        !carriedOut.Contains(withdrawn.Capture) && withdrawn.Records.ContainsKey(_dataset));

    private void CheckShipped(ShardState shard, Withdrawn withdrawn, TableState state)
    {
        var (shipped, last) = (state.Shipped.TryGetValue(shard.Shard, out var link) ? link.Number : -1, withdrawn.Captures[^1].To);
        if (shipped < Math.Min(last, shard.Datasets[_dataset].Last.Number))
        {
            throw new OutageException(
                $"{log.Where}: capture {withdrawn.Capture} of shard {shard.Shard} withdraws captures up to {last}, the table has them "
                + $"up to {shipped}. Let the shipper bring the rest, then run `pipeline withdraw` again.");
        }
    }

    /// <summary>Null: an input was compacted meanwhile, and all is to be done again.</summary>
    private async Task<TableRemoval?> CommitAsync(string shard, Withdrawn withdrawn, WithdrawnRows rows, TableState state, RowHash hash,
        CancellationToken cancel)
    {
        var rewrite = new SegmentRewrite(log, hash, waiting);
        var (removed, added) = (new List<SegmentFile>(), new List<SegmentFile>());
        foreach (var date in rows.Dates)
        {
            foreach (var file in state.Files.Values.Where(file => file.Date == date).OrderBy(file => file.Path, StringComparer.Ordinal))
            {
                if (rows.Left(date) > 0 && await rewrite.RunAsync(file, rows, cancel) is { } outcome)
                {
                    removed.Add(outcome.Input);
                    added.AddRange(outcome.Output is { } output ? [output] : []);
                }
            }
            if (rows.Left(date) is > 0 and var left)
            {
                throw new DifferenceException(
                    $"{log.Where}, date {date}: {left} rows that capture {withdrawn.Capture} of shard {shard} withdraws are not in the "
                    + "table. The table is as it was; run `pipeline verify --deep`.");
            }
        }
        var draft = new CommitDraft
        {
            Kind = CommitKind.Withdraw, Reason = "withdraw", Withdraws = (shard, withdrawn.Capture), Remove = removed, Add = added,
            Shards = rows.ShardTotals, Dates = rows.DateTotals, Metadata = state.Withdrawing($"{shard}/{withdrawn.Capture}"),
        };
        switch (await new Committer(log, waiting).TryCommitAsync(state, draft, cancel))
        {
            case CommitResult.Committed committed:
                await CloseAsync(committed.State, cancel);
                return new(_dataset, withdrawn.Capture, Sums.Zero.Rows - Sums.Of(rows.DateTotals.Select(date => date.Sums)).Rows,
                    committed.State.Version);
            default:
                return null;
        }
    }

    /// <summary>6, where a removal is open.</summary>
    private async Task<TableState> CloseAsync(TableState state, CancellationToken cancel)
    {
        if (state.OpenWithdrawal is null)
        {
            return state;
        }
        var draft = new CommitDraft { Kind = CommitKind.Withdraw, Reason = "close", Metadata = state.Withdrawing(null) };
        return (await new Committer(log, waiting).TryCommitAsync(state, draft, cancel)).State;
    }
}
