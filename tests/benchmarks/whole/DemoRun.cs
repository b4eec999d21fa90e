namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>`pipeline demo` with its defaults, once, as a user sees it.</summary>
internal static class DemoRun
{
    public static IReadOnlyList<Figure> Run(TemporaryFolder folder)
    {
        var (_, usage) = Child.Run([.. Child.Program, "demo", "--dir", folder["demo"]]);
        folder.Remove("demo");
        return [new Figure("`demo`", "s", usage.Seconds, usage.Seconds, usage.Seconds).AtMost(20) with { PeakBytes = usage.PeakBytes }];
    }
}
