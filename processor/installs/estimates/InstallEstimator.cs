namespace Pipeline.Processor.Installs.Estimates;

/// <summary>
/// Estimates how many installs made a check in a window. All checks of the window, over the checks that one install makes in it: the first
/// is counted, whatever addresses do; the second comes from a panel of keys that one install had all the time.
/// </summary>
/// <remarks>Steps of one window: 1 what the data covers decides which ratio may be used — 2 the panel gives the ratio — 3 the value, its
/// sampling interval and its sensitivity band.</remarks>
public sealed class InstallEstimator
{
    private readonly EstimatorOptions _options;
    private readonly CleanChecks _clean;
    private readonly int _versions;
    private readonly int _firstDay;
    private readonly int _lastDay;

    /// <param name="checks">In any order. Held in memory, some 100 bytes each.</param>
    public InstallEstimator(IReadOnlyCollection<InstallCheck> checks, EstimatorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(checks);
        _options = options ?? new();
        _clean = new CheckCleaner(_options).Clean(checks);
        _versions = checks.Count == 0 ? 0 : checks.Max(check => check.Version) + 1;
        _firstDay = _clean.Order.Length == 0 ? 0 : (int)(_clean.Order[0].Micros / 86_400_000_000);
        _lastDay = _clean.Order.Length == 0 ? -1 : (int)(_clean.Order[^1].Micros / 86_400_000_000);
    }

    /// <summary>Keys that are scripts: their checks are in no figure.</summary>
    public IReadOnlySet<UInt128> Pollers => _clean.Pollers;

    /// <summary>Checks that were left out because they were the second URL of a pair, or a retry.</summary>
    public long Retries => _clean.Retries;

    /// <summary>Checks that were left out because their key is a script.</summary>
    public long PollerChecks => _clean.PollerChecks;

    /// <summary>The share of installs that have the same key a day later, from checks that began in these days; NaN where no install was
    /// open for a day.</summary>
    /// <param name="start">The first UTC day, counted from 1970-01-01.</param>
    public double PhaseSurvival(int start, int length) =>
        PhaseChurn.Survival(_clean.Order, start * 86_400_000_000, (start + length) * 86_400_000_000);

    /// <param name="start">The first UTC day, counted from 1970-01-01.</param>
    /// <param name="length">1 or more days.</param>
    /// <param name="until">As if nothing were known from this day on; null: all that there is.</param>
    public WindowEstimate Estimate(int start, int length, int? until = null)
    {
        // 1
        var flank = _options.FlankOf(length);
        var last = Math.Min(_lastDay, until - 1 ?? int.MaxValue);
        var keys = Keys(start, length, flank);
        var blank = new WindowEstimate(start, length, EstimateStatus.Refused)
        {
            Checks = keys.Sum(key => (long)key.Checks), Keys = keys.Count(key => key.Checks > 0),
        };
        if (start < _firstDay || start + length - 1 > last || blank.Checks == 0)
        {
            return blank with { Reason = blank.Checks == 0 ? "no checks" : "the data does not cover the window" };
        }
        if (start - flank >= _firstDay && start + length - 1 + flank <= last)
        {
            return Value(blank, keys, flank, EstimateStatus.Final);
        }
        var earlier = start - _options.NowcastDays;
        while (earlier + length - 1 + flank > last)
        {
            earlier -= 7;
        }
        return earlier - flank < _firstDay
            ? blank with { Reason = $"the data must cover {flank} days before a window; use distinct keys, which NAT and churn distort" }
            : Value(blank, Keys(earlier, length, flank), flank, EstimateStatus.Provisional);
    }

    private List<KeySummary> Keys(int start, int length, int flank) => [.. KeySummary.Of(_clean.Days, start, length, flank)];

    /// <param name="keys">Of the window that the ratio comes from.</param>
    private WindowEstimate Value(WindowEstimate blank, List<KeySummary> keys, int flank, EstimateStatus status)
    {
        // 2
        var panel = new Panel(keys, blank.Length, flank, _options, _versions);
        var strict = panel.Ratio(double.PositiveInfinity);
        var light = panel.Ratio(panel.Heavy());
        if (strict.Keys < _options.LeastPanel)
        {
            return blank with
            {
                PanelKeys = strict.Keys,
                Reason = $"the panel has {strict.Keys} keys, expected {_options.LeastPanel}; use distinct keys, which NAT "
                    + "and churn distort",
            };
        }
        // 3
        var value = blank.Checks / strict.Rho;
        var half = 1.96 * Math.Sqrt(value * strict.Spread / (strict.Rho * strict.Rho)
            + value * value * strict.RhoVariance / (strict.Rho * strict.Rho));
        var turnover = _options.Turnover * blank.Length;
        var other = blank.Checks / light.Rho;
        return blank with
        {
            Status = status, Value = value, Lower = value - half, Upper = value + half,
            BandLower = Math.Min(value, other) * (1 - _options.Unknown) - half,
            BandUpper = Math.Max(value, other) * (1 + _options.Unknown + turnover) + half,
            Rho = strict.Rho, PanelKeys = strict.Keys, Balance = strict.Rate / panel.RateOfOthers(),
            VersionShares = strict.Versions,
        };
    }
}
