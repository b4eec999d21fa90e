using System.Diagnostics;

namespace Pipeline.Tests.Benchmarks;

/// <summary>Runs a piece of work until its time is stable, then at least five times more, and keeps every repetition.</summary>
internal static class Repeat
{
    private const int Repetitions = 7;
    private static readonly TimeSpan MinRepetition = TimeSpan.FromMilliseconds(150), MinWarmUp = TimeSpan.FromMilliseconds(800),
        MaxWarmUp = TimeSpan.FromSeconds(4);

    private readonly record struct Sample(double Seconds, double CpuSeconds, double Allocated);

    /// <summary>The work's figure in items a second.</summary>
    /// <param name="items">How many items one call of <paramref name="work"/> does.</param>
    public static Figure Rate(string name, string unit, double items, Action work)
    {
        var calls = WarmUp(work);
        // What a repetition leaves behind must not be collected in the next one's time.
        GC.Collect();
        var samples = Enumerable.Range(0, Repetitions).Select(_ => Take(work, calls)).ToList();
        var rates = samples.Select(s => items * calls / s.Seconds).Order().ToList();
        return new Figure(name, unit, rates[rates.Count / 2], rates[0], rates[^1])
        {
            PerCpuSecond = Median(samples.Select(s => items * calls / s.CpuSeconds)),
            AllocatedPerItem = Median(samples.Select(s => s.Allocated / (items * calls))),
            PeakBytes = Machine.PeakBytes(),
        };
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>Until three repetitions in a row were no more than 2 % better than the best before them; returns how many calls make a
    /// repetition.</summary>
    private static int WarmUp(Action work)
    {
        var clock = Stopwatch.StartNew();
        var (best, since, calls) = (double.MaxValue, 0, 1);
        while (clock.Elapsed < MaxWarmUp && (since < 3 || clock.Elapsed < MinWarmUp))
        {
            var each = Take(work, calls).Seconds / calls;
            since = each < best * 0.98 ? 0 : since + 1;
            best = Math.Min(best, each);
            calls = Math.Max(1, (int)Math.Ceiling(MinRepetition.TotalSeconds / best));
        }
        return calls;
    }

    private static Sample Take(Action work, int calls)
    {
        var (cpu, allocated, started) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
        for (var i = 0; i < calls; i++)
        {
            work();
        }
        return new Sample(Stopwatch.GetElapsedTime(started).TotalSeconds,
            Math.Max(1e-6, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds), GC.GetTotalAllocatedBytes() - allocated);
    }
}
