using Pipeline.Core.Store;

namespace Pipeline.Cli.Roles;

/// <summary>
/// Tells the beginning and the end of a store's outage, and gives up after a limit where there is one: an import that waits for ever is no
/// use to the script that started it.
/// Safe to use from many threads.
/// </summary>
internal sealed class OutageWatch(TimeProvider time, TimeSpan? limit, Action<string> log) : IDisposable
{
    private readonly CancellationTokenSource _given = new();
    private readonly Lock _lock = new();
    private long? _since;

    /// <summary>Cancelled when an outage has lasted for the limit.</summary>
    public CancellationToken GivenUp => _given.Token;

    /// <summary>The fault of the outage that was given up; null where none was.</summary>
    public StoreException? Fault { get; private set; }

    public void Waiting(StoreException fault)
    {
        lock (_lock)
        {
            if (_since is null)
            {
                _since = time.GetTimestamp();
                log($"outage fault={fault.Fault.ToString().ToLowerInvariant()} \"{fault.Message}\"");
            }
            else if (limit is { } most && time.GetElapsedTime(_since.Value) >= most && Fault is null)
            {
                Fault = fault;
                _ = _given.CancelAsync();
            }
        }
    }

    public void Answered()
    {
        // Read without the lock: an answer per capture is no place to queue.
        if (_since is null)
        {
            return;
        }
        lock (_lock)
        {
            if (_since is { } since)
            {
                log($"outage-over seconds={time.GetElapsedTime(since).TotalSeconds:F0}");
                _since = null;
            }
        }
    }

    public void Dispose() => _given.Dispose();
}
