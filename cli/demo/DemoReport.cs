using Pipeline.Cli.Output;
using Pipeline.Processor.Installs;
using Pipeline.Processor.Verify;
using Pipeline.Worlds;

namespace Pipeline.Cli.Demo;

/// <summary>Facts and rejections beside the truth, as tables.</summary>
internal sealed class DemoReport(Printer output, WorldTruth truth, DemoComparison comparison)
{
    private const int MaxRows = 14;

    public void Show(InstallFacts facts, VerifyReport verified)
    {
        output.Heading("4. Facts beside the truth: checks and addresses are seen, the installs behind them are not");
        var rows = facts.Rows.ToDictionary(row => (row.Window, row.Start, row.Version));
        Windows(rows, "day", truth.Installs.ActivePerDay);
        Windows(rows, "week", truth.Installs.ActivePerWeek);
        Versions(rows);
        output.Heading("5. Rejections beside the truth: lines that became no record, by their first failing check");
        output.Table("lrrl", ["reason", "counted", "truth", ""], Outcomes.Reasons.Where(r => truth.Total.Counts.RejectionsOf(r)
            + verified.Rejections.GetValueOrDefault(r) > 0)
            .Select(reason => (IReadOnlyList<string>)[reason, Say.N(verified.Rejections.GetValueOrDefault(reason)),
                Say.N(truth.Total.Counts.RejectionsOf(reason)),
                Mark(verified.Rejections.GetValueOrDefault(reason) == truth.Total.Counts.RejectionsOf(reason))]));
        foreach (var difference in comparison.Differences.Take(20))
        {
            output.Line("DIFFERENCE: " + difference);
        }
        if (comparison.Differences.Count > 20)
        {
            output.Line($"and {comparison.Differences.Count - 20} more");
        }
    }

    private void Windows(Dictionary<(string, string, string), InstallRow> rows, string window, IReadOnlyDictionary<string, long> active)
    {
        var all = truth.Facts.Where(f => f.Window == window && f.Version == "*").ToList();
        output.Table("lrrrrrl", [window, "checks", "truth", "addresses", "truth", "installs behind", ""], all.Take(MaxRows)
            .Select(fact => Row(fact, rows, fact.Start, Say.N(active.GetValueOrDefault(fact.Start)))));
        if (all.Count > MaxRows)
        {
            output.Line($"(and {all.Count - MaxRows} more, compared too)");
        }
    }

    /// <summary>The versions of the last whole week.</summary>
    private void Versions(Dictionary<(string, string, string), InstallRow> rows)
    {
        var week = truth.Facts.Where(f => f.Window == "week").GroupBy(f => f.Start).LastOrDefault(g => g.Any(f => f.Version == "*"));
        if (week is null)
        {
            return;
        }
        output.Table("lrrrrl", [$"version, week {week.Key}", "checks", "truth", "addresses", "truth", ""],
            week.Where(f => f.Version != "*").OrderByDescending(f => f.Checks).Take(MaxRows)
            .Select(fact => Row(fact, rows, fact.Version, null)));
    }

    private static IReadOnlyList<string> Row(CheckFacts fact, Dictionary<(string, string, string), InstallRow> rows, string label,
        string? installs)
    {
        var found = rows.GetValueOrDefault((fact.Window, fact.Start, fact.Version));
        var same = found is not null && (found.Checks, found.Addresses) == (fact.Checks, fact.Addresses);
        List<string> row = [label, Say.N(found?.Checks), Say.N(fact.Checks), Say.N(found?.Addresses), Say.N(fact.Addresses)];
        if (installs is not null)
        {
            row.Add(installs);
        }
        row.Add(Mark(same));
        return row;
    }

    private static string Mark(bool same) => same ? "=" : "DIFFERS";
}
