using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pipeline.Tests.Benchmarks.Kafka;
using Pipeline.Tests.Benchmarks.Whole;

namespace Pipeline.Tests.Benchmarks.Tail;

/// <summary>What following files costs: 1 ten thousand idle ones, of the process that follows them, and of one that has all roles — 2 a
/// hundred that grow by 200,000 lines a second, of the tail alone — 3 the same, of the whole program.</summary>
internal static class TailRun
{
    private const int IdleFiles = 10_000, IdleLines = 20, Files = 100, LinesPerSecond = 200_000;
    /// <summary>An idle file is one that nobody wrote to for more than three minutes: it is looked at every thirty seconds from then on,
    /// which is seen twice.</summary>
    private static readonly TimeSpan SettleFor = TimeSpan.FromMinutes(3.5), IdleFor = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan GrowFor = TimeSpan.FromSeconds(15), Tick = TimeSpan.FromMilliseconds(50);
    private static readonly string[] Roles = ["ingest", "run"];
    private static readonly Dictionary<string, string> Plain = new(StringComparer.Ordinal);

    public static async Task<IReadOnlyList<Figure>> RunAsync(TemporaryFolder folder) =>
        [.. await IdleAsync(folder), await AloneAsync(folder), await WholeAsync(folder)];

    /// <summary>The program with one file and with ten thousand that nobody writes to: all at once, because they do next to nothing, each
    /// by a copy of the program: pages that several processes map are not given back.</summary>
    private static async Task<IReadOnlyList<Figure>> IdleAsync(TemporaryFolder folder)
    {
        foreach (var files in (int[])[1, IdleFiles])
        {
            await ManySources.WriteLogsAsync(folder[$"idle-{files}"], files, IdleLines);
        }
        var figures = await Task.WhenAll(Roles.SelectMany(role => (int[])[1, IdleFiles], (role, files) => IdleAsync(folder, role, files)));
        folder.Remove("idle-1");
        folder.Remove($"idle-{IdleFiles}");
        return [.. figures.SelectMany(f => f)];
    }

    private static async Task<IReadOnlyList<Figure>> IdleAsync(TemporaryFolder folder, string role, int files)
    {
        var program = $"{role}-{files}";
        using var run = Role.Start(Child.CopyOfProgram(folder[$"{program}-copy"]), Plain, role, "--dir", folder[program], "--tail", "web="
            + folder[$"idle-{files}"]);
        await run.UntilAsync("ready ");
        await run.UntilIdleAsync();
        await Task.Delay(SettleFor, TimeProvider.System);
        var (cpu, from) = (run.CpuSeconds, run.Seconds);
        await Task.Delay(IdleFor, TimeProvider.System);
        var part = 100 * (run.CpuSeconds - cpu) / (run.Seconds - from);
        var (resident, own, peak) = (Machine.ResidentBytes(run.Id) / 1e6, OwnBytes(run.Id) / 1e6, run.PeakBytes);
        await run.StopAsync();
        CheckLines(folder, files * (long)IdleLines, program);
        folder.Remove(program);
        folder.Remove($"{program}-copy");
        var (share, memory) = (new Figure($"{role}, {files:N0} idle files", "% of a core", part, part, part),
            new Figure($"{role}, {files:N0} idle files, resident", "MB", resident, resident, resident)
        {
            PeakBytes = peak,
                Note = $"{own:0} MB of it are the process's own, {resident - own:0} MB the program's file in the page cache, as the " +
                $"kernel mapped it",
        });
        return files == 1 ? [share, memory] : [share.AtMost(1), memory.AtMost(100)];
    }

    /// <summary>What no other process shares and no file backs.</summary>
    private static long OwnBytes(int process) =>
        1024 * File.ReadLines($"/proc/{process}/status").Where(l => l.StartsWith("RssAnon:", StringComparison.Ordinal)
            || l.StartsWith("RssShmem:", StringComparison.Ordinal))
            .Sum(l => long.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));

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
            PeakBytes = ran.PeakBytes, PerCpuSecond = log.TotalLines / ran.CpuSeconds,
                AllocatedPerItem = ran.Allocated / (double)log.TotalLines,
            Note = $"{log.TotalLines:N0} lines, {log.TotalBytes / 1e6:N0} MB in {ran.Blocks:N0} blocks over {ran.Seconds:0.0} s; " +
                $"{ran.Polls:N0} polls; the last line was read {Math.Max(0, ran.Seconds - GrowFor.TotalSeconds):0.0} s after it was due",
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
            PeakBytes = peak, PerCpuSecond = log.TotalLines / all, Note =
                $"{all:0.0} CPU-seconds until all was captured and nothing was done any more; every line is in a capture, by verify",
        };
    }

    private static void CheckLines(TemporaryFolder folder, long lines, string program = "program")
    {
        var (verify, _) = Child.Run([.. Child.Program, "verify", "--dir", folder[program], "--json"]);
        Check.Equal("verify's lines", JsonDocument.Parse(verify).RootElement.GetProperty("lines").GetInt64(), lines);
    }
}
