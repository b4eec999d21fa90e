using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>File lines → durable captures → committed UK table, by the real program with its default settings, beside the baseline on the same log: A B A B, ratio pair by pair.</summary>
internal static class WholeWay
{
    public static IReadOnlyList<Figure> Compare(TemporaryFolder folder, string log, CombinedLogTruth truth, int pairs, List<ImportRun> ours)
    {
        var theirs = new List<(Usage Usage, double BytesPerRow)>();
        for (var pair = 0; pair < pairs; pair++)
        {
            ours.Add(Import(folder, log, truth));
            theirs.Add(Baseline.Measure(folder, log, "baseline", truth));
        }
        var (lines, rows, size) = (ours[0].Lines, ours[0].Rows, $"{ours[0].Lines / 1e6:0.#} M lines");
        var ratio = Repeat.Median(ours.Zip(theirs, (a, b) => b.Usage.CpuSeconds / a.Usage.CpuSeconds));
        var wall = Repeat.Median(ours.Zip(theirs, (a, b) => b.Usage.Seconds / a.Usage.Seconds));
        return
        [
            Rate($"whole way, {size}", "lines/s", [.. ours.Select(r => lines / r.Usage.Seconds)]).AtLeast(1.2e6) with
            {
                PerCpuSecond = Repeat.Median(ours.Select(r => lines / r.Usage.CpuSeconds)), Ratio = wall,
                PeakBytes = ours.Max(r => r.Usage.PeakBytes), BytesPerRow = ours[0].UkBytes / (double)rows,
                Note = $"{Repeat.Median(ours.Select(r => r.Usage.Seconds)):0.00} s wall, {Repeat.Median(ours.Select(r => r.Usage.UserSeconds)):0.00} s user, {Repeat.Median(ours.Select(r => r.Usage.SystemSeconds)):0.00} s system; {rows:N0} rows, {ours[0].Captures:N0} captures of {ours[0].UsBytes / (double)rows:0.0} B a row, {ours[0].Commits:N0} commits; bytes a row are the UK table's, log included",
            },
            Rate($"baseline DuckDB, {size}", "lines/s", [.. theirs.Select(t => lines / t.Usage.Seconds)]) with
            {
                PerCpuSecond = Repeat.Median(theirs.Select(t => lines / t.Usage.CpuSeconds)), PeakBytes = theirs.Max(t => t.Usage.PeakBytes), BytesPerRow = theirs[0].BytesPerRow,
                Note = $"{Repeat.Median(theirs.Select(t => t.Usage.Seconds)):0.00} s wall, {Repeat.Median(theirs.Select(t => t.Usage.UserSeconds)):0.00} s user, {Repeat.Median(theirs.Select(t => t.Usage.SystemSeconds)):0.00} s system; the same rows of each dataset, checked",
            },
            Rate($"whole way per CPU-second, {size}", "rows/s", [.. ours.Select(r => rows / r.Usage.CpuSeconds)]) with { Ratio = ratio, Target = "≥ 2 × baseline", Met = ratio >= 2 },
            Memory($"peak memory, {size}", ours),
        ];
    }

    /// <summary>What one more line costs, between 2 and 5 and between 5 and 20 million, start-up apart; and that memory does not grow.</summary>
    public static IReadOnlyList<Figure> Marginal(TemporaryFolder folder, List<ImportRun> five)
    {
        var two = Many(folder, 2_000_000, 3);
        var twenty = Many(folder, 20_000_000, 2);
        double Seconds(IEnumerable<ImportRun> runs) => Repeat.Median(runs.Select(r => r.Usage.Seconds));
        var small = (Seconds(five) - Seconds(two)) / (five[0].Lines - two[0].Lines) * 1e9;
        var large = (Seconds(twenty) - Seconds(two)) / (twenty[0].Lines - two[0].Lines) * 1e9;
        double Cpu(IEnumerable<ImportRun> runs) => Repeat.Median(runs.Select(r => r.Usage.CpuSeconds));
        return
        [
            Rate("marginal time per line, 2 M to 5 M", "ns", [small]) with { Note = $"{Seconds(two):0.00} s at 2 M, {Seconds(five):0.00} s at 5 M; CPU {(Cpu(five) - Cpu(two)) / (five[0].Lines - two[0].Lines) * 1e9:0} ns" },
            Rate("marginal time per line, 2 M to 20 M", "ns", [large]) with
            {
                Ratio = null, Target = "0.9 to 1.1 × that of 2 M to 5 M", Met = large / small is >= 0.9 and <= 1.1,
                Note = $"{Seconds(twenty):0.00} s at 20 M: {large / small:0.00} × that of 2 M to 5 M; CPU {(Cpu(twenty) - Cpu(two)) / (twenty[0].Lines - two[0].Lines) * 1e9:0} ns",
            },
            Memory("peak memory, 2 M lines", two),
            Memory("peak memory, 20 M lines", twenty),
        ];
    }

    private static List<ImportRun> Many(TemporaryFolder folder, long lines, int times)
    {
        var truth = CombinedLog.Write(folder["many.log"], lines, Stages.Blocks.Seed);
        var runs = Enumerable.Range(0, times).Select(_ => Import(folder, "many.log", truth)).ToList();
        folder.Remove("many.log");
        return runs;
    }

    private static ImportRun Import(TemporaryFolder folder, string log, CombinedLogTruth truth)
    {
        var run = ImportRun.Run(folder, log, "installation", truth);
        folder.Remove("installation");
        return run;
    }

    private static Figure Memory(string name, IEnumerable<ImportRun> runs) => Rate(name, "B", [.. runs.Select(r => (double)r.Usage.PeakBytes)]).AtMost(400e6);

    private static Figure Rate(string name, string unit, double[] values) => new(name, unit, Repeat.Median(values), values.Min(), values.Max());
}
