using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>What a shard's captures say of its state: restored and claimed at a start, written down every so many captures, and looked at again after a long silence.</summary>
public sealed partial class ShardLoop
{
    /// <summary>
    /// Restores the shard's state and claims it with an empty capture (rule 5), then makes the sources this shard's for ever (rule 8).
    /// No line is accepted before both are done.
    /// </summary>
    /// <exception cref="PipelineException">3: a fork. 4: a source belongs to another shard.</exception>
    public async Task ClaimAsync(IEnumerable<string> sources, CancellationToken cancel)
    {
        var wanted = sources.ToList();
        foreach (var source in wanted)
        {
            SourceOwner.Check(_captures.Store, source, await UntilAnsweredAsync(() => SourceOwner.OwnerAsync(_captures.Store, source, cancel), 0, cancel), Shard);
        }
        _state = await RestoreAsync(cancel);
        _headCreated = _state.Head is { } head ? (await _captures.Store.FindAsync(CaptureNames.Capture(Shard, head.Number), cancel))?.Created : null;
        _draft.Clear();
        while (await PutAsync(cancel) is null)
        {
            // Another process claimed this number: it is older now, and what it wrote is folded in.
            var before = _state.Next;
            await FoldOnAsync(_state, cancel);
            if (_state.Next == before)
            {
                throw new FencedException(Shard, before);
            }
        }
        foreach (var source in wanted)
        {
            await SourceOwner.ClaimAsync(_captures.Store, source, Shard, _time, fault => _events?.Waiting(Shard, 0, fault), cancel);
        }
    }

    /// <summary>The newest snapshot and what follows it; snapshots that a crash left out are written.</summary>
    private async Task<ShardState> RestoreAsync(CancellationToken cancel)
    {
        var state = await _captures.SnapshotAsync(Shard, cancel);
        await FoldOnAsync(state, cancel);
        return state;
    }

    private async Task FoldOnAsync(ShardState state, CancellationToken cancel)
    {
        while (await _captures.ReadAsync(Shard, state.Next, cancel) is { } capture)
        {
            if (state.Apply(capture.Header, capture.Link) is { } fork)
            {
                throw fork.ToException();
            }
            await SnapshotIfDueAsync(state, cancel);
        }
    }

    private async Task SnapshotIfDueAsync(ShardState state, CancellationToken cancel)
    {
        if (state.Next % _limits.SnapshotEvery != 0)
        {
            return;
        }
        var number = state.Next - 1;
        var outcome = await Puts.UntilKnownAsync(
            _captures.Store, CaptureNames.Snapshot(Shard, number), SnapshotFile.Encode(state, _captures.Key), _time,
            fault => _events?.Waiting(Shard, number, fault), cancel);
        if (outcome == PutOutcome.Other && await _captures.ReadSnapshotAsync(Shard, number, cancel) is { } there && !there.ToJson().AsSpan().SequenceEqual(state.ToJson()))
        {
            throw new Fork(Shard, number, "its snapshot holds another state than its captures fold to").ToException();
        }
    }

    /// <summary>Rule 7: after a day of silence by the store's clock, a free name may be one that expired under a newer process.</summary>
    private async Task CheckNameIsNotExpiredAsync(string name, long number, CancellationToken cancel)
    {
        var created = (await UntilAnsweredAsync(() => _captures.Store.FindAsync(name, cancel), number, cancel))?.Created;
        var longAgo = number > 0 && (_headCreated is not { } before || created is not { } now || now - before > TimeSpan.FromDays(1));
        if (longAgo && await UntilAnsweredAsync(() => _captures.NewestSnapshotAsync(Shard, cancel), number, cancel) is { } newest && newest >= number)
        {
            throw new FencedException(Shard, number);
        }
        _headCreated = created;
    }
}
