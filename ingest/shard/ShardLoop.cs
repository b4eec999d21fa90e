using System.Collections.Concurrent;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>
/// One shard of ingest. Sources offer blocks; each becomes part of a capture, and is acknowledged when that capture is on stable
/// storage: 1 gather — 2 parse — 3 cut — 4 put — 5 acknowledge — 6 publish. Blocks are parsed side by side while the one capture that
/// is under way is put.
/// </summary>
public sealed class ShardLoop : IBlockSink, IDisposable
{
    /// <summary>The most blocks that are queued or being parsed: with 1 MiB blocks this bounds what ingest holds.</summary>
    public const int MaxBlocks = 12;

    private readonly BlockEncoder _encoder;
    private readonly CaptureDraft _draft;
    private readonly OutstandingBlocks _blocks;
    private readonly ShardWriter _writer;
    private readonly Workers _workers;
    private readonly TimeProvider _time;
    private readonly ShardOptions _options;
    private readonly ConcurrentDictionary<(string Source, string Note), long> _notes = new();

    /// <param name="retry">Waits out the capture store, and tells the time.</param>
    public ShardLoop(
        string shard, CaptureStore captures, BlockEncoder encoder, StoreRetry retry, Workers workers, ShardOptions? options = null)
    {
        (Shard, _encoder, _workers, _time, _options) = (shard, encoder, workers, retry.Time, options ?? new());
        _draft = new CaptureDraft(encoder.Contracts, _options.Limits.CaptureBytes);
        _blocks = new OutstandingBlocks(shard, MaxBlocks);
        _writer = new ShardWriter(shard, captures, new CaptureDraft(encoder.Contracts), retry, _options);
    }

    public string Shard { get; }

    /// <summary>The state up to the newest acknowledged capture. Read it only before <see cref="RunAsync"/> starts or after it
    /// ended.</summary>
    public ShardState State => _writer.State;

    /// <summary>See <see cref="ShardWriter.ColdStreams"/>.</summary>
    internal IReadOnlyDictionary<string, long> ColdStreams => _writer.ColdStreams;

    /// <summary>The fault that stopped the shard, or null.</summary>
    public Exception? Fault => _blocks.Failure;

    public void Note(string source, string note) => _notes.AddOrUpdate((source, note), 1, static (_, n) => n + 1);

    /// <summary>
    /// Restores the shard's state and claims it with an empty capture (rule 5). No line is accepted before the claim is made. The
    /// sources become this shard's for good (rule 8).
    /// </summary>
    /// <exception cref="DifferenceException">A fork, or a damaged capture.</exception>
    /// <exception cref="PolicyException">A source belongs to another shard.</exception>
    public Task ClaimAsync(IEnumerable<string> sources, CancellationToken cancel) => _writer.ClaimAsync(sources, cancel);

    public ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel) =>
        _blocks.OfferAsync(() => _workers.Run(() => _encoder.Encode(block)), cancel);

    /// <summary>Stop: everything offered before is still captured, then <see cref="RunAsync"/> returns.</summary>
    public void Complete() => _blocks.Complete();

    /// <summary>
    /// Whether another process wrote the capture that would be our next (rule 32): asked before a push is refused for its number. Where
    /// one did, the shard stops: an idle one would otherwise never find out.
    /// </summary>
    public async Task<bool> IsFencedAsync(CancellationToken cancel)
    {
        if (Fault is not FencedException && await _writer.TakenByAnotherAsync(cancel) is { } number)
        {
            _blocks.Fail(new FencedException(Shard, number));
        }
        return Fault is FencedException;
    }

    /// <summary>
    /// Runs until <see cref="Complete"/> was called and everything offered is captured. Cancelling abandons: nothing more is
    /// acknowledged.
    /// </summary>
    /// <exception cref="FencedException">A newer process has the shard.</exception>
    /// <exception cref="DifferenceException">A snapshot that others wrote is not of these captures.</exception>
    public async Task RunAsync(CancellationToken abandon)
    {
        try
        {
            var (permits, last) = ((double)_options.Flush.Burst, _time.GetTimestamp());
            while (await _blocks.WaitAsync(abandon))
            {
                // 1 gather, 2 parse, 3 cut
                var full = await GatherAsync();
                var (wait, now) = _options.Flush.Decide(permits, _time.GetElapsedTime(last), full);
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, _time, abandon);
                    await GatherAsync();
                    now = 1;
                }
                (permits, last) = (Math.Max(0, now - 1), _time.GetTimestamp());
                // 4 put
                var capture = await _writer.PutAsync(_draft, TakeNotes(), abandon);
                // 5 acknowledge
                _blocks.Acknowledge(capture);
                // 6 publish
                Publish(capture);
            }
            if (!_notes.IsEmpty)
            {
                await _writer.PutAsync(_draft, TakeNotes(), abandon);
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
        _writer.Dispose();
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

    private void Publish(Capture capture)
    {
        foreach (var told in _options.Told)
        {
            told.Tell(Shard, capture);
        }
    }

    private List<ReadEntry> TakeNotes()
    {
        var reads = new List<ReadEntry>();
        foreach (var key in _notes.Keys.Order())
        {
            if (_notes.TryRemove(key, out var count))
            {
                var notes = new SortedDictionary<string, long>(StringComparer.Ordinal) { [key.Note] = count };
                reads.Add(new ReadEntry { Source = key.Source, Format = "", From = 0, To = 0, Check = "", Lines = 0, Notes = notes });
            }
        }
        return reads;
    }
}
