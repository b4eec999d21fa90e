using System.Text.Json;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Stages;

/// <summary>`compact` of a real installation: a week in which every date has twelve small segments. The program as a process of its own,
/// start-up included; what it counts is checked.</summary>
internal static class CompactStage
{
    private const int Imports = 12, LinesEach = 250_000, Repetitions = 3;

    public static IEnumerable<Figure> Compact()
    {
        using var folder = new TemporaryFolder();
        long rows = 0;
        for (var i = 0; i < Imports; i++)
        {
            var truth = CombinedLog.Write(folder["access.log"], LinesEach, Blocks.Seed + i);
            ImportRun.Run(folder, "access.log", "installation", truth);
            rows += truth.Counts.Records.Values.Sum();
        }
        var samples = Enumerable.Range(0, Repetitions).Select(i => Once(folder, $"copy-{i}", rows)).OrderBy(s => s.Usage.Seconds).ToList();
        var median = samples[Repetitions / 2];
        yield return new Figure("`compact`, a process of its own", "rows/s", rows / median.Usage.Seconds, rows / samples[^1].Usage.Seconds,
            rows / samples[0].Usage.Seconds)
        {
            PerCpuSecond = rows / Repeat.Median(samples.Select(s => s.Usage.CpuSeconds)), PeakBytes = samples.Max(s => s.Usage.PeakBytes),
                BytesPerRow = median.After / (double)rows,
            Note = $"{median.Before / (double)rows:0.00} B/row before, {median.FilesBefore} segments became {median.FilesAfter}",
        };
    }

    private static (Usage Usage, long Before, long After, long FilesBefore, long FilesAfter) Once(TemporaryFolder folder, string copy,
        long rows)
    {
        Child.Run("cp", "-r", folder["installation"], folder[copy]);
        var (output, usage) = Child.Run([.. Child.Program, "compact", "--dir", folder[copy], "--json"]);
        var dates = JsonDocument.Parse(output).RootElement.GetProperty("tables").EnumerateArray()
            .SelectMany(table => table.GetProperty("dates").EnumerateArray()).ToList();
        Check.Equal("rows that were compacted", Sum("rowsBefore"), rows);
        folder.Remove(copy);
        return (usage, Sum("bytesBefore"), Sum("bytesAfter"), Sum("filesBefore"), Sum("filesAfter"));

        long Sum(string name) => dates.Sum(date => date.GetProperty(name).GetInt64());
    }
}
