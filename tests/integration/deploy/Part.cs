using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Pipeline.Tests.Integration.Deploy;

/// <summary>One process of an installation, as a supervisor has it: started, told to stop, paused, and started again.</summary>
internal sealed class Part(string name, IReadOnlyDictionary<string, string> environment, params string[] args) : IDisposable
{
    public const int Terminate = 15, Pause = 19, Continue = 18;

    /// <summary>What deploy/README.md states.</summary>
    public static readonly TimeSpan StopBound = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly string Dll = Path.Combine(AppContext.BaseDirectory, "pipeline.dll");

    private readonly List<string> _log = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource _wrote = New();
    private Process? _process;

    public string Name => name;

    /// <summary>The longest that a stop took.</summary>
    public TimeSpan LongestStop { get; private set; }

    public string Log
    {
        get
        {
            lock (_lock)
            {
                return string.Join('\n', _log);
            }
        }
    }

    /// <summary>Starts it, and returns its line that says `ready`.</summary>
    public async Task<string> StartAsync()
    {
        Launch();
        return await WaitForAsync(" ready ");
    }

    public void Launch()
    {
        lock (_lock)
        {
            _log.Clear();
        }
        var info = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")
            ?? "dotnet", [Dll, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var key in info.Environment.Keys.Where(k => k.StartsWith("PIPELINE__", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(key);
        }
        foreach (var (key, value) in environment)
        {
            info.Environment[key] = value;
        }
        _process?.Dispose();
        _process = new Process { StartInfo = info };
        _process.ErrorDataReceived += (_, e) => Heard(e.Data);
        _process.OutputDataReceived += (_, e) => Heard(e.Data);
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    /// <summary>The first line since the start that holds the text.</summary>
    public async Task<string> WaitForAsync(string text)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            var wrote = _wrote.Task;
            lock (_lock)
            {
                if (_log.Find(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
                {
                    return found;
                }
            }
            Assert.False(_process!.HasExited || bound.IsCancellationRequested, $"{name} never said '{text}':\n{Log}");
            await Task.WhenAny(wrote, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, CancellationToken.None));
        }
    }

    public void Signal(int signal) => Assert.Equal(0, Kill(_process!.Id, signal));

    /// <summary>SIGTERM, then its end: with 0, within the stated bound.</summary>
    public async Task StopAsync()
    {
        var told = Stopwatch.GetTimestamp();
        Signal(Terminate);
        var exit = await EndAsync();
        var took = Stopwatch.GetElapsedTime(told);
        LongestStop = took > LongestStop ? took : LongestStop;
        Assert.True(exit == 0 && took < StopBound, string.Create(CultureInfo.InvariantCulture,
            $"{name} ended with {exit} after {took.TotalSeconds:F1} s:\n{Log}"));
        Assert.DoesNotContain(" abandoned", Log, StringComparison.Ordinal);
    }

    public async Task<int> EndAsync()
    {
        using var bound = new CancellationTokenSource(Bound);
        await _process!.WaitForExitAsync(bound.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (_process is { HasExited: false } living)
        {
            living.Kill();
        }
        _process?.Dispose();
    }

    private void Heard(string? line)
    {
        if (line is not null)
        {
            lock (_lock)
            {
                _log.Add(line);
            }
            Interlocked.Exchange(ref _wrote, New()).TrySetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
