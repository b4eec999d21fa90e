using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Pipeline.Tests.Benchmarks.Whole;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>A line that a role logged, and when it came: seconds since the role was started.</summary>
internal readonly record struct Logged(double Seconds, DateTimeOffset At, string Line)
{
    /// <summary>The number after `name=`.</summary>
    public long Number(string name) =>
        long.Parse(Line.Split(' ').First(word => word.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..],
        CultureInfo.InvariantCulture);

    /// <summary>Whether it tells of a seal.</summary>
    public bool IsSeal => Line.Contains("seal table=", StringComparison.Ordinal);
}

/// <summary>`pipeline ingest` or `pipeline ship` as a process of its own, until it is told to stop.</summary>
internal sealed partial class Role : IDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50), Bound = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly ConcurrentQueue<Logged> _log = new();

    private Role(Process process) => _process = process;

    public IReadOnlyCollection<Logged> Log => _log;

    public IEnumerable<Logged> Seals => _log.Where(l => l.IsSeal);

    public double Seconds => Stopwatch.GetElapsedTime(_started).TotalSeconds;

    /// <summary>User and system, since its start.</summary>
    public double CpuSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    public int Id => _process.Id;

    public long PeakBytes => Machine.PeakBytes(_process.Id);

    public static Role Start(IReadOnlyDictionary<string, string> environment, params string[] args) =>
        Start(Child.Program, environment, args);

    public static Role Start(string[] program, IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var info = Child.Info([.. program, .. args]);
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }
        var role = new Role(new Process { StartInfo = info });
        role._process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is { } line)
            {
                role._log.Enqueue(new Logged(role.Seconds, TimeProvider.System.GetUtcNow(), line));
            }
        };
        role._process.OutputDataReceived += (_, _) => { };
        role._process.Start();
        role._process.BeginErrorReadLine();
        role._process.BeginOutputReadLine();
        return role;
    }

    /// <summary>Waits for a condition of its log.</summary>
    public async Task UntilAsync(Func<Role, bool> holds, string what)
    {
        var from = Stopwatch.GetTimestamp();
        while (!holds(this))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(from) > Bound)
            {
                throw new InvalidOperationException(
                    $"{what}: did not come; the role said:\n{string.Join('\n', _log.TakeLast(30).Select(l => l.Line))}");
            }
            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    public Task UntilAsync(string text) => UntilAsync(r => r._log.Any(l => l.Line.Contains(text, StringComparison.Ordinal)), text);

    /// <summary>Waits until it has done nothing for a while; when it was last busy, in seconds since its start.</summary>
    public async Task<double> UntilIdleAsync()
    {
        var (cpu, busy) = (CpuSeconds, Seconds);
        while (Seconds - busy < 2)
        {
            await Task.Delay(Poll * 4, TimeProvider.System);
            if (CpuSeconds - cpu > 0.04)
            {
                busy = Seconds;
            }
            cpu = CpuSeconds;
        }
        return busy;
    }

    /// <summary>Waits until it ends by itself; its exit code.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>SIGTERM, and its exit code, which must be 0.</summary>
    public async Task StopAsync()
    {
        _ = Signal(_process.Id, Terminate);
        await _process.WaitForExitAsync();
        Check.Equal("exit code after SIGTERM", _process.ExitCode, 0);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int process, int signal);
}
