namespace Pipeline.Worlds.Counting;

/// <summary>The requests of one day, put in the order of their times. What comes after midnight waits for the next day; what falls into an
/// outage is lost.</summary>
internal sealed class DayLog(WorldRecipe recipe, long start, WorldCounts truth)
{
    private readonly List<SimulatedCheck> _late = [];
    private SimulatedCheck[] _checks = new SimulatedCheck[1024];
    private long[] _times = new long[1024];
    private int _count;
    private long _until;

    public void Begin(long from)
    {
        (_count, _until) = (0, from + Calendar.Day);
        var late = _late.ToArray();
        _late.Clear();
        foreach (var check in late)
        {
            Put(check);
        }
    }

    /// <summary>A check that counts: the truth sees it, in the log or not.</summary>
    public void Check(Installation install, SimulatedCheck check)
    {
        truth.See(install, check.Micros);
        if (check.Kind == CheckKind.Timer)
        {
            truth.Successors++;
            truth.SameKey += check.Key == install.LastKey ? 1 : 0;
        }
        if (check.Kind != CheckKind.ByHand)
        {
            install.LastKey = check.Key;
        }
        Extra(check);
    }

    /// <summary>A request that is nobody's activity: a second URL, a retry, a poller's.</summary>
    public void Extra(SimulatedCheck check)
    {
        if (recipe.Outages.Count > 0 && IsLost(check.Micros))
        {
            truth.Lost++;
            return;
        }
        truth.Requests[(int)check.Kind]++;
        Put(check);
    }

    public ReadOnlyMemory<SimulatedCheck> Close()
    {
        Array.Sort(_times, _checks, 0, _count);
        return _checks.AsMemory(0, _count);
    }

    private bool IsLost(long at) =>
        recipe.Outages.Any(o => at >= start + o.From * Calendar.Hour && at < start + o.To * Calendar.Hour);

    private void Put(SimulatedCheck check)
    {
        if (check.Micros >= _until)
        {
            _late.Add(check);
            return;
        }
        if (_count == _checks.Length)
        {
            Array.Resize(ref _checks, _count * 2);
            Array.Resize(ref _times, _count * 2);
        }
        _times[_count] = check.Micros;
        _checks[_count++] = check;
    }
}
