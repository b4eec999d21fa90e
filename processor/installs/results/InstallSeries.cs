using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Installs.Estimates;

namespace Pipeline.Processor.Installs.Results;

/// <summary>
/// Facts and estimates from one version of the `xencenter-checks` table: 1 facts are counted — 2 all rows are read and cleaned — 3 each
/// window that has facts is estimated, and its versions get their shares.
/// </summary>
/// <remarks>All dates are read whatever range is asked for, so that a figure never depends on how the question was cut.</remarks>
public sealed class InstallSeries(TableLog log, EstimatorOptions? options = null)
{
    /// <summary>About 2 GB of memory. A larger table gets facts alone.</summary>
    public const long MostRows = 20_000_000;

    /// <summary>A version with fewer installs is not told: it could be one site.</summary>
    public const int LeastInstalls = 10;

    /// <inheritdoc cref="InstallCounter.CountAsync(InstallQuestion, CancellationToken)"/>
    /// <param name="mostRows">A table with more rows is not estimated.</param>
    public async Task<InstallFacts> EstimateAsync(InstallQuestion question, long mostRows = MostRows, CancellationToken cancel = default)
    {
        // 1
        var state = await log.OpenAsync(cancel);
        var facts = await new InstallCounter(log).CountAsync(state, question, cancel);
        var rows = state?.Files.Values.Sum(file => file.Rows) ?? 0;
        var settings = options ?? new();
        if (state is null || rows == 0 || rows > mostRows)
        {
            return TooMany(facts, rows, mostRows);
        }
        // 2
        var table = await new CheckReader(log).ReadAsync(state, cancel);
        var estimator = new InstallEstimator(table.Checks, settings);
        // 3
        var first = state.Files.Values.Min(file => file.Date);
        var newest = state.Files.Values.Max(file => file.Date);
        var windows = facts.Rows.Select(row => (row.Window, row.Start)).Distinct()
            .ToDictionary(window => window, window => Window(window.Window, window.Start, estimator, first, newest));
        return facts with
        {
            Estimates = new(EstimatorOptions.MethodVersion, first.ToString(), estimator.Retries, estimator.Pollers.Count,
                estimator.PollerChecks, table.Unreadable),
            Rows = [.. facts.Rows.Select(row => row with { Estimate = Of(row, windows[(row.Window, row.Start)], table.Versions) })],
        };
    }

    private static InstallFacts TooMany(InstallFacts facts, long rows, long mostRows) => facts with
    {
        Estimates = new(EstimatorOptions.MethodVersion, null, 0, 0, 0, 0),
        Rows = [.. facts.Rows.Select(row => row with
        {
            Estimate = new("refused", $"the table has {rows} rows, and at most {mostRows} are estimated in memory"),
        })],
    };

    private static (InstallEstimate Whole, IReadOnlyList<double> Shares) Window(string window, string text, InstallEstimator estimator,
        UtcDay first, UtcDay newest)
    {
        var start = UtcDay.Parse(text);
        var length = WindowKinds.Length(WindowKinds.Parse(window)!.Value, start);
        // The newest date may still be filling.
        var estimate = estimator.Estimate(start.Number, length, until: newest.Number);
        var covered = Math.Min(start.Number + length, newest.Number) - Math.Max(start.Number, first.Number);
        return (new(Name(estimate.Status), estimate.Status == EstimateStatus.Refused ? estimate.Reason : null)
        {
            Value = Installs(estimate.Value), Lower = Installs(estimate.Lower), Upper = Installs(estimate.Upper),
            BandLower = Installs(estimate.BandLower), BandUpper = Installs(estimate.BandUpper), Days = length,
            CoveredDays = Math.Max(0, covered), CleanChecks = estimate.Checks, Rho = Known(estimate.Rho, 4),
            PanelKeys = estimate.PanelKeys, Balance = Known(estimate.Balance, 3),
            PhaseSurvival = Known(estimator.PhaseSurvival(start.Number, length), 4),
        }, estimate.VersionShares);
    }

    private static InstallEstimate Of(InstallRow row, (InstallEstimate Whole, IReadOnlyList<double> Shares) window,
        IReadOnlyList<string> versions)
    {
        var (whole, shares) = window;
        if (row.Version == "*")
        {
            return whole;
        }
        var own = new InstallEstimate(whole.Status, whole.Reason) { Days = whole.Days, CoveredDays = whole.CoveredDays };
        var place = versions.Index().FirstOrDefault(version => version.Item == row.Version, (Index: -1, Item: "")).Index;
        if (whole.Value is not { } value || place < 0 || place >= shares.Count)
        {
            return own;
        }
        return value * shares[place] < LeastInstalls ? own with { Status = "refused", Reason = $"fewer than {LeastInstalls} installs" }
            : own with { Value = Installs(value * shares[place]), Share = Known(shares[place], 4) };
    }

    private static string Name(EstimateStatus status) => status switch
    {
        EstimateStatus.Final => "final",
        EstimateStatus.Provisional => "provisional",
        _ => "refused",
    };

    private static double? Installs(double value) => Known(value, 1);

    private static double? Known(double value, int digits) => double.IsFinite(value) ? Math.Round(value, digits) : null;
}
