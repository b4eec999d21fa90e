using Pipeline.Processor.Installs;
using Pipeline.Processor.Installs.Results;

namespace Pipeline.Cli.Output;

/// <summary>Facts and estimates for people.</summary>
internal static class InstallsView
{
    private const int MostSpark = 120;

    private static readonly string[] Head = ["window", "start", "version", "checks", "addresses", "IPv4", "IPv6 /64", "installs", "band",
        "status"];

    public static void Show(InstallFacts facts, Printer output)
    {
        output.Line($"facts through {facts.Through ?? "(the table is empty)"}. {facts.Means}");
        output.Line($"estimates by {facts.Estimates?.Method}. {facts.Estimates?.Means}");
        output.Table("lllrrrrrrl", Head, Ordered(facts.Rows).Select(Cells));
        foreach (var kind in facts.Rows.Where(row => row.Version == "*").GroupBy(row => row.Window))
        {
            var values = kind.Select(row => row.Estimate?.Value).TakeLast(MostSpark).ToList();
            if (values.Exists(value => value is not null))
            {
                output.Line($"{kind.Key,-5} {Sparkline.Of(values)}  {Whole(values.Min())} to {Whole(values.Max())} installs");
            }
        }
        foreach (var reason in facts.Rows.Where(row => row.Estimate is { Reason: not null } && row.Version == "*")
            .GroupBy(row => (row.Window, row.Estimate!.Reason)))
        {
            output.Line($"{Say.Count(reason.Count(), "window")} of {reason.Key.Window} without an estimate: {reason.Key.Reason}");
        }
        if (facts.Estimates is { } notes)
        {
            output.Line($"left out of estimates: {Say.Count(notes.Retries, "check")} of a pair or a retry, " +
                $"{Say.Count(notes.PollerChecks, "check")} of {Say.Count(notes.Pollers, "script")}");
        }
        if (facts.UnreadableAddresses > 0)
        {
            output.Line($"{Say.N(facts.UnreadableAddresses)} rows have an unparsable address: they count as checks, and in no count of " +
                $"addresses and no estimate");
        }
    }

    /// <summary>By window, start, then version in version order, all versions first.</summary>
    public static IEnumerable<InstallRow> Ordered(IEnumerable<InstallRow> rows) =>
        rows.OrderBy(row => WindowKinds.Parse(row.Window)).ThenBy(row => row.Start, StringComparer.Ordinal)
            .ThenBy(row => row.Version != "*").ThenBy(row => row.Version, VersionOrder.Instance);

    private static IReadOnlyList<string> Cells(InstallRow row)
    {
        var estimate = row.Estimate;
        var part = estimate is { Days: > 0 } && estimate.CoveredDays < estimate.Days
            ? $" ({estimate.CoveredDays} of {Say.Count(estimate.Days, "day")})" : "";
        return
        [
            row.Window, row.Start + part, row.Version == "*" ? "all" : row.Version, Say.N(row.Checks), Say.N(row.Addresses),
            Say.N(row.Ipv4), Say.N(row.Ipv6Prefixes), Whole(estimate?.Value),
            estimate?.BandLower is { } lower ? $"{Whole(lower)} to {Whole(estimate.BandUpper)}" : "-", estimate?.Status ?? "-",
        ];
    }

    private static string Whole(double? value) => Say.N(value is { } known ? (long)Math.Round(known) : null);
}
