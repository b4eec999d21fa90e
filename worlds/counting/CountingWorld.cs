namespace Pipeline.Worlds.Counting;

/// <summary>
/// A seeded world of XenCenter installs for judging counts: 1 lines and installs are drawn — 2 each day, addresses change — 3 those who
/// died are replaced — 4 installs and pollers ask. Memory holds the installs and one day of requests, so a world may be long.
/// </summary>
public sealed class CountingWorld
{
    private readonly WorldRecipe _recipe;
    private readonly int _seed;
    private readonly ReleaseCalendar _releases;
    private readonly int _days;
    private readonly long _start;

    public CountingWorld(WorldRecipe recipe, int seed)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        (_recipe, _seed, _days, _start) = (recipe, seed, recipe.Weeks * 7, Calendar.Micros(recipe.Start));
        _releases = new(_days, recipe.ReleaseEvery, 1 + new Dice(Dice.Mix((uint)seed + 7UL)).Below(recipe.ReleaseEvery));
        Truth = new(_releases.Versions.Count);
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<string> Versions => _releases.Versions;

    /// <summary>Grows while <see cref="Days"/> is read.</summary>
    public WorldCounts Truth { get; }

    /// <summary>The requests of each UTC day in the order of their times. May be read once; a day's memory is used again for the
    /// next.</summary>
    public IEnumerable<ReadOnlyMemory<SimulatedCheck>> Days()
    {
        // 1
        var settlement = new Settlement(_recipe, _seed);
        var installs = settlement.Settle();
        var pollers = Enumerable.Range(0, _recipe.Pollers).Select(i => new Poller(Dice.For(_seed, 4, (ulong)i), _start)).ToList();
        var log = new DayLog(_recipe, _start, Truth);
        var living = new InstallDay(_recipe, _seed);
        var together = Dice.For(_seed, 5, 0);
        for (var day = 0; day < _days; day++)
        {
            var from = _start + day * Calendar.Day;
            log.Begin(from);
            var released = _releases.ReleasedOn(day);
            // 2
            foreach (var line in settlement.Lines)
            {
                line.Advance(from);
                if (released >= 0 && line.Together && !together.Happens(0.12))
                {
                    (line.Pending, line.UpgradeOn) = (released, day + (int)together.Exponential(20));
                }
            }
            for (var i = 0; i < installs.Count; i++)
            {
                // 3
                if (installs[i].DiesOn <= day)
                {
                    installs[i] = settlement.Replace(installs[i], day);
                }
                // 4
                living.Live(installs[i], day, from, released, log);
            }
            pollers.ForEach(poller => poller.Live(from + Calendar.Day, log));
            Truth.Born = settlement.Born;
            yield return log.Close();
        }
    }
}
