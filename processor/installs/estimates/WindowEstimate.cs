namespace Pipeline.Processor.Installs.Estimates;

/// <summary>How much may be relied on.</summary>
public enum EstimateStatus
{
    /// <summary>The data covers the window and the days before and after it that the method needs.</summary>
    Final,
    /// <summary>The days after it are missing: the ratio of an earlier window stands in.</summary>
    Provisional,
    /// <summary>No estimate: <see cref="WindowEstimate.Reason"/> says why.</summary>
    Refused,
}

/// <summary>The installs that made a check in a window, estimated.</summary>
/// <param name="Start">The first UTC day, counted from 1970-01-01.</param>
/// <param name="Length">Days.</param>
public sealed record WindowEstimate(int Start, int Length, EstimateStatus Status)
{
    /// <summary>Installs; NaN where refused, and so are the bounds.</summary>
    public double Value { get; init; } = double.NaN;

    /// <summary>The sampling interval: 95 % if the assumptions held.</summary>
    public double Lower { get; init; } = double.NaN;

    public double Upper { get; init; } = double.NaN;

    /// <summary>The sensitivity band: how far the value moves where the assumptions fail as they are known to. It is the one to
    /// draw.</summary>
    public double BandLower { get; init; } = double.NaN;

    public double BandUpper { get; init; } = double.NaN;

    /// <summary>Why there is no estimate, and what to use instead; else empty.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Checks that count in the window.</summary>
    public long Checks { get; init; }

    /// <summary>Keys with a check that counts.</summary>
    public int Keys { get; init; }

    /// <summary>Checks per install of the window.</summary>
    public double Rho { get; init; } = double.NaN;

    /// <summary>Keys of the panel.</summary>
    public int PanelKeys { get; init; }

    /// <summary>Checks per key and active day of the panel, over the same of all other keys. Far from 1, the panel is not like the
    /// rest.</summary>
    public double Balance { get; init; } = double.NaN;

    /// <summary>Shares of versions, by index, that add up to 1; empty where refused.</summary>
    public IReadOnlyList<double> VersionShares { get; init; } = [];
}
