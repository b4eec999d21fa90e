using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>
/// A shard's captures, as the one process that writes them knows them: 1 restore the state and claim the shard with an empty capture —
/// then, for each draft, 2 put it under the next number until the outcome is known — 3 fold it in — 4 write the cold page that it made,
/// and the snapshot that is due.
/// One put is under way at a time.
/// </summary>
internal sealed class ShardWriter(
    string shard, CaptureStore captures, CaptureDraft empty, StoreRetry retry, ShardOptions options) : IDisposable
{
    private readonly SemaphoreSlim _putting = new(1);
    private readonly ColdShelf _cold = new(captures, retry);
    private DateTimeOffset? _headCreated;

    /// <summary>The state up to the newest capture that was put or found.</summary>
    public ShardState State { get; private set; } = captures.Empty(shard);

    /// <summary>The retired streams that were cold when the shard was claimed: key in the state and sequence.</summary>
    public IReadOnlyDictionary<string, long> ColdStreams { get; private set; } = new Dictionary<string, long>();

    /// <summary>1: then the sources become this shard's for good. No line is accepted before both are done.</summary>
    /// <exception cref="DifferenceException">A fork, or a damaged capture.</exception>
    /// <exception cref="PolicyException">A source belongs to another shard.</exception>
    public async Task ClaimAsync(IEnumerable<string> sources, CancellationToken cancel)
    {
        var wanted = sources.ToList();
        foreach (var source in wanted)
        {
            var owner = await retry.UntilAnsweredAsync(() => SourceOwner.OwnerAsync(captures.Store, source, cancel), cancel);
            SourceOwner.Check(captures.Store, source, owner, shard);
        }
        State = await captures.SoundSnapshotAsync(shard, options.PassedOver, cancel);
        await _cold.OpenAsync(State, options.TakesPushes, cancel);
        await FoldOnAsync(cancel);
        _headCreated = State.Head is { } head
            ? (await captures.Store.FindAsync(CaptureNames.Capture(shard, head.Number), cancel))?.Created : null;
        while (await TryPutAsync(empty, [], cancel) is null)
        {
            // Another process claimed this number: it is older now, and its captures are folded in.
            var before = State.Next;
            await FoldOnAsync(cancel);
            if (State.Next == before)
            {
                throw new FencedException(shard, before);
            }
        }
        foreach (var source in wanted)
        {
            await SourceOwner.ClaimAsync(captures.Store, source, shard, retry, cancel);
        }
        ColdStreams = _cold.Streams;
    }

    /// <summary>2 to 4. The draft is cleared once its capture is folded in.</summary>
    /// <exception cref="FencedException">A newer process has the number.</exception>
    public async Task<Capture> PutAsync(CaptureDraft draft, IEnumerable<ReadEntry> notes, CancellationToken cancel) =>
        await TryPutAsync(draft, notes, cancel) ?? throw new FencedException(shard, State.Next);

    /// <summary>The next number if another process wrote it; null where it is free. Waits for a put that is under way.</summary>
    public async Task<long?> TakenByAnotherAsync(CancellationToken cancel)
    {
        await _putting.WaitAsync(cancel);
        try
        {
            return await captures.Store.FindAsync(CaptureNames.Capture(shard, State.Next), cancel) is null ? null : State.Next;
        }
        finally
        {
            _putting.Release();
        }
    }

    public void Dispose()
    {
        _putting.Dispose();
        _cold.Dispose();
    }

    /// <summary>Null: the number is another process's.</summary>
    private async Task<Capture?> TryPutAsync(CaptureDraft draft, IEnumerable<ReadEntry> notes, CancellationToken cancel)
    {
        await _putting.WaitAsync(cancel);
        try
        {
            // 2
            var cold = new ColdParts(options.Cold.Decide(State));
            await _cold.FindAsync(cold, draft.Unknown(State), cancel);
            var (bytes, header) = draft.Encode(State, options.Session, notes, captures.Key, cold);
            var name = CaptureNames.Capture(shard, header.Number);
            using var span = Spans.Put(shard, header.Number, bytes);
            if (await retry.PutAsync(captures.Store, name, bytes, cancel) == PutOutcome.Other)
            {
                return null;
            }
            await CheckNameIsNotExpiredAsync(name, header.Number, cancel);
            // 3
            var capture = new Capture(new Link(header.Number, Sha256.Of(bytes)), header, bytes);
            if (State.Apply(header, capture.Link) is { } fork)
            {
                throw new InvalidOperationException($"a capture of our own does not continue our state: {fork.Reason}");
            }
            draft.Clear();
            // 4
            await _cold.PutAsync(State, cancel);
            await SnapshotIfDueAsync(cancel);
            return capture;
        }
        finally
        {
            _putting.Release();
        }
    }

    /// <summary>Folds the captures that follow; pages and snapshots that a crash left out are written.</summary>
    private async Task FoldOnAsync(CancellationToken cancel)
    {
        while (await captures.ReadAsync(shard, State.Next, cancel) is { } capture)
        {
            if (State.Apply(capture.Header, capture.Link) is { } fork)
            {
                throw fork.ToException();
            }
            await _cold.PutAsync(State, cancel);
            await SnapshotIfDueAsync(cancel);
        }
    }

    private async Task SnapshotIfDueAsync(CancellationToken cancel)
    {
        if (State.Next % options.Limits.SnapshotEvery != 0)
        {
            return;
        }
        var number = State.Next - 1;
        var bytes = SnapshotFile.Encode(State, captures.Key);
        if (await retry.PutAsync(captures.Store, CaptureNames.Snapshot(shard, number), bytes, cancel) != PutOutcome.Other)
        {
            return;
        }
        ShardState? there;
        try
        {
            there = await captures.ReadSnapshotAsync(shard, number, cancel);
        }
        catch (DifferenceException e)
        {
            // The captures before it stand: they were folded to come here.
            options.PassedOver?.Invoke(e);
            return;
        }
        if (there is not null && !there.ToJson().AsSpan().SequenceEqual(State.ToJson()))
        {
            throw new Fork(shard, number, "its snapshot holds another state than its captures fold to").ToException();
        }
    }

    /// <summary>Rule 7: after a day of silence by the store's clock, a free name may be one that expired under a newer process.</summary>
    private async Task CheckNameIsNotExpiredAsync(string name, long number, CancellationToken cancel)
    {
        var created = (await retry.UntilAnsweredAsync(() => captures.Store.FindAsync(name, cancel), cancel))?.Created;
        var longAgo = number > 0 && (_headCreated is not { } before || created is not { } now || now - before > TimeSpan.FromDays(1));
        if (longAgo && await retry.UntilAnsweredAsync(() => captures.NewestSnapshotAsync(shard, cancel), cancel) is { } newest
            && newest >= number)
        {
            throw new FencedException(shard, number);
        }
        _headCreated = created;
    }
}
