namespace Pipeline.Ingest.Files;

/// <summary>
/// When each path is looked at next. The times stand side by side, so that going through ten thousand of them at each poll touches nothing
/// else of those that are not due.
/// </summary>
internal sealed class LookTimes
{
    private SeenPath[] _paths = new SeenPath[16];
    private long[] _times = new long[16];
    private int _count;

    /// <summary>Due at once.</summary>
    public void Add(SeenPath seen)
    {
        if (_count == _paths.Length)
        {
            Array.Resize(ref _paths, _count * 2);
            Array.Resize(ref _times, _count * 2);
        }
        seen.Slot = _count++;
        _paths[seen.Slot] = seen;
        _times[seen.Slot] = long.MinValue;
    }

    public void Remove(SeenPath seen)
    {
        var last = _paths[--_count];
        (_paths[seen.Slot], _times[seen.Slot], last.Slot) = (last, _times[_count], seen.Slot);
        (_paths[_count], seen.Slot) = (null!, -1);
    }

    /// <summary>Not before then, while nothing tells of a change.</summary>
    public void Settle(SeenPath seen, long until) => _times[seen.Slot] = until;

    /// <summary>In each poll, until it is settled again.</summary>
    public void Unsettle(SeenPath seen)
    {
        seen.Settled = false;
        if (seen.Slot >= 0)
        {
            _times[seen.Slot] = long.MinValue;
        }
    }

    /// <summary>Adds those whose time has come, or all.</summary>
    public void Due(long now, bool all, List<SeenPath> into)
    {
        for (var slot = 0; slot < _count; slot++)
        {
            if (all || _times[slot] <= now)
            {
                into.Add(_paths[slot]);
            }
        }
    }

    public void Clear()
    {
        Array.Clear(_paths, 0, _count);
        _count = 0;
    }
}
