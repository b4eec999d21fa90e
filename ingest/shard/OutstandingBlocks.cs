using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Shard;

/// <summary>A block that was offered, and the outcome that its source waits for.</summary>
internal sealed record OutstandingBlock(Task<EncodedBlock> Encoded, TaskCompletionSource<BlockOutcome> Outcome);

/// <summary>
/// Owns every block of a shard from its offer to its outcome: first in the queue, then in the draft. A block leaves only by being
/// acknowledged or failed, so a fault of the shard reaches all of them and no source waits for a block that nothing holds. Any thread
/// may offer, complete or fail; one loop waits, peeks, drafts and acknowledges.
/// </summary>
/// <param name="limit">The most blocks that are queued or being encoded; a source that offers more waits.</param>
internal sealed class OutstandingBlocks(string shard, int limit) : IDisposable
{
    private readonly SemaphoreSlim _room = new(limit);
    private readonly Channel<OutstandingBlock> _queue = Channel.CreateUnbounded<OutstandingBlock>();
    private readonly Lock _lock = new();
    private readonly List<OutstandingBlock> _drafted = [];
    private Exception? _failure;

    /// <summary>The fault that stopped the shard, or null.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Waits for room and queues the block. The inner task is its outcome.</summary>
    /// <exception cref="FencedException">A newer process has the shard.</exception>
    /// <exception cref="ShardStoppedException">The shard has stopped or is stopping.</exception>
    public async ValueTask<Task<BlockOutcome>> OfferAsync(Func<Task<EncodedBlock>> encode, CancellationToken cancel)
    {
        await _room.WaitAsync(cancel);
        try
        {
            ThrowIfFailed();
            var block = new OutstandingBlock(encode(), new(TaskCreationOptions.RunContinuationsAsynchronously));
            if (!_queue.Writer.TryWrite(block))
            {
                ThrowIfFailed();
                throw new ShardStoppedException(shard, null);
            }
            return block.Outcome.Task;
        }
        catch
        {
            // The next one that waits for room finds the same fault, and lets the one behind it know.
            _room.Release();
            throw;
        }
    }

    /// <summary>No more blocks: what was offered is still taken.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    /// <summary>True when a block is queued; false when <see cref="Complete"/> was called and none is left.</summary>
    /// <exception cref="Exception">The fault of <see cref="Fail"/>.</exception>
    public ValueTask<bool> WaitAsync(CancellationToken cancel) => _queue.Reader.WaitToReadAsync(cancel);

    /// <summary>The oldest queued block. It stays in the queue until <see cref="Draft"/>.</summary>
    public bool TryPeek([NotNullWhen(true)] out OutstandingBlock? oldest) => _queue.Reader.TryPeek(out oldest);

    /// <summary>Moves the oldest queued block to those of the draft; a source that waits for room goes on.</summary>
    public void Draft()
    {
        lock (_lock)
        {
            if (!_queue.Reader.TryRead(out var block))
            {
                // Failed meanwhile: it has its outcome.
                return;
            }
            _drafted.Add(block);
        }
        _room.Release();
    }

    /// <summary>The draft is this capture, on stable storage.</summary>
    public void Acknowledge(Capture capture)
    {
        lock (_lock)
        {
            foreach (var block in _drafted)
            {
                var encoded = block.Encoded.Result;
                var records = encoded.Rows.ToDictionary(r => r.Dataset, r => r.Rows);
                block.Outcome.TrySetResult(new BlockOutcome(capture.Link, encoded.Read, records, encoded.Rejected));
            }
            _drafted.Clear();
        }
    }

    /// <summary>Stops the shard: every block that is outstanding and every later offer fails. The first fault counts.</summary>
    public void Fail(Exception fault)
    {
        lock (_lock)
        {
            _failure ??= fault;
            _queue.Writer.TryComplete(_failure);
            while (_queue.Reader.TryRead(out var queued))
            {
                _drafted.Add(queued);
            }
            foreach (var block in _drafted)
            {
                block.Outcome.TrySetException(Stopped(_failure));
                // Observed: a source that has gone must not bring the process down.
                _ = block.Outcome.Task.Exception;
            }
            _drafted.Clear();
        }
        _room.Release();
    }

    public void Dispose() => _room.Dispose();

    private void ThrowIfFailed()
    {
        if (Failure is { } failure)
        {
            throw Stopped(failure);
        }
    }

    private Exception Stopped(Exception fault) => fault is FencedException ? fault : new ShardStoppedException(shard, fault);
}
