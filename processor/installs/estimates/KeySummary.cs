namespace Pipeline.Processor.Installs.Estimates;

/// <summary>One key in a window and its flanks.</summary>
/// <param name="Checks">In the window.</param>
/// <param name="Days">Active days in the window.</param>
/// <param name="AllChecks">In the window and the flanks; so are <paramref name="AllDays"/>.</param>
/// <param name="Before">Seen in the days before the window.</param>
/// <param name="Mixed">An older version came after a newer one: two installs.</param>
/// <param name="Crossed">Days on which a timer came with another check since a day before: two installs, or a check by hand.</param>
/// <param name="Life">Days from the first to the last on which it was seen.</param>
/// <param name="Version">The last in the window, or -1.</param>
internal readonly record struct KeySummary(
    int Checks, int Days, int AllChecks, int AllDays, bool Before, bool After, bool Mixed, int Crossed, int Life, int Version)
{
    public double Rate => (double)AllChecks / AllDays;

    /// <summary>Folds the days of all keys, which are sorted by key and day.</summary>
    public static IEnumerable<KeySummary> Of(KeyDay[] days, int start, int length, int flank)
    {
        for (var i = 0; i < days.Length;)
        {
            var key = days[i].Key;
            var fold = default(Fold);
            for (; i < days.Length && days[i].Key == key; i++)
            {
                if (days[i].Day >= start - flank && days[i].Day < start + length + flank)
                {
                    fold.Add(days[i], start, length);
                }
            }
            if (fold.AllDays > 0)
            {
                yield return fold.Summary();
            }
        }
    }

    private struct Fold
    {
        private int _checks, _days, _allChecks, _newest, _first, _last, _version, _crossed;
        private bool _before, _after, _mixed;

        public int AllDays { get; private set; }

        public void Add(KeyDay day, int start, int length)
        {
            if (AllDays++ == 0)
            {
                (_first, _newest, _version) = (day.Day, day.Least, -1);
            }
            _last = day.Day;
            _mixed |= day.Falls || day.Least < _newest;
            _newest = Math.Max(_newest, day.Newest);
            _crossed += day.Crossed ? 1 : 0;
            _allChecks += day.Checks;
            _before |= day.Day < start;
            _after |= day.Day >= start + length;
            if (day.Day >= start && day.Day < start + length)
            {
                _checks += day.Checks;
                _days++;
                _version = day.Last;
            }
        }

        public readonly KeySummary Summary() =>
            new(_checks, _days, _allChecks, AllDays, _before, _after, _mixed, _crossed, _last - _first + 1, _version);
    }
}
