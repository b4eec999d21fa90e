namespace Pipeline.Processor.Installs.Estimates;

/// <summary>The numbers of the method. They were chosen on simulated worlds; a change is a new version of the method.</summary>
public sealed record EstimatorOptions
{
    public const string MethodVersion = "panel-ratio-1";

    /// <summary>A check of the same key and version so soon after one that counts is the second URL of the pair, or a retry.</summary>
    public long RetryMicros { get; init; } = 120_000_000;

    /// <summary>A key with fewer checks is never held to be a poller.</summary>
    public int PollerChecks { get; init; } = 60;

    /// <summary>A poller's median gap is shorter.</summary>
    public long PollerGapMicros { get; init; } = 6 * 3_600_000_000L;

    /// <summary>Deviation over mean of the middle nine tenths of a poller's gaps is smaller: people sleep.</summary>
    public double PollerRegularity { get; init; } = 0.25;

    /// <summary>Days on either side of a window of up to a week, in which a key of the panel is seen.</summary>
    public int Flank { get; init; } = 28;

    /// <summary>The same for windows of 28 days.</summary>
    public int LongFlank { get; init; } = 42;

    /// <summary>Fewer keys in the panel, and no estimate is given.</summary>
    public int LeastPanel { get; init; } = 100;

    /// <summary>Days on which timers crossed after which a key counts as shared. One alone is a check by hand.</summary>
    public int CrossedDays { get; init; } = 2;

    /// <summary>Checks per active day above which a key counts as shared, where there are too few keys to find it out.</summary>
    public double HeavyFallback { get; init; } = 2.2;

    /// <summary>Fewer keys that lived some weeks, and the fallback is used.</summary>
    public int LeastForHeavy { get; init; } = 80;

    /// <summary>Days from a window to the one whose ratio stands in while the days after it are missing.</summary>
    public int NowcastDays { get; init; } = 28;

    /// <summary>How far the band reaches beyond the sampling interval on either side, for differences between the panel and the rest: a
    /// share of the value.</summary>
    public double Unknown { get; init; } = 0.03;

    /// <summary>What a day of the window adds to the band's upper side, for installs that are born or die within it.</summary>
    public double Turnover { get; init; } = 0.002;

    public int FlankOf(int length) => length > 7 ? LongFlank : Flank;
}
