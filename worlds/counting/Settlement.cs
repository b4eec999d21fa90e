namespace Pipeline.Worlds.Counting;

/// <summary>Draws lines and the installs on them, at the start and when one that died is replaced.</summary>
internal sealed class Settlement(WorldRecipe recipe, int seed)
{
    private const ulong LinePart = 1, InstallPart = 2, PlacePart = 3;
    private Dice _dice = Dice.For(seed, PlacePart, 0);
    private int _numbers;

    public List<AccessLine> Lines { get; } = [];

    public int Born => _numbers;

    /// <summary>The installs of the first day: line after line, each as large as it is drawn.</summary>
    public List<Installation> Settle()
    {
        List<Installation> installs = [];
        var homes = (int)(recipe.Instances * recipe.HomeShare);
        while (installs.Count < homes)
        {
            Fill(installs, NewHome(), Math.Min(_dice.Happens(recipe.TwoAtHome) ? 2 : 1, homes - installs.Count));
        }
        while (installs.Count < recipe.Instances)
        {
            var size = Math.Min(_dice.Zipf(recipe.LargestOffice, recipe.OfficeTail), recipe.Instances - installs.Count);
            Fill(installs, NewOffice(size), size);
        }
        return installs;
    }

    /// <summary>Somebody else's install instead of one that died: in an office on the same line, at home with a new address.</summary>
    public Installation Replace(Installation dead, int day)
    {
        if (dead.Line.Home)
        {
            dead.Line.Renew();
        }
        var born = NewInstall(dead.Line, dead.Second, day);
        born.Version = Math.Max(dead.Version, dead.Line.Version);
        return born;
    }

    private void Fill(List<Installation> installs, AccessLine line, int size)
    {
        for (var i = 0; i < size; i++)
        {
            var second = !line.Home && _dice.Happens(recipe.Roaming) ? NewHome() : null;
            var install = NewInstall(line, second, 0);
            install.Version = line.Together || _dice.Happens(0.5) ? line.Version : InitialVersion();
            installs.Add(install);
        }
    }

    private AccessLine NewHome()
    {
        var draw = _dice.Unit();
        var v6 = _dice.Happens(recipe.Ipv6);
        var lease = draw < recipe.Daily ? Lease.OneDay : draw < recipe.Daily + recipe.Fortnightly ? Lease.Fortnight : Lease.Forever;
        // A provider's IPv6 prefix lasts longer than its IPv4 address.
        return NewLine(v6 && lease == Lease.OneDay ? Lease.Fortnight : lease, v6, home: true);
    }

    private AccessLine NewOffice(int size) =>
        NewLine(size >= 5 && _dice.Happens(recipe.Pools) ? Lease.Pool : Lease.Forever, v6: false, home: false);

    private AccessLine NewLine(Lease lease, bool v6, bool home)
    {
        var line = new AccessLine(recipe, lease, v6, home, !home && _dice.Happens(recipe.Together),
            Dice.For(seed, LinePart, (ulong)Lines.Count)).Begin();
        line.Version = InitialVersion();
        Lines.Add(line);
        return line;
    }

    private Installation NewInstall(AccessLine line, AccessLine? second, int day)
    {
        var dice = Dice.For(seed, InstallPart, (ulong)_numbers);
        var draw = dice.Unit();
        var farm = !line.Home && dice.Happens(recipe.Farm);
        var habit = farm ? Habit.Farm
            : draw < 0.2 ? Habit.AlwaysOn : draw < 0.6 ? Habit.EveryWorkday : draw < 0.9 ? Habit.Sometimes : Habit.Rarely;
        // A gamma of shape two: most restart seldom, a few often.
        var restarts = 0.125 * (dice.Exponential(1) + dice.Exponential(1));
        var life = dice.Exponential(recipe.LifeDays);
        return new Installation(_numbers++, line, second, habit, dice)
        {
            Restarts = restarts,
            Stays = dice.Happens(0.12),
            AsksServers = dice.Happens(0.2),
            DiesOn = day + 1 + (int)Math.Min(life, 1_000_000),
        };
    }

    /// <summary>The newest of the versions that are out at the start is the most common one.</summary>
    private int InitialVersion()
    {
        var draw = _dice.Unit();
        var back = draw < 0.42 ? 0 : draw < 0.66 ? 1 : draw < 0.8 ? 2 : draw < 0.89 ? 3 : draw < 0.95 ? 4 : 5;
        return ReleaseCalendar.Before - 1 - back;
    }
}
