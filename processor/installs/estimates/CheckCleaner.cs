namespace Pipeline.Processor.Installs.Estimates;

/// <summary>
/// From requests to checks that count: 1 requests are put together by key — 2 the second URL and retries are taken away — 3 pollers are
/// taken away — 4 the rest is summed by day. The order of the input does not matter.
/// </summary>
internal sealed class CheckCleaner(EstimatorOptions options)
{
    private const long DayMicros = 86_400_000_000;

    private readonly List<KeyDay> _days = [];
    private readonly List<(long Micros, int Key, int Version)> _order = [];
    private readonly HashSet<UInt128> _pollers = [];
    private readonly List<long> _gaps = [];
    private readonly HashSet<int> _crossed = [];
    private long _retries;
    private long _pollerChecks;

    public CleanChecks Clean(IReadOnlyCollection<InstallCheck> checks)
    {
        // 1
        var keys = checks.Select(check => check.Key).Distinct().Order().ToArray();
        var rank = keys.Index().ToDictionary(key => key.Item, key => key.Index);
        var ends = new int[keys.Length + 1];
        foreach (var check in checks)
        {
            ends[rank[check.Key] + 1]++;
        }
        for (var key = 0; key < keys.Length; key++)
        {
            ends[key + 1] += ends[key];
        }
        var sorted = new (long Micros, int Version)[checks.Count];
        var next = ends.AsSpan(0, keys.Length).ToArray();
        foreach (var check in checks)
        {
            sorted[next[rank[check.Key]]++] = (check.Micros, check.Version);
        }
        for (var key = 0; key < keys.Length; key++)
        {
            var own = sorted.AsSpan(ends[key], ends[key + 1] - ends[key]);
            own.Sort();
            // 2
            own = own[..Collapse(own)];
            // 3
            if (IsPoller(own))
            {
                _pollers.Add(keys[key]);
                _pollerChecks += own.Length;
                continue;
            }
            // 4
            Sum(key, own);
        }
        _order.Sort();
        return new([.. _days], [.. _order], _pollers, _retries, _pollerChecks);
    }

    /// <summary>Moves the checks that count to the front and returns how many they are. A check is held against the last that counts of its
    /// version, so a chain of retries does not swallow the next day.</summary>
    private int Collapse(Span<(long Micros, int Version)> own)
    {
        var count = 0;
        for (var i = 0; i < own.Length; i++)
        {
            if (!IsAgain(own[..count], own[i]))
            {
                own[count++] = own[i];
            }
        }
        _retries += own.Length - count;
        return count;
    }

    private bool IsAgain(ReadOnlySpan<(long Micros, int Version)> counted, (long Micros, int Version) check)
    {
        for (var i = counted.Length - 1; i >= 0 && check.Micros - counted[i].Micros <= options.RetryMicros; i--)
        {
            if (counted[i].Version == check.Version)
            {
                return true;
            }
        }
        return false;
    }

    private bool IsPoller(ReadOnlySpan<(long Micros, int Version)> own)
    {
        if (own.Length < options.PollerChecks)
        {
            return false;
        }
        _gaps.Clear();
        for (var i = 1; i < own.Length; i++)
        {
            _gaps.Add(own[i].Micros - own[i - 1].Micros);
        }
        _gaps.Sort();
        var middle = _gaps[(_gaps.Count / 20)..(_gaps.Count - _gaps.Count / 20)];
        var mean = middle.Average();
        var deviation = Math.Sqrt(middle.Average(gap => (gap - mean) * (gap - mean)));
        return _gaps[_gaps.Count / 2] < options.PollerGapMicros && deviation < options.PollerRegularity * mean;
    }

    private void Sum(int key, ReadOnlySpan<(long Micros, int Version)> own)
    {
        Crossings.Find(own, _crossed);
        for (var i = 0; i < own.Length;)
        {
            var day = (int)(own[i].Micros / DayMicros);
            var (checks, least, newest, last, falls) = (0, own[i].Version, own[i].Version, own[i].Version, false);
            for (; i < own.Length && own[i].Micros / DayMicros == day; i++, checks++)
            {
                var version = own[i].Version;
                falls |= version < newest;
                (least, newest, last) = (Math.Min(least, version), Math.Max(newest, version), version);
                _order.Add((own[i].Micros, key, version));
            }
            _days.Add(new(key, day, checks, least, newest, last, falls, _crossed.Contains(day)));
        }
    }
}
