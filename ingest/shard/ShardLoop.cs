using System.Collections.Concurrent;
using System.Security.Cryptography;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>What a shard tells those around it, once per capture.</summary>
public interface IShardEvents
{
    /// <summary>A capture is durable and acknowledged; its bytes may be published, best effort.</summary>
    void Captured(string shard, Capture capture);

    /// <summary>The store does not answer; the same bytes will be put again. The number is that of the capture under way; 0 while a start claims its sources.</summary>
    void Waiting(string shard, long number, StoreException fault);
}

/// <summary>
/// How large a capture grows before it is cut, in bytes, and after how many captures a snapshot is written. Every process of a shard must have the same;
/// tests make them small, so that cuts and snapshots are many.
/// </summary>
public sealed record ShardLimits(int CaptureBytes, int SnapshotEvery)
{
    public static ShardLimits Protocol { get; } = new(CaptureFile.MaxBytes, ShardState.SnapshotEvery);
}

/// <summary>
/// One shard of ingest. Sources offer blocks; each becomes part of a capture, and is acknowledged when that capture is on stable storage:
/// 1 gather — 2 parse — 3 cut — 4 put — 5 acknowledge — 6 publish.
/// One capture is under way at a time (rule 6); blocks are parsed side by side meanwhile.
/// </summary>
public sealed partial class ShardLoop : IBlockSink, IDisposable
{
    /// <summary>The most blocks that are queued or being parsed: with 1 MiB blocks this bounds what ingest holds.</summary>
    public const int MaxBlocks = 12;

    private readonly CaptureStore _captures;
    private readonly BlockEncoder _encoder;
    private readonly CaptureDraft _draft;
    private readonly ShardLimits _limits;
    private readonly FlushPolicy _policy;
    private readonly Workers _workers;
    private readonly TimeProvider _time;
    private readonly IShardEvents? _events;
    private readonly string _session;
    private readonly OutstandingBlocks _blocks;
    private readonly SemaphoreSlim _putting = new(1);
    private readonly ConcurrentDictionary<(string Source, string Note), long> _notes = new();
    private ShardState _state;
    private DateTimeOffset? _headCreated;

    public ShardLoop(string shard, CaptureStore captures, IReadOnlyList<Contract> contracts, BlockEncoder encoder, FlushPolicy policy, Workers workers, TimeProvider time, IShardEvents? events = null, string? session = null, ShardLimits? limits = null)
    {
        Shard = shard;
        _blocks = new OutstandingBlocks(shard, MaxBlocks);
        _captures = captures;
        _encoder = encoder;
        _limits = limits ?? ShardLimits.Protocol;
        _draft = new CaptureDraft(contracts, _limits.CaptureBytes);
        _policy = policy;
        _workers = workers;
        _time = time;
        _events = events;
        _session = session ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        _state = captures.Empty(shard);
    }

    public string Shard { get; }

    /// <summary>The state up to the newest acknowledged capture. Read it only before <see cref="RunAsync"/> starts or after it ended.</summary>
    public ShardState State => _state;

    public void Note(string source, string note) => _notes.AddOrUpdate((source, note), 1, static (_, n) => n + 1);

    public ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel) =>
        _blocks.OfferAsync(() => _workers.Run(() => _encoder.Encode(block)), cancel);

    /// <summary>Stop: what was offered is still captured, then <see cref="RunAsync"/> returns.</summary>
    public void Complete() => _blocks.Complete();

    /// <summary>Whether another process wrote the capture that would be our next (rule 32): asked before a push is refused for its number.</summary>
    public async Task<bool> IsFencedAsync(CancellationToken cancel)
    {
        await _putting.WaitAsync(cancel);
        try
        {
            return _blocks.Failure is FencedException || await _captures.Store.FindAsync(CaptureNames.Capture(Shard, _state.Next), cancel) is not null;
        }
        finally
        {
            _putting.Release();
        }
    }

    /// <summary>Runs until <see cref="Complete"/> was called and everything offered is captured. Cancelling abandons: nothing that is not yet on stable storage is acknowledged.</summary>
    public async Task RunAsync(CancellationToken abandon)
    {
        try
        {
            var (permits, last) = ((double)_policy.Burst, _time.GetTimestamp());
            while (await _blocks.WaitAsync(abandon))
            {
                // 1 gather, 2 parse, 3 cut
                var full = await GatherAsync();
                var (wait, now) = _policy.Decide(permits, _time.GetElapsedTime(last), full);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, _time, abandon);
                    await GatherAsync();
                    now = 1;
                }
                (permits, last) = (Math.Max(0, now - 1), _time.GetTimestamp());
                // 4 put
                var capture = await PutAsync(abandon) ?? throw new FencedException(Shard, _state.Next);
                // 5 acknowledge
                _blocks.Acknowledge(capture);
                // 6 publish
                _events?.Captured(Shard, capture);
            }
            if (!_notes.IsEmpty)
            {
                _ = await PutAsync(abandon) ?? throw new FencedException(Shard, _state.Next);
            }
        }
        catch (Exception e)
        {
            _blocks.Fail(e);
            throw;
        }
    }

    public void Dispose()
    {
        _blocks.Dispose();
        _putting.Dispose();
    }

    /// <summary>Adds what is queued to the draft, in order. True where it is full: the next block must begin the next capture.</summary>
    private async Task<bool> GatherAsync()
    {
        while (_blocks.TryPeek(out var next))
        {
            if (!_draft.TryAdd(await next.Encoded))
            {
                return true;
            }
            _blocks.Draft();
        }
        return false;
    }

    /// <summary>Puts the draft as the next capture until the outcome is known, and folds it. Null: the number is another process's.</summary>
    private async Task<Capture?> PutAsync(CancellationToken cancel)
    {
        await _putting.WaitAsync(cancel);
        try
        {
            var (bytes, header) = _draft.Encode(_state, _session, TakeNotes(), _captures.Key);
            var name = CaptureNames.Capture(Shard, header.Number);
            using var span = Spans.Put(Shard, header.Number, bytes);
            if (await Puts.UntilKnownAsync(_captures.Store, name, bytes, _time, fault => _events?.Waiting(Shard, header.Number, fault), cancel) == PutOutcome.Other)
            {
                return null;
            }
            await CheckNameIsNotExpiredAsync(name, header.Number, cancel);
            var capture = new Capture(new Link(header.Number, Sha256.Of(bytes)), header, bytes);
            if (_state.Apply(header, capture.Link) is { } fork)
            {
                throw new InvalidOperationException($"a capture of our own does not continue our state: {fork.Reason}");
            }
            _draft.Clear();
            await SnapshotIfDueAsync(_state, cancel);
            return capture;
        }
        finally
        {
            _putting.Release();
        }
    }

    private List<ReadEntry> TakeNotes()
    {
        var reads = new List<ReadEntry>();
        foreach (var key in _notes.Keys.Order())
        {
            if (_notes.TryRemove(key, out var count))
            {
                reads.Add(new ReadEntry { Source = key.Source, Format = "", From = 0, To = 0, Check = "", Lines = 0, Notes = new(StringComparer.Ordinal) { [key.Note] = count } });
            }
        }
        return reads;
    }

    private async Task<T> UntilAnsweredAsync<T>(Func<Task<T>> ask, long number, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (StoreException e) when (e.Fault != StoreFault.Refused)
            {
                _events?.Waiting(Shard, number, e);
                await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancel);
            }
        }
    }
}
