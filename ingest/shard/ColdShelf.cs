using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>The cold pages of the shard that this process writes: puts those that its captures make, and finds what is cold.</summary>
internal sealed class ColdShelf(CaptureStore captures, StoreRetry retry) : IDisposable
{
    private ColdPages? _pages;

    /// <param name="state">As its snapshot has it.</param>
    public void Open(ShardState state)
    {
        _pages?.Dispose();
        _pages = new ColdPages(captures, state, retry);
    }

    public Task FindAsync(ColdParts parts, IEnumerable<ReadEntry> reads, CancellationToken cancel) => _pages is { IsEmpty: false } pages
        ? parts.FindAsync(reads, pages, cancel) : Task.CompletedTask;

    /// <summary>Puts the pages that the state made, before anything that relies on them: the next capture, and the snapshot.</summary>
    /// <exception cref="ForkException">The store has another page there.</exception>
    public async Task PutAsync(ShardState state, CancellationToken cancel)
    {
        foreach (var page in state.Cooled)
        {
            var bytes = await _pages!.EncodeAsync(page, cancel);
            if (await retry.PutAsync(captures.Store, CaptureNames.Cold(state.Shard, page.Page), bytes, cancel) == PutOutcome.Other
                && (await ColdPages.ReadAsync(captures, state.Shard, page.Page, cancel))?.Page.Hash != page.Hash)
            {
                throw new Fork(state.Shard, page.Capture, $"its cold page {page.Page} has other files than its captures fold to")
                    .ToException();
            }
            await _pages!.AddAsync(page, cancel);
        }
        state.Cooled.Clear();
    }

    /// <summary>Every retired stream that is cold: key in the state and sequence.</summary>
    public async Task<IReadOnlyDictionary<string, long>> StreamsAsync(ShardState state, CancellationToken cancel)
    {
        var streams = new Dictionary<string, long>(StringComparer.Ordinal);
        if (state.Cold is { Streams: > 0 })
        {
            await foreach (var page in _pages!.NewestFirstAsync(cancel))
            {
                foreach (var (key, sequence) in page.Streams)
                {
                    streams.TryAdd(key, sequence);
                }
            }
        }
        return streams;
    }

    public void Dispose() => _pages?.Dispose();
}
