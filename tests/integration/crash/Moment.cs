namespace Pipeline.Tests.Integration.Crash;

/// <summary>How long a whole run takes, and how many names come and go in its stores meanwhile: what the moments of kills are drawn
/// from.</summary>
internal sealed record Measured(TimeSpan Duration, int Names);

/// <summary>When a process is killed: after a time, or as soon as the n-th name has come or gone below its installation.</summary>
internal readonly record struct Moment(TimeSpan? After, int Names)
{
    /// <summary>
    /// A third evenly over the run's time. The others over its writes, where what a kill can break is, and rather early: a run that goes on
    /// where another died has fewer left.
    /// </summary>
    public static Moment Draw(Random random, Measured of) =>
        random.Next(3) == 0 ? new(of.Duration * random.NextDouble(), 0)
            : new(null, 1 + (int)(of.Names * random.NextDouble() * random.NextDouble()));

    public override string ToString() => After is { } after ? $"after {after.TotalMilliseconds:F0} ms" : $"at name {Names}";

    /// <summary>Returns at the moment, or when the process has ended.</summary>
    public async Task WaitAsync(Victim victim, NameWatch names)
    {
        using var over = new CancellationTokenSource();
        await Task.WhenAny(After is { } after ? Task.Delay(after, TimeProvider.System, over.Token)
            : names.ReachedAsync(Names), victim.Ended);
        await over.CancelAsync();
    }
}

/// <summary>Counts the names that come and go below a folder: temporaries, objects, locks.</summary>
internal sealed class NameWatch : IDisposable
{
    private readonly FileSystemWatcher _watcher;
    private readonly Lock _lock = new();
    private TaskCompletionSource? _reached;
    private int _awaited;
    private int _count;

    public NameWatch(string folder)
    {
        _watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true,
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName, InternalBufferSize = 1 << 16 };
        _watcher.Created += (_, _) => Count();
        _watcher.Deleted += (_, _) => Count();
        _watcher.Renamed += (_, _) => Count();
        _watcher.EnableRaisingEvents = true;
    }

    public int Names => _count;

    /// <summary>From now on.</summary>
    public Task ReachedAsync(int names)
    {
        lock (_lock)
        {
            _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited = _count + names;
            return _reached.Task;
        }
    }

    public void Dispose() => _watcher.Dispose();

    private void Count()
    {
        lock (_lock)
        {
            if (++_count == _awaited)
            {
                _reached?.TrySetResult();
            }
        }
    }
}
