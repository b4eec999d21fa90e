using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>The cold pages of the shard that this process writes: puts those that its captures make, and finds what is cold.</summary>
internal sealed class ColdShelf(CaptureStore captures, StoreRetry retry) : IDisposable
{
    private ColdPages? _pages;
    private Dictionary<string, (long Page, long Sequence)> _streams = [];

    /// <summary>The retired streams that are cold: key in the state and sequence.</summary>
    public IReadOnlyDictionary<string, long> Streams =>
        _streams.ToDictionary(stream => stream.Key, stream => stream.Value.Sequence, StringComparer.Ordinal);

    /// <param name="state">As its snapshot has it.</param>
    /// <param name="streams">Whether it is read which streams are cold.</param>
    public async Task OpenAsync(ShardState state, bool streams, CancellationToken cancel)
    {
        _pages?.Dispose();
        _pages = new ColdPages(captures, state, retry);
        _streams = streams ? await _pages.StreamsAsync(cancel) : [];
    }

    public Task FindAsync(ColdParts parts, IEnumerable<ReadEntry> reads, CancellationToken cancel) => _pages is { IsEmpty: false } pages
        ? parts.FindAsync(reads, pages, _streams, cancel) : Task.CompletedTask;

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
            foreach (var (key, sequence) in page.Streams)
            {
                _streams[key] = (page.Page, sequence);
            }
        }
        state.Cooled.Clear();
    }

    public void Dispose() => _pages?.Dispose();
}
