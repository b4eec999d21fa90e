using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Roles;

/// <summary>A shard that is claimed when the first block comes: an import that finds nothing new writes nothing at all.</summary>
/// <param name="seen">The shard's state from which the cursors were made; the claim must continue it.</param>
internal sealed class LazyShard(ShardLoop loop, ShardState seen, TimeProvider time, CancellationToken abandon) : IBlockSink
{
    private static readonly TimeSpan ClaimLimit = TimeSpan.FromSeconds(60);

    private readonly long _expected = seen.Next + 1;
    private readonly Lock _lock = new();
    private Task? _claim;
    private Task? _run;

    public async ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel)
    {
        Task claim;
        lock (_lock)
        {
            claim = _claim ??= ClaimAsync();
        }
        await claim;
        return await loop.OfferAsync(block, cancel);
    }

    public void Note(string source, string note) => loop.Note(source, note);

    /// <summary>Waits until everything offered is captured; throws what stopped the shard.</summary>
    public async Task FinishAsync()
    {
        if (_run is { } run)
        {
            loop.Complete();
            await run;
        }
    }

    /// <summary>After `abandon` was cancelled: waits until the shard does nothing more, so that its lock can be given back.</summary>
    public async Task EndAsync()
    {
        Task? claim;
        lock (_lock)
        {
            claim = _claim ??= Task.CompletedTask;
        }
        await claim.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_run ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ClaimAsync()
    {
        using var limit = new CancellationTokenSource(ClaimLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, abandon);
        try
        {
            await loop.ClaimAsync([loop.Shard], either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !abandon.IsCancellationRequested)
        {
            throw new StoreException(StoreFault.Outage,
                $"the capture store did not take the claim of shard {loop.Shard} within {ClaimLimit.TotalSeconds} s.");
        }
        if (loop.State.Next != _expected)
        {
            throw new OutageException(
                $"another process wrote captures {_expected - 1} to {loop.State.Next - 2} of shard {loop.Shard} while this one started. " +
                $"Nothing was read; run the import again when the other has ended.");
        }
        _run = loop.RunAsync(abandon);
    }
}

/// <summary>Parses and classifies blocks, and captures nothing.</summary>
internal sealed class DryRunSink(BlockEncoder encoder, Workers workers) : IBlockSink, IDisposable
{
    private static readonly Link Nowhere = new(0, Sha256.Of([]));

    private readonly SemaphoreSlim _room = new(ShardLoop.MaxBlocks);

    public async ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel)
    {
        await _room.WaitAsync(cancel);
        return EncodeAsync(block);
    }

    public void Dispose() => _room.Dispose();

    private async Task<BlockOutcome> EncodeAsync(SourceBlock block)
    {
        try
        {
            var encoded = await workers.Run(() => encoder.Encode(block));
            return new BlockOutcome(Nowhere, encoded.Read, encoded.Rows.ToDictionary(r => r.Dataset, r => r.Rows), encoded.Rejected);
        }
        finally
        {
            _room.Release();
        }
    }
}
