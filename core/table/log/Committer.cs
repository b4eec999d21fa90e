using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Core.Table.Log;

/// <summary>How a commit ended. In every case <see cref="State"/> is the table as it is now.</summary>
public abstract record CommitResult(TableState State)
{
    /// <summary>It is in the log, durably, at <see cref="TableState.Version"/> of the state.</summary>
    public sealed record Committed(TableState State) : CommitResult(State);

    /// <summary>Nothing was written: what is shipped of these shards is not what the draft read (rule 17: offer every frame in memory
    /// again).</summary>
    public sealed record ShippedMoved(TableState State, IReadOnlyList<string> Shards) : CommitResult(State);

    /// <summary>Nothing was written: these files to remove are no longer live (rule 19: start over).</summary>
    public sealed record InputGone(TableState State, IReadOnlyList<string> Paths) : CommitResult(State);
}

/// <summary>
/// Puts drafts into a table's log (rules 19 to 21). One at a time for each instance; any number of instances and processes on one table.
/// <paramref name="waiting"/> hears of each wait for a store that does not answer.
/// </summary>
public sealed class Committer(TableLog log, Action<StoreException>? waiting = null)
{
    private readonly IObjectStore _store = log.Store;
    private readonly string _dataset = log.Contract.Dataset;
    private readonly StoreRetry _retry = new(log.Time, waiting);

    /// <summary>
    /// 1 decide whether the draft holds over the state · 2 read the entry below again · 3 put the next entry until the outcome is known ·
    /// 4 lost: read what came between, decide anew, from 2 with the new entry below · 5 won: make sure that the win counts.
    /// Throws <see cref="PipelineException"/> with exit 3 when the table was restored under us: drop all state and stop. On cancellation
    /// the outcome is unknown: read the table again.
    /// </summary>
    public async Task<CommitResult> TryCommitAsync(TableState state, CommitDraft draft, CancellationToken cancel = default)
    {
        if (draft.Fault() is { } fault)
        {
            throw new InvalidOperationException($"a draft for {log.Where}: {fault}");
        }
        CheckContract(state);
        // One random id for each draft, so that two committers with equal drafts never take each other's entry for their own.
        var origin = log.NewOrigin();
        IReadOnlyList<TableCommit> between = [];
        for (var before = state; ;)
        {
            if (Stop(Rebase.Decide(draft, before, between), state) is { } stopped)
            {
                return stopped;
            }
            await log.CheckStandsAsync(state, cancel);
            var slot = state.Version + 1;
            var bytes = EntryWriter.Commit(draft, origin, state.EntryHash);
            var outcome = await _retry.PutAsync(_store, TableNames.Entry(_dataset, slot), bytes, cancel);
            if (outcome != PutOutcome.Other)
            {
                return new CommitResult.Committed(await WonAsync(state,
                    EntryReader.Read(log.Where, TableNames.Entry(_dataset, slot), slot, bytes), cancel));
            }
            before = state;
            (state, between) = await log.ReplayAsync(before, checkAlways: false, cancel);
            if (between.Count == 0)
            {
                throw log.Restored(slot, "the slot was taken and is free again");
            }
        }
    }

    private CommitResult? Stop(RebaseDecision decision, TableState state) => decision switch
    {
        RebaseDecision.Proceed => null,
        RebaseDecision.ShippedMoved moved => new CommitResult.ShippedMoved(state, moved.Shards),
        RebaseDecision.InputGone gone => new CommitResult.InputGone(state, gone.Paths),
        RebaseDecision.Refused refused => throw new DifferenceException(
            $"{log.Where}: a commit over version {state.Version} was refused: {refused.Reason}. Expected the table that the commit was " +
            $"made for. Start again, which reads the table anew."),
        _ => throw new InvalidOperationException($"a decision of type {decision.GetType().Name}"),
    };

    /// <summary>
    /// A win counts only where the entry below is still the one that was named, and no checkpoint lies at or above the slot: one that does
    /// was made of entries that
    /// a restore took away (rule 21). A checkpoint is no such sign when it was made of our entry, or when the entries from ours up to it
    /// stand on ours: then others went on while this process slept.
    /// </summary>
    private async Task<TableState> WonAsync(TableState below, TableCommit ours, CancellationToken cancel)
    {
        await _retry.UntilAnsweredAsync(async () =>
        {
            await log.CheckStandsAsync(below, cancel);
            return true;
        }, cancel);
        var above = await _retry.UntilAnsweredAsync(() => log.Checkpoints.AtOrAboveAsync(ours.Version, cancel), cancel);
        var state = below.Next(ours);
        if (above is { } at && !await _retry.UntilAnsweredAsync(
            () => at == ours.Version ? IsOfAsync(state, ours, cancel) : StandsOnAsync(ours, at, cancel), cancel))
        {
            throw log.Restored(ours.Version, $"it was free, although there is a checkpoint of entry {at}");
        }
        if (ours.Version % Checkpoint.Interval == 0)
        {
            await Checkpoint.WriteAsync(_store, _dataset, state, cancel);
        }
        return state;
    }

    private async Task<bool> StandsOnAsync(TableCommit ours, long upTo, CancellationToken cancel)
    {
        var below = ours.Hash;
        for (var version = ours.Version + 1; version <= upTo; version++)
        {
            if (await log.ReadEntryAsync(version, cancel) is not { } entry || !entry.Foreign && entry.Below != below)
            {
                return false;
            }
            below = entry.Hash;
        }
        return true;
    }

    /// <summary>Whether the checkpoint at our own version was made of our entry, as another engine may do at any time.</summary>
    private async Task<bool> IsOfAsync(TableState state, TableCommit ours, CancellationToken cancel) =>
        await Checkpoint.ReadAsync(_store, _dataset, ours.Version, ours.Hash, cancel) is { } found
        && found.Files.Count == state.Files.Count && ours.Added.All(file => found.Files.ContainsKey(file.Path))
            && ours.Shipped.All(pair => found.Shipped.TryGetValue(pair.Key, out var link) && link == pair.Value);

    private void CheckContract(TableState state)
    {
        if (state.Contract != log.Contract.Sha256)
        {
            throw new ConfigurationException(
                $"{log.Where}: the table is under contract {state.Contract}, this program has {log.Contract.Sha256} (version " +
                $"{log.Contract.Version}). "
                + "A new contract takes effect by `pipeline contract apply`, never as a side effect.");
        }
    }
}
