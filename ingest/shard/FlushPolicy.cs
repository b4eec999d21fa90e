namespace Pipeline.Ingest.Shard;

/// <summary>When a shard's pending lines become a capture. Pure.</summary>
/// <param name="PutsPerDay">The most captures a day that a shard may put in the long run; puts are what a cloud store charges for. 0:
/// unlimited. Unit: requests a day, 0 or ≥ 1,440.</param>
/// <param name="Burst">How many captures may follow one another at once before the limit is felt. Range 1 to 100,000.</param>
public sealed record FlushPolicy(int PutsPerDay = 0, int Burst = 600)
{
    /// <summary>A directory's puts cost nothing: flush as soon as the last capture is acknowledged and nothing more has come.</summary>
    public static FlushPolicy Unlimited { get; } = new();

    /// <summary>
    /// How long to wait before these pending lines are put. The permits of a token bucket refill at PutsPerDay; while there are some, a
    /// flush goes at once,
    /// and acknowledgements wait at most one refill when there are none.
    /// </summary>
    /// <param name="bucket">The permits as they were at the last flush.</param>
    /// <param name="sinceLast">Monotonic time since then.</param>
    /// <param name="full">A full capture never waits: it costs the same number of puts for more lines.</param>
    public (TimeSpan Wait, double Permits) Decide(double bucket, TimeSpan sinceLast, bool full)
    {
        if (PutsPerDay == 0)
        {
            return (TimeSpan.Zero, Burst);
        }
        var perSecond = PutsPerDay / 86_400.0;
        var permits = Math.Min(Burst, bucket + sinceLast.TotalSeconds * perSecond);
        return full || permits >= 1 ? (TimeSpan.Zero, permits) : (TimeSpan.FromSeconds((1 - permits) / perSecond), permits);
    }
}
