using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Pipeline.Tests.Benchmarks.Whole;

/// <summary>What a process took, from its start to its end: wall time, processor time (user and system), and the most resident
/// memory.</summary>
internal sealed record Usage(double Seconds, double UserSeconds, double SystemSeconds, long PeakBytes)
{
    public double CpuSeconds => UserSeconds + SystemSeconds;
}

/// <summary>
/// Programs as child processes, with the kernel's account of each. Between the two stands a launcher that has no other child: what the
/// kernel tells of a process's
/// ended children is then that one's, and its peak cannot be the memory of a large parent that was forked.
/// </summary>
internal static partial class Child
{
    private const int OfEndedChildren = -1, MaxRss = 4, Longs = 18;

    public static string Dotnet { get; } = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static string Self { get; } = Path.Combine(AppContext.BaseDirectory, "Pipeline.Tests.Benchmarks.dll");

    /// <summary>The program that is measured: the Release build beside this one, or what BENCH_PROGRAM names (a published
    /// `pipeline`).</summary>
    public static string[] Program { get; } = Environment.GetEnvironmentVariable("BENCH_PROGRAM") is { Length: > 0 } named
        ? [Path.GetFullPath(named)]
        : [Dotnet, Path.Combine(AppContext.BaseDirectory, "pipeline.dll")];

    /// <summary>A copy of the published program, whose pages no other process maps: as on a machine that runs one. What is not published
    /// stays where it is.</summary>
    public static string[] CopyOfProgram(string to)
    {
        if (Program is not [var file])
        {
            return Program;
        }
        File.Copy(file, to);
        return [to];
    }

    /// <summary>This program with other arguments; its standard output.</summary>
    public static string Again(params string[] args) => Output(Info([Dotnet, Self, .. args]));

    /// <summary>Runs a command to its end; its standard output and what it took. A command that fails ends the session.</summary>
    public static (string Output, Usage Usage) Run(params string[] command)
    {
        var file = Path.GetTempFileName();
        try
        {
            var output = Output(Info([Dotnet, Self, "launch", file, .. command]));
            return (output, JsonSerializer.Deserialize<Usage>(File.ReadAllText(file))!);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The launcher's part.</summary>
    public static unsafe int Launch(string usageFile, string program, string[] args)
    {
        var started = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, args))!;
        process.WaitForExit();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var usage = stackalloc long[Longs];
        if (GetUsage(OfEndedChildren, usage) != 0)
        {
            throw new InvalidOperationException("the kernel gave no account of the child");
        }
        File.WriteAllText(usageFile,
            JsonSerializer.Serialize(new Usage(seconds, usage[0] + usage[1] / 1e6, usage[2] + usage[3] / 1e6, usage[MaxRss] * 1024)));
        return process.ExitCode;
    }

    /// <summary>How a command is started: without settings that the caller's environment has for the program.</summary>
    public static ProcessStartInfo Info(string[] command)
    {
        var info = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true,
            RedirectStandardInput = true };
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("PIPELINE__", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }
        return info;
    }

    private static string Output(ProcessStartInfo info)
    {
        using var process = Process.Start(info)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Result
            : throw new InvalidOperationException(
                $"{string.Join(' ', info.ArgumentList)}: found exit code {process.ExitCode}, expected 0\n{error.Result}{output.Result}");
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static unsafe partial int GetUsage(int who, long* usage);
}
