using Pipeline.Tests.Benchmarks.Stages;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks;

/// <summary>One session of measurements: 1 stages alone — 2 the whole way beside the baseline — 3 total time — 4 push — 5 demo. Progress
/// goes to standard error, the table to standard output.</summary>
internal static class Session
{
    /// <param name="full">False: the stages, and one pair of the whole way and the baseline on a shorter log.</param>
    public static async Task<int> RunAsync(bool full)
    {
        using var folder = new TemporaryFolder();
        var figures = new List<Figure>();
        // 1
        foreach (var stage in StageList.Names)
        {
            Say($"stage {stage}");
            figures.AddRange(Figure.Read(Child.Again("stage", stage, "--json")));
        }
        if (full)
        {
            // 2 and 3
            figures.AddRange(Whole(folder));
            // 4
            Say("push");
            figures.AddRange(await PushRun.RunAsync(folder));
            // 5
            Say("demo");
            figures.AddRange(DemoRun.Run(folder));
        }
        else
        {
            figures.AddRange(Pairs(folder, 2_000_000, pairs: 1));
        }
        Report.Print(figures);
        return 0;
    }

    /// <summary>The whole way beside the baseline at two sizes, and what one more line costs.</summary>
    public static IReadOnlyList<Figure> Whole(TemporaryFolder folder)
    {
        var figures = new List<Figure>();
        figures.AddRange(Pairs(folder, 5_000_000, pairs: 5));
        figures.AddRange(Pairs(folder, 20_000_000, pairs: 2));
        Say("whole way, 2, 11 and 20 million lines");
        figures.AddRange(WholeWay.Marginal(folder, rounds: 3));
        return figures;
    }

    /// <summary>One part alone.</summary>
    public static async Task<int> OneAsync(Func<TemporaryFolder, Task<IReadOnlyList<Figure>>> measure)
    {
        using var folder = new TemporaryFolder();
        Report.Print(await measure(folder));
        return 0;
    }

    private static IReadOnlyList<Figure> Pairs(TemporaryFolder folder, long lines, int pairs)
    {
        Say($"whole way and baseline, {lines:N0} lines");
        var truth = CombinedLog.Write(folder["access.log"], lines, Blocks.Seed);
        var figures = WholeWay.Compare(folder, "access.log", truth, pairs);
        folder.Remove("access.log");
        return figures;
    }

    private static void Say(string what) => Console.Error.WriteLine($"measuring: {what}");
}
