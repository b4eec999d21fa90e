namespace Pipeline.Processor.Installs.Estimates;

/// <summary>Checks per install of a window, from keys that one install had all the time.</summary>
/// <param name="Rho">The weighted mean of checks over the keys that made one.</param>
/// <param name="RhoVariance">Of <paramref name="Rho"/>, as the keys were drawn.</param>
/// <param name="Spread">The weighted variance of checks over the keys that made one.</param>
/// <param name="Keys">How many keys with a check in the window.</param>
/// <param name="Rate">Checks per key and active day.</param>
/// <param name="Versions">Weighted shares of the last version, by index.</param>
internal sealed record PanelRatio(double Rho, double RhoVariance, double Spread, int Keys, double Rate, double[] Versions);

/// <summary>
/// The panel: 1 keys seen before and after the window, so that they did not change hands — 2 without those that are visibly shared, by
/// versions or by timers — 3 weighted by the inverse of the chance that an install as active as that is seen on both sides.
/// </summary>
internal sealed class Panel(IReadOnlyList<KeySummary> keys, int length, int flank, EstimatorOptions options, int versions)
{
    private readonly int _span = length + 2 * flank;

    /// <summary>Checks per active day above which a key is held to be shared.</summary>
    public double Heavy()
    {
        var rates = keys.Where(key => key.Life is >= 5 and <= 21 && key.AllDays >= 4).Select(key => key.Rate).Order().ToList();
        return rates.Count < options.LeastForHeavy ? options.HeavyFallback : rates[(int)(0.95 * (rates.Count - 1))];
    }

    /// <param name="heavy">Keys with more checks per active day are left out too; infinite: none.</param>
    public PanelRatio Ratio(double heavy)
    {
        var (sum, sumChecks, sumDays, sumSquares) = (0.0, 0.0, 0.0, 0.0);
        var shares = new double[versions];
        // 1 and 2
        var chosen = keys.Where(key => key.Checks > 0 && IsIn(key) && key.Rate <= heavy).ToList();
        foreach (var key in chosen)
        {
            // 3
            var weight = Weight(key);
            sum += weight;
            sumChecks += weight * key.Checks;
            sumDays += weight * key.Days;
            shares[key.Version] += weight;
        }
        var rho = sumChecks / sum;
        var spread = 0.0;
        foreach (var key in chosen)
        {
            var (weight, off) = (Weight(key), key.Checks - rho);
            sumSquares += weight * weight * off * off;
            spread += weight * off * off;
        }
        return new(rho, sumSquares / (sum * sum), spread / sum, chosen.Count, sumChecks / sumDays,
            [.. shares.Select(share => share / sum)]);
    }

    /// <summary>The checks per key and active day of the keys that are not in the panel.</summary>
    public double RateOfOthers()
    {
        var (checks, days) = (0L, 0L);
        foreach (var key in keys)
        {
            if (!IsIn(key))
            {
                checks += key.Checks;
                days += key.Days;
            }
        }
        return days == 0 ? double.NaN : (double)checks / days;
    }

    private bool IsIn(KeySummary key) =>
        key is { Before: true, After: true, Mixed: false } && key.Crossed < options.CrossedDays;

    private double Weight(KeySummary key)
    {
        var daily = Math.Max((key.AllDays - 1.0) / (_span - 1), 0.5 / _span);
        var side = 1 - Math.Pow(1 - daily, flank);
        return 1 / Math.Max(side * side, 0.02);
    }
}
