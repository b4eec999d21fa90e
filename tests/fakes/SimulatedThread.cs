namespace Pipeline.Tests.Fakes;

/// <summary>A simulation did not end as it should. The message has the seed that replays it.</summary>
public sealed class SimulationException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// One thread that runs many actors: continuations run one at a time, the next drawn by a seeded Random from all that could run, and when
/// none could,
/// the clock moves to the next timer. The same seed gives the same run. What leaves the thread (Task.Run, ConfigureAwait(false), real I/O)
/// is an error.
/// </summary>
public sealed class SimulatedThread(int seed, SimulatedTime time) : SynchronizationContext
{
    private readonly Lock _lock = new();
    private readonly List<(SendOrPostCallback Callback, object? State)> _runnable = [];
    private readonly Random _random = new(seed);
    private int _thread = -1;
    private string? _strayed;

    public int Seed => seed;

    public SimulatedTime Time => time;

    /// <summary>How many continuations have run.</summary>
    public long Steps { get; private set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_lock)
        {
            if (_thread >= 0 && _thread != Environment.CurrentManagedThreadId)
            {
                _strayed ??= Environment.StackTrace;
            }
            _runnable.Add((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("Nothing in a simulation may wait in place.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs <paramref name="root"/> until it ends, and what it left behind no further. Its failure, a deadlock or too many steps
    /// throw, with the seed.</summary>
    public void Run(Func<Task> root, long maxSteps = 10_000_000) => Run(async () => { await root(); return true; }, maxSteps);

    /// <inheritdoc cref="Run(Func{Task}, long)"/>
    public T Run<T>(Func<Task<T>> root, long maxSteps = 10_000_000)
    {
        ArgumentNullException.ThrowIfNull(root);
        var before = Current;
        _thread = Environment.CurrentManagedThreadId;
        SetSynchronizationContext(this);
        try
        {
            var task = root();
            for (var limit = Steps + maxSteps; !task.IsCompleted;)
            {
                if (Steps >= limit)
                {
                    throw new SimulationException($"seed {seed}: not done after {maxSteps} steps, at {time.Elapsed}");
                }
                if (!RunOne() && !time.AdvanceToNextTimer())
                {
                    lock (_lock)
                    {
                        if (_runnable.Count == 0)
                        {
                            throw new SimulationException(
                                $"seed {seed}: deadlock after {Steps} steps, at {time.Elapsed}: nothing can run and no timer is set (or " +
                                    $"something runs on another thread)");
                        }
                    }
                }
            }
            return task.GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is not SimulationException)
        {
            throw new SimulationException($"seed {seed}: after {Steps} steps, at {time.Elapsed}: {e.GetType().Name}: {e.Message}", e);
        }
        finally
        {
            SetSynchronizationContext(before);
            _thread = -1;
        }
    }

    private bool RunOne()
    {
        (SendOrPostCallback Callback, object? State) next;
        lock (_lock)
        {
            if (_strayed is not null)
            {
                throw new SimulationException($"seed {seed}: something continued on another thread: {_strayed}");
            }
            if (_runnable.Count == 0)
            {
                return false;
            }
            var drawn = _random.Next(_runnable.Count);
            next = _runnable[drawn];
            _runnable[drawn] = _runnable[^1];
            _runnable.RemoveAt(_runnable.Count - 1);
        }
        Steps++;
        next.Callback(next.State);
        return true;
    }
}
