namespace Pipeline.Tests.Fakes;

/// <summary>
/// A clock that moves only when told, with timers that fire as it passes them, in the order in which they fall due.
/// Callbacks run without a synchronization context, so that what awaits a timer is posted to its own and never runs inside the clock.
/// </summary>
public sealed class SimulatedTime(DateTimeOffset? start = null) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<Timer, (long Due, long Order)> _timers = new();
    private readonly DateTimeOffset _start = start ?? new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _elapsed;
    private long _order;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Elapsed => TimeSpan.FromTicks(Interlocked.Read(ref _elapsed));

    public override DateTimeOffset GetUtcNow() => _start + Elapsed;

    public override long GetTimestamp() => Interlocked.Read(ref _elapsed);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves on, firing each timer at its own instant.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var until = Interlocked.Read(ref _elapsed) + by.Ticks;
        while (FireNext(until))
        {
        }
        Interlocked.Exchange(ref _elapsed, until);
    }

    /// <summary>Moves to the next timer and fires all that are due then; false where there is none.</summary>
    public bool AdvanceToNextTimer()
    {
        if (!FireNext(long.MaxValue))
        {
            return false;
        }
        while (FireNext(Interlocked.Read(ref _elapsed)))
        {
        }
        return true;
    }

    private bool FireNext(long until)
    {
        Timer timer;
        lock (_lock)
        {
            while (true)
            {
                if (!_timers.TryPeek(out timer!, out var at) || at.Due > until)
                {
                    return false;
                }
                _timers.Dequeue();
                // Every change of a timer queues it again: only the entry of its last change counts.
                if (timer.Order == at.Order)
                {
                    Interlocked.Exchange(ref _elapsed, Math.Max(at.Due, Interlocked.Read(ref _elapsed)));
                    timer.Order = -1;
                    if (timer.Period > TimeSpan.Zero)
                    {
                        Schedule(timer, timer.Period);
                    }
                    break;
                }
            }
        }
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            timer.Fire();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
        return true;
    }

    private void Schedule(Timer timer, TimeSpan due)
    {
        timer.Order = _order++;
        _timers.Enqueue(timer, (Interlocked.Read(ref _elapsed) + due.Ticks, timer.Order));
    }

    private sealed class Timer(SimulatedTime time, TimerCallback callback, object? state) : ITimer
    {
        public long Order { get; set; } = -1;

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                Order = -1;
                Period = period;
                if (dueTime >= TimeSpan.Zero)
                {
                    time.Schedule(this, dueTime);
                }
                return true;
            }
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                Order = -1;
                Period = TimeSpan.Zero;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
