namespace Pipeline.Worlds.Counting;

/// <summary>How somebody uses XenCenter.</summary>
internal enum Habit { AlwaysOn, EveryWorkday, Sometimes, Rarely, Farm }

/// <summary>One install: it is open until <see cref="CloseAt"/> and asks again at <see cref="NextTimer"/>.</summary>
internal sealed class Installation(int number, AccessLine line, AccessLine? second, Habit habit, Dice dice)
{
    /// <summary>Mutable on purpose: a copy would draw the same numbers again.</summary>
    public Dice Dice = dice;

    public int Number => number;

    public AccessLine Line => line;

    /// <summary>Where a laptop is on some days; null: it stays.</summary>
    public AccessLine? Second => second;

    public Habit Habit => habit;

    /// <summary>Mean of further starts on a day on which it is opened.</summary>
    public required double Restarts { get; init; }

    /// <summary>It never upgrades.</summary>
    public required bool Stays { get; init; }

    public required bool AsksServers { get; init; }

    /// <summary>The day of its death, counted from the start.</summary>
    public required int DiesOn { get; init; }

    public int Version { get; set; }

    public int UpgradeOn { get; set; } = int.MaxValue;

    public int Pending { get; set; } = -1;

    public long NextTimer { get; set; } = long.MaxValue;

    public long CloseAt { get; set; } = long.MinValue;

    /// <summary>Per kind of window, the last one in which it asked, and the version then.</summary>
    public Sighting[] Seen { get; } = [Sighting.Never, Sighting.Never, Sighting.Never];

    /// <summary>The key of the check before, when a timer follows.</summary>
    public UInt128 LastKey { get; set; }

    public bool IsOpen(long at) => at < CloseAt;
}

/// <summary>A window, by its number, and the version of the last check in it.</summary>
internal readonly record struct Sighting(int Window, int Version)
{
    public static readonly Sighting Never = new(int.MinValue, -1);
}
