namespace Pipeline.Worlds.Counting;

/// <summary>One day of one install: 1 what was released — 2 whether it opens, and when — 3 the timer between the starts. Checks come in
/// the order of their times.</summary>
internal sealed class InstallDay(WorldRecipe recipe, int seed)
{
    private readonly List<(long At, bool ByHand)> _starts = [];
    private long _from;
    private int _day;

    /// <param name="day">Counted from the start of the world.</param>
    /// <param name="from">The day's begin, µs since 1970.</param>
    /// <param name="released">The version that comes out today, or -1.</param>
    public void Live(Installation install, int day, long from, int released, DayLog log)
    {
        (_day, _from) = (day, from);
        // 1
        var upgrades = Upgrade(install, released);
        // 2
        Plan(install, upgrades);
        // 3
        foreach (var (at, byHand) in _starts)
        {
            Timer(install, at, log);
            if (byHand)
            {
                Ask(install, at, CheckKind.ByHand, log);
                continue;
            }
            Ask(install, at, CheckKind.Start, log);
            install.NextTimer = at + Calendar.Day;
            install.CloseAt = CloseAt(install, at);
        }
        Timer(install, from + Calendar.Day, log);
    }

    /// <summary>True on the day on which the install changes its version: it is closed then, and opened again as its habit is.</summary>
    private bool Upgrade(Installation install, int released)
    {
        if (released >= 0 && !install.Stays && !install.Line.Together)
        {
            install.Pending = released;
            install.UpgradeOn = _day + (int)install.Dice.Exponential(20);
        }
        var together = install.Line.Together;
        var (on, version) = together ? (install.Line.UpgradeOn, install.Line.Pending) : (install.UpgradeOn, install.Pending);
        if (_day < on || version <= install.Version)
        {
            return false;
        }
        install.Version = version;
        install.NextTimer = long.MaxValue;
        install.CloseAt = long.MinValue;
        return true;
    }

    private void Plan(Installation install, bool upgrades)
    {
        _starts.Clear();
        ref var dice = ref install.Dice;
        if (install.Habit == Habit.AlwaysOn)
        {
            if (!install.IsOpen(_from) || upgrades || dice.Happens(0.03))
            {
                _starts.Add((_from + dice.Between(0, Calendar.Day - Calendar.Minute), false));
            }
        }
        else if (install.Habit == Habit.Farm)
        {
            Farm(install);
        }
        else
        {
            Person(install);
        }
        if (dice.Happens(0.01) && _starts.Count > 0)
        {
            Later(install, _starts[^1].At, 3 * Calendar.Hour, byHand: true);
        }
        _starts.Sort();
    }

    private void Person(Installation install)
    {
        ref var dice = ref install.Dice;
        var at = Morning(install, dice.Normal(9, 1.2), out var weekend);
        if (install.IsOpen(at) || !dice.Happens(Chance(install, weekend)))
        {
            return;
        }
        _starts.Add((at, false));
        for (var more = dice.Poisson(install.Restarts); more > 0; more--)
        {
            Later(install, at, 9 * Calendar.Hour, byHand: false);
        }
    }

    /// <summary>Once more, within so long and on the same UTC day.</summary>
    private void Later(Installation install, long at, long within, bool byHand)
    {
        var most = Math.Min(within, _from + Calendar.Day - at);
        if (most > 10 * Calendar.Minute)
        {
            _starts.Add((at + install.Dice.Between(5 * Calendar.Minute, most), byHand));
        }
    }

    private void Farm(Installation install)
    {
        for (var sessions = install.Dice.Poisson(3); sessions > 0; sessions--)
        {
            var at = Morning(install, 8 + 10 * install.Dice.Unit(), out var weekend);
            if (!weekend && !Away())
            {
                _starts.Add((at, false));
            }
        }
    }

    private double Chance(Installation install, bool weekend)
    {
        var often = install.Habit switch { Habit.EveryWorkday => 0.88, Habit.Sometimes => 0.25, _ => 0.04 };
        var home = install.Line.Home;
        return often * (weekend ? home ? 0.5 : 0.06 : 1) * (home ? recipe.HomeActivity : 1) * (Away() ? home ? 0.5 : 0.1 : 1);
    }

    private bool Away() => recipe.AwayFrom is { } first && _day >= first && _day < first + 14;

    /// <summary>An instant of this UTC day at which the local time of the install is a number of hours.</summary>
    private long Morning(Installation install, double hours, out bool weekend)
    {
        var day = Calendar.Day;
        var offset = (((long)(hours * Calendar.Hour) - install.Line.Zone) % day + day) % day;
        var at = _from + offset;
        weekend = ((at + install.Line.Zone) / day + 3) % 7 >= 5;
        return at;
    }

    private static long CloseAt(Installation install, long at)
    {
        ref var dice = ref install.Dice;
        return install.Habit switch
        {
            Habit.AlwaysOn => long.MaxValue,
            Habit.Farm => at + dice.Between(Calendar.Minute, 3 * Calendar.Hour),
            // One in seven is left open over night, some over several.
            _ => at + (dice.Happens(0.15) ? dice.Between(25 * Calendar.Hour, 4 * Calendar.Day)
                : dice.Between(Calendar.Hour, 10 * Calendar.Hour)),
        };
    }

    private void Timer(Installation install, long until, DayLog log)
    {
        while (install.NextTimer < until && install.NextTimer < install.CloseAt)
        {
            Ask(install, install.NextTimer, CheckKind.Timer, log);
            install.NextTimer += Calendar.Day;
        }
    }

    private void Ask(Installation install, long at, CheckKind kind, DayLog log)
    {
        var local = at + install.Line.Zone;
        // A laptop is at home or not for a whole day.
        var away = install.Second is not null
            && new Dice(Dice.Mix((ulong)(local / Calendar.Day) << 28 ^ (ulong)install.Number ^ (ulong)seed << 50)).Happens(recipe.HomeDays);
        var line = away ? install.Second! : install.Line;
        log.Check(install, new(at, line.At(at, install.Number), install.Version, install.Number, kind));
        ref var dice = ref install.Dice;
        if (install.AsksServers)
        {
            var then = at + dice.Between(Calendar.Second / 10, 2 * Calendar.Second);
            log.Extra(new(then, line.At(then, install.Number), install.Version, install.Number, CheckKind.SecondUrl));
        }
        if (dice.Happens(0.03))
        {
            var then = at + dice.Between(3 * Calendar.Second, 100 * Calendar.Second);
            log.Extra(new(then, line.At(then, install.Number), install.Version, install.Number, CheckKind.Retry));
        }
    }
}
