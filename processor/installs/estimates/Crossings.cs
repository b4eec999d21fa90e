namespace Pipeline.Processor.Installs.Estimates;

/// <summary>
/// Two installs behind one key, seen by the clients' timer. A start begins a new period of 24 hours, so the timer of one install never
/// comes exactly a day after a check when the install was started in between. Where it does, the check in between is another install's, or
/// was made by hand, which is rare.
/// </summary>
internal static class Crossings
{
    private const long Day = 86_400_000_000, Tolerance = 4_000_000;

    /// <summary>The UTC days, counted from 1970-01-01, on which a timer came with another check since a day before. Adds them to
    /// <paramref name="days"/>, which is emptied first.</summary>
    /// <param name="own">The checks that count of one key, by time.</param>
    public static void Find(ReadOnlySpan<(long Micros, int Version)> own, HashSet<int> days)
    {
        days.Clear();
        var later = 0;
        for (var i = 0; i < own.Length; i++)
        {
            while (later < own.Length && own[later].Micros < own[i].Micros + Day - Tolerance)
            {
                later++;
            }
            for (var j = later; j < own.Length && own[j].Micros <= own[i].Micros + Day + Tolerance; j++)
            {
                if (own[j].Version == own[i].Version && j > i + 1)
                {
                    days.Add((int)(own[j].Micros / Day));
                }
            }
        }
    }
}
