using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipeline.Tests.Benchmarks.Kafka;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Tail;

/// <summary>What following files costs: 1 ten thousand idle ones, of the whole program — 2 a hundred that grow by 200,000 lines a second, of the tail alone — 3 the same, of the whole program.</summary>
internal static class TailRun
{
    private const int IdleFiles = 10_000, IdleLines = 20, Files = 100, LinesPerSecond = 200_000;
    private static readonly TimeSpan IdleFor = TimeSpan.FromSeconds(30), GrowFor = TimeSpan.FromSeconds(15), Tick = TimeSpan.FromMilliseconds(50), SettleFor = TimeSpan.FromSeconds(15);
    private static readonly Dictionary<string, string> Plain = new(StringComparer.Ordinal);

    public static async Task<IReadOnlyList<Figure>> RunAsync(TemporaryFolder folder) =>
        [.. await IdleAsync(folder, 1), .. await IdleAsync(folder, IdleFiles), await AloneAsync(folder), await WholeAsync(folder)];

    /// <summary>The program with so many files that nobody writes to.</summary>
    private static async Task<IReadOnlyList<Figure>> IdleAsync(TemporaryFolder folder, int files)
    {
        Directory.CreateDirectory(folder["idle"]);
        for (var f = 0; f < files; f++)
        {
            CombinedLog.Write(folder[$"idle/site-{f:D5}.access.log"], IdleLines, Stages.Blocks.Seed + f);
        }
        using var run = Role.Start(Plain, "run", "--dir", folder["program"], "--tail", "web=" + folder["idle"]);
        await run.UntilAsync("ready ");
        await run.UntilIdleAsync();
        await Task.Delay(SettleFor, TimeProvider.System);
        var (cpu, from) = (run.CpuSeconds, run.Seconds);
        await Task.Delay(IdleFor, TimeProvider.System);
        var part = 100 * (run.CpuSeconds - cpu) / (run.Seconds - from);
        var (resident, peak) = (Machine.ResidentBytes(run.Id), run.PeakBytes);
        await run.StopAsync();
        CheckLines(folder, files * (long)IdleLines);
        folder.Remove("idle");
        folder.Remove("program");
        var (share, memory) = (new Figure($"run, {files:N0} idle files", "% of a core", part, part, part), new Figure($"run, {files:N0} idle files, resident", "MB", resident / 1e6, resident / 1e6, resident / 1e6) { PeakBytes = peak });
        return files == 1 ? [share, memory] : [share.AtMost(1), memory.AtMost(100)];
    }

    /// <summary>The tail alone, in a process of its own, into a sink that does not parse.</summary>
    private static async Task<Figure> AloneAsync(TemporaryFolder folder)
    {
        using var log = new GrowingLogs(folder["grow"], Files, LinesPerSecond, GrowFor);
        var child = Task.Run(() => Child.Again("tail-sink", folder["grow"], log.TotalBytes.ToString(CultureInfo.InvariantCulture)));
        await log.WriteAsync(Tick);
        var ran = JsonSerializer.Deserialize<TailSink.Ran>(await child)!;
        folder.Remove("grow");
        var part = 100 * ran.CpuSeconds / ran.Seconds;
        return new Figure("tail alone, 200 k lines/s in 100 files", "% of a core", part, part, part)
        {
            PeakBytes = ran.PeakBytes, PerCpuSecond = log.TotalLines / ran.CpuSeconds, AllocatedPerItem = ran.Allocated / (double)log.TotalLines,
            Note = $"{log.TotalLines:N0} lines, {log.TotalBytes / 1e6:N0} MB in {ran.Blocks:N0} blocks over {ran.Seconds:0.0} s; {ran.Polls:N0} polls; the last line was read {Math.Max(0, ran.Seconds - GrowFor.TotalSeconds):0.0} s after it was due",
        }.AtMost(20);
    }

    private static async Task<Figure> WholeAsync(TemporaryFolder folder)
    {
        using var log = new GrowingLogs(folder["grow"], Files, LinesPerSecond, GrowFor);
        using var run = Role.Start(Plain, "run", "--dir", folder["program"], "--tail", "web=" + folder["grow"]);
        await run.UntilAsync("ready ");
        await run.UntilIdleAsync();
        var (cpu, from) = (run.CpuSeconds, run.Seconds);
        await log.WriteAsync(Tick);
        var part = 100 * (run.CpuSeconds - cpu) / (run.Seconds - from);
        await run.UntilIdleAsync();
        var (all, peak) = (run.CpuSeconds - cpu, run.PeakBytes);
        await run.StopAsync();
        CheckLines(folder, log.TotalLines);
        folder.Remove("grow");
        folder.Remove("program");
        return new Figure("run, 200 k lines/s in 100 files, all roles", "% of a core", part, part, part)
        {
            PeakBytes = peak, PerCpuSecond = log.TotalLines / all, Note = $"{all:0.0} CPU-seconds until all was captured and nothing was done any more; every line is in a capture, by verify",
        };
    }

    private static void CheckLines(TemporaryFolder folder, long lines)
    {
        var (verify, _) = Child.Run([.. Child.Program, "verify", "--dir", folder["program"], "--json"]);
        Check.Equal("verify's lines", JsonDocument.Parse(verify).RootElement.GetProperty("lines").GetInt64(), lines);
    }
}
