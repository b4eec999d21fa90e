using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>The built program as a child process that is meant to be killed.</summary>
internal sealed class Victim : IDisposable
{
    /// <summary>SIGKILL, as a shell tells it.</summary>
    public const int Killed = 137;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(180);

    /// <summary>The published program, where PIPELINE_TEST_PROGRAM names it: what operations run, and at work sooner. Else the one that was
    /// built with the tests.</summary>
    private static readonly string[] Program = Environment.GetEnvironmentVariable("PIPELINE_TEST_PROGRAM") is { Length: > 0 } published
        ? [published] : [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")
        ?? "dotnet", Path.Combine(AppContext.BaseDirectory, "pipeline.dll")];

    private readonly Process _process;
    private readonly StringBuilder _error = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _assigned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _dir;

    /// <summary>Sockets tell of work: the runtime opens none of its own for diagnostics.</summary>
    private readonly bool _connects;

    private Victim(Process process, string dir)
    {
        (_process, _dir, _connects) =
            (process, dir, process.StartInfo.Environment.TryGetValue("DOTNET_EnableDiagnostics", out var diagnostics)
            && diagnostics == "0");
        process.ErrorDataReceived += (_, e) =>
        {
            lock (_error)
            {
                _error.AppendLine(e.Data);
            }
            if (e.Data?.Contains("ready ", StringComparison.Ordinal) == true)
            {
                _ready.TrySetResult(e.Data);
            }
            // Without a partition: `partitions= of=`.
            if (e.Data?.Contains(" assigned partitions=", StringComparison.Ordinal) == true
                && !e.Data.Contains("partitions= ", StringComparison.Ordinal))
            {
                _assigned.TrySetResult();
            }
        };
        process.Start();
        process.BeginErrorReadLine();
        Out = process.StandardOutput.ReadToEndAsync();
        Ended = process.WaitForExitAsync();
    }

    /// <summary>Everything on standard output, once it has ended.</summary>
    public Task<string> Out { get; }

    /// <summary>The line that a `run` logs when it takes lines; never, where it died before.</summary>
    public Task<string> Ready => _ready.Task;

    /// <summary>A shipper has partitions of the topic.</summary>
    public Task Assigned => _assigned.Task;

    public Task Ended { get; }

    public int Exit => _process.ExitCode;

    public string Error
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    /// <param name="dir">The installation that the arguments name.</param>
    public static Victim Start(string dir, params string[] args) => Start(dir, new Dictionary<string, string>(), args);

    /// <summary>With settings in the environment, which win over those that every victim has.</summary>
    public static Victim Start(string dir, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var info = new ProcessStartInfo(Program[0], [.. Program[1..], .. args]) { RedirectStandardOutput = true,
            RedirectStandardError = true };
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("PIPELINE__", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }
        info.Environment["PIPELINE__SEAL__AGE"] = "1s";
        info.Environment["PIPELINE__PERIOD"] = "1s";
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }
        return new Victim(new Process { StartInfo = info }, dir);
    }

    /// <summary>Runs the program to its end.</summary>
    public static Task<(int Exit, string Out, string Error)> RunAsync(string dir, params string[] args) =>
        RunAsync(dir, new Dictionary<string, string>(), args);

    /// <summary>Runs the program to its end, with settings in the environment.</summary>
    public static async Task<(int Exit, string Out, string Error)> RunAsync(string dir, IReadOnlyDictionary<string, string> environment,
        params string[] args)
    {
        using var victim = Start(dir, environment, args);
        await victim.EndAsync();
        return (victim.Exit, await victim.Out, victim.Error);
    }

    /// <summary>Waits until it ends by itself.</summary>
    public async Task EndAsync()
    {
        using var bound = new CancellationTokenSource(Bound);
        await _process.WaitForExitAsync(bound.Token);
    }

    /// <summary>SIGSTOP: a process that hangs, and does not know it.</summary>
    public void Pause() => _ = Signal(_process.Id, 19);

    /// <summary>SIGCONT: it wakes, and goes on where it was.</summary>
    public void Resume() => _ = Signal(_process.Id, 18);

    /// <summary>Returns when it has files of the installation open, or is connected to something: it has begun its work. Or when it has
    /// ended.</summary>
    /// <returns>Whether it was seen at work.</returns>
    public async Task<bool> WorkingAsync()
    {
        while (!Ended.IsCompleted)
        {
            if (HasOpenFiles())
            {
                return true;
            }
            await Task.WhenAny(Ended, Task.Delay(TimeSpan.FromMilliseconds(8), TimeProvider.System));
        }
        return false;
    }

    public void Terminate() => _ = Signal(_process.Id, 15);

    /// <summary>SIGKILL to the whole process, unless it has ended.</summary>
    /// <returns>Whether it had begun its work: it has files of the installation open.</returns>
    public async Task<bool> KillAsync()
    {
        var working = HasOpenFiles();
        _ = Signal(_process.Id, 9);
        await EndAsync();
        return working;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.Dispose();
    }

    /// <summary>The most memory that it had so far; 0 where it has ended.</summary>
    public long PeakBytes()
    {
        try
        {
            _process.Refresh();
            return _process.HasExited ? 0 : _process.PeakWorkingSet64;
        }
        catch (InvalidOperationException)
        {
            return 0;
        }
    }

    private bool HasOpenFiles()
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{_process.Id}/fd")
                .Any(fd => new FileInfo(fd).LinkTarget is { } target && (target.StartsWith(_dir, StringComparison.Ordinal)
                || (_connects && target.StartsWith("socket:", StringComparison.Ordinal))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
