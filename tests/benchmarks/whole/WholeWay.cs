using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>File lines → durable captures → committed UK table, by the real program with its default settings, beside the baseline on the
/// same log: A B A B, ratio pair by pair.</summary>
internal static class WholeWay
{
    public static IReadOnlyList<Figure> Compare(TemporaryFolder folder, string log, CombinedLogTruth truth, int pairs)
    {
        var (ours, theirs) = (new List<ImportRun>(), new List<(Usage Usage, double BytesPerRow)>());
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
                Note = $"{Repeat.Median(ours.Select(r => r.Usage.Seconds)):0.00} s wall, " +
                    $"{Repeat.Median(ours.Select(r => r.Usage.UserSeconds)):0.00} s user, " +
                    $"{Repeat.Median(ours.Select(r => r.Usage.SystemSeconds)):0.00} s system; {rows:N0} rows, {ours[0].Captures:N0} " +
                    $"captures of {ours[0].UsBytes / (double)rows:0.0} B a row, {ours[0].Commits:N0} commits; bytes a row are the UK " +
                    $"table's, log included",
            },
            Rate($"baseline DuckDB, {size}", "lines/s", [.. theirs.Select(t => lines / t.Usage.Seconds)]) with
            {
                PerCpuSecond = Repeat.Median(theirs.Select(t => lines / t.Usage.CpuSeconds)),
                    PeakBytes = theirs.Max(t => t.Usage.PeakBytes), BytesPerRow = theirs[0].BytesPerRow,
                Note = $"{Repeat.Median(theirs.Select(t => t.Usage.Seconds)):0.00} s wall, " +
                    $"{Repeat.Median(theirs.Select(t => t.Usage.UserSeconds)):0.00} s user, " +
                    $"{Repeat.Median(theirs.Select(t => t.Usage.SystemSeconds)):0.00} s system; the same rows of each dataset, checked",
            },
            Rate($"whole way per CPU-second, {size}", "rows/s", [.. ours.Select(r => rows / r.Usage.CpuSeconds)]) with { Ratio = ratio,
                Target = "≥ 2 × baseline", Met = ratio >= 2 },
            Memory($"peak memory, {size}", ours),
        ];
    }

    /// <summary>
    /// What one more line costs, between 2 and 11 and between 11 and 20 million: equal distances, so that start-up is in neither; and that
    /// memory does not grow.
    /// The sizes take turns, and the least time of each counts, because what disturbs a run only ever adds to it.
    /// </summary>
    public static IReadOnlyList<Figure> Marginal(TemporaryFolder folder, int rounds)
    {
        long[] sizes = [2_000_000, 11_000_000, 20_000_000];
        var runs = sizes.Select(_ => new List<ImportRun>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < sizes.Length; i++)
            {
                var truth = CombinedLog.Write(folder["many.log"], sizes[i], Stages.Blocks.Seed);
                runs[i].Add(Import(folder, "many.log", truth));
                folder.Remove("many.log");
            }
        }
        double Wall(int i) => runs[i].Min(r => r.Usage.Seconds);
        double Cpu(int i) => runs[i].Min(r => r.Usage.CpuSeconds);
        double Of(Func<int, double> time, int i) => (time(i + 1) - time(i)) / (sizes[i + 1] - sizes[i]) * 1e9;
        var (first, second) = (Of(Wall, 0), Of(Wall, 1));
        return
        [
            Rate("total time per line, 2 M to 11 M", "ns", [first]) with { Note =
                $"{Wall(0):0.00} s at 2 M, {Wall(1):0.00} s at 11 M; CPU {Of(Cpu, 0):0} ns" },
            Rate("total time per line, 11 M to 20 M", "ns", [second]) with
            {
                Target = "0.9 to 1.1 × that of 2 M to 11 M", Met = second / first is >= 0.9 and <= 1.1,
                Note = $"{Wall(2):0.00} s at 20 M: {second / first:0.00} × that of 2 M to 11 M; CPU {Of(Cpu, 1):0} ns",
            },
            .. sizes.Select((size, i) => Memory($"peak memory, {size / 1e6:0} M lines", runs[i])),
        ];
    }

    private static ImportRun Import(TemporaryFolder folder, string log, CombinedLogTruth truth)
    {
        var run = ImportRun.Run(folder, log, "installation", truth);
        folder.Remove("installation");
        return run;
    }

    private static Figure Memory(string name, IEnumerable<ImportRun> runs) =>
        Rate(name, "B", [.. runs.Select(r => (double)r.Usage.PeakBytes)]).AtMost(400e6);

    private static Figure Rate(string name, string unit, double[] values) =>
        new(name, unit, Repeat.Median(values), values.Min(), values.Max());
}
