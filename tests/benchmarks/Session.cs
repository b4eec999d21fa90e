using Pipeline.Tests.Benchmarks.Stages;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks;

/// <summary>One session of measurements: 1 stages alone — 2 the whole way beside the baseline — 3 marginal time — 4 push — 5 demo. Progress goes to standard error, the table to standard output.</summary>
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
        // 2
        var lines = full ? 5_000_000 : 2_000_000;
        Say($"whole way and baseline, {lines:N0} lines");
        var truth = CombinedLog.Write(folder["access.log"], lines, Blocks.Seed);
        var runs = new List<ImportRun>();
        figures.AddRange(WholeWay.Compare(folder, "access.log", truth, pairs: full ? 5 : 1, runs));
        folder.Remove("access.log");
        if (full)
        {
            // 3
            Say("whole way, 2 and 20 million lines");
            figures.AddRange(WholeWay.Marginal(folder, runs));
            // 4
            Say("push");
            figures.AddRange(await PushRun.RunAsync(folder));
            // 5
            Say("demo");
            figures.AddRange(DemoRun.Run(folder));
        }
        Report.Print(figures);
        return 0;
    }

    /// <summary>One part alone.</summary>
    public static async Task<int> OneAsync(Func<TemporaryFolder, Task<IReadOnlyList<Figure>>> measure)
    {
        using var folder = new TemporaryFolder();
        Report.Print(await measure(folder));
        return 0;
    }

    private static void Say(string what) => Console.Error.WriteLine($"measuring: {what}");
}
