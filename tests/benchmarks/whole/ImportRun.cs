using System.Text.Json;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>The whole way, once: the real program imports a log into an installation of its own. What it counted is checked against the
/// log's truth.</summary>
internal sealed record ImportRun(long Lines, long Rows, Usage Usage, long Captures, long Commits, long UsBytes, long UkBytes)
{
    public static ImportRun Run(TemporaryFolder folder, string log, string installation, CombinedLogTruth truth)
    {
        var (output, usage) =
            Child.Run([.. Child.Program, "import", folder[log], "--source", "web", "--dir", folder[installation], "--json"]);
        var report = JsonDocument.Parse(output).RootElement;
        var rows = 0L;
        foreach (var (dataset, expected) in truth.Counts.Records)
        {
            var found = report.GetProperty("records").GetProperty(dataset).GetInt64();
            Check.Equal($"import's records of {dataset}", found, expected);
            rows += found;
        }
        Check.Equal("import's lines", report.GetProperty("lines").GetInt64(), truth.Counts.Lines);
        return new ImportRun(truth.Counts.Lines, rows, usage, report.GetProperty("captures").GetInt64(),
            report.GetProperty("commits").GetInt64(),
            Size(Path.Combine(folder[installation], "us", "captures")), Size(Path.Combine(folder[installation], "uk", "tables")));
    }

    private static long Size(string path) => new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories)
        .Sum(file => file.Length);
}

internal static class Check
{
    public static void Equal(string what, long found, long expected)
    {
        if (found != expected)
        {
            throw new InvalidOperationException($"{what}: found {found}, expected {expected}. The figures of this session are void.");
        }
    }
}
