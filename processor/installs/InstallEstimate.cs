namespace Pipeline.Processor.Installs;

/// <summary>
/// The estimate of one window, or of one version in it. Numbers are installs unless they say otherwise; those that are not known are null.
/// docs/counting.md defines each.
/// </summary>
/// <param name="Status">`final`, `provisional` (it may still change) or `refused`.</param>
/// <param name="Reason">Why there is no value, and what to use instead; null where there is one.</param>
public sealed record InstallEstimate(string Status, string? Reason)
{
    public double? Value { get; init; }

    /// <summary>The sampling interval: 95 % if the assumptions held. Of whole windows.</summary>
    public double? Lower { get; init; }

    public double? Upper { get; init; }

    /// <summary>The sensitivity band, which is the one to draw. Of whole windows.</summary>
    public double? BandLower { get; init; }

    public double? BandUpper { get; init; }

    /// <summary>Of one version: its share of the installs, 0 to 1.</summary>
    public double? Share { get; init; }

    /// <summary>Days of the window, and those among them that the table covers; the newest date of the table may still be filling and
    /// is not covered.</summary>
    public int Days { get; init; }

    public int CoveredDays { get; init; }

    /// <summary>Checks after cleaning.</summary>
    public long CleanChecks { get; init; }

    /// <summary>Clean checks per install in the window.</summary>
    public double? Rho { get; init; }

    /// <summary>Keys that <see cref="Rho"/> was measured on.</summary>
    public int PanelKeys { get; init; }

    /// <summary>Checks per key and active day of the panel over that of the other keys.</summary>
    public double? Balance { get; init; }

    /// <summary>The share of installs that keep their key for a day, 0 to 1, measured on the clients' timer.</summary>
    public double? PhaseSurvival { get; init; }
}

/// <summary>What holds for all estimates of one answer.</summary>
/// <param name="Method">The version of the method. Figures of different versions are not to be compared.</param>
/// <param name="FirstDate">The first UTC date that is covered; null: the table is empty.</param>
/// <param name="Retries">Checks that were left out because they were the second URL of a pair, or a retry.</param>
/// <param name="Pollers">Keys that were left out because they are scripts.</param>
/// <param name="PollerChecks">Checks of those keys.</param>
/// <param name="Unreadable">Checks that were left out because their address is none.</param>
public sealed record EstimateNotes(string Method, string? FirstDate, long Retries, int Pollers, long PollerChecks, long Unreadable)
{
    public string Means { get; init; } =
        "Installs that made at least one check in the window. Users who turned the check off are not in it.";
}
