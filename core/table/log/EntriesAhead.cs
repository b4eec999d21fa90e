namespace Pipeline.Core.Table.Log;

/// <summary>
/// Reads a log's entries in rising order, several requests at a time: a pass over a long log is bound by the store's latency otherwise.
/// One caller at a time.
/// </summary>
/// <param name="upTo">No entry above this one is asked for.</param>
public sealed class EntriesAhead(TableLog log, long upTo = long.MaxValue) : IAsyncDisposable
{
    private const int Window = 16;

    private readonly Queue<Task<TableCommit?>> _window = new();
    private long _first;

    /// <summary>The entry, or null where it is absent. Fastest when <paramref name="version"/> is one more than that of the call
    /// before.</summary>
    /// <exception cref="PipelineException">The entry cannot be read.</exception>
    public async Task<TableCommit?> ReadAsync(long version, CancellationToken cancel)
    {
        if (_first != version)
        {
            await DisposeAsync();
            _first = version;
        }
        while (_window.Count < Window && _first + _window.Count <= upTo)
        {
            _window.Enqueue(log.ReadEntryAsync(_first + _window.Count, cancel));
        }
        if (!_window.TryDequeue(out var first))
        {
            return null;
        }
        _first++;
        try
        {
            if (await first is { } entry)
            {
                return entry;
            }
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
        // The log grows at its end: the requests behind an absent entry were too early.
        await DisposeAsync();
        return null;
    }

    /// <summary>Waits for the requests under way, whose answers nobody wants any more.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_window.TryDequeue(out var rest))
        {
            await ((Task)rest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }
}
