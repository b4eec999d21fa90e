using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Pipeline.Tests.Benchmarks;

/// <summary>Where and with what the figures were measured: without it they say nothing.</summary>
internal static class Machine
{
    public static string Describe()
    {
        var cpu = Value("/proc/cpuinfo", "model name");
        var memory = Value("/proc/meminfo", "MemTotal") is { } kb && long.TryParse(kb.Split(' ')[0], out var n) ? $"{n / 1048576.0:0.#} GiB"
            : "unknown";
        var load = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
        return $"""
            - machine: {cpu ?? "unknown processor"}, {Environment.ProcessorCount} cores, {memory}; kernel {Environment.OSVersion.Version}; disk {FileSystem(Path.GetTempPath())}; load at the end {load}
            - versions: pipeline {Version(typeof(Pipeline.Core.PipelineException))}, {RuntimeInformation.FrameworkDescription}, DuckDB.NET {Version(typeof(DuckDB.NET.Data.DuckDBConnection))}
            - date: {TimeProvider.System.GetUtcNow():yyyy-MM-dd}
            """;
    }

    /// <summary>The most resident memory that this process had, in bytes.</summary>
    public static long PeakBytes() => PeakBytes(Environment.ProcessId);

    public static long PeakBytes(int process) => Value($"/proc/{process}/status", "VmHWM") is { } kb ? long.Parse(kb.Split(' ')[0]) * 1024
        : 0;

    /// <summary>The resident memory of a process, now.</summary>
    public static long ResidentBytes(int process) => Value($"/proc/{process}/status", "VmRSS") is { } kb
        ? long.Parse(kb.Split(' ')[0]) * 1024 : 0;

    private static string FileSystem(string path)
    {
        var drive = DriveInfo.GetDrives().Where(d => path.StartsWith(d.Name, StringComparison.Ordinal)).MaxBy(d => d.Name.Length);
        return drive?.DriveFormat ?? "unknown";
    }

    private static string? Value(string file, string key) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? FileVersionInfo.GetVersionInfo(type.Assembly.Location).FileVersion ?? "unknown";
}
