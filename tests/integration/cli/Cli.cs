using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>What the program answered.</summary>
internal sealed record Answer(int Exit, string Out, string Error)
{
    /// <summary>Standard output, which must be one JSON document.</summary>
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;
}

/// <summary>The built program, as a child process: what a user starts.</summary>
internal sealed class Cli : IDisposable
{
    /// <summary>Against a program that hangs; a slow one, or a long proof, is waited for.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);
    private static readonly string Dll = Path.Combine(AppContext.BaseDirectory, "pipeline.dll");

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = [];
    private readonly SemaphoreSlim _wrote = new(0);

    private Cli(Process process) => _process = process;

    public string Log => string.Join('\n', _log);

    public static Answer Run(params string[] args) => Run(new Dictionary<string, string>(), args);

    public static Answer Run(IReadOnlyDictionary<string, string> environment, params string[] args) => Run(environment, "", args);

    /// <summary>With <paramref name="input"/> on standard input.</summary>
    public static Answer RunWith(string input, params string[] args) => Run(new Dictionary<string, string>(), input, args);

    private static Answer Run(IReadOnlyDictionary<string, string> environment, string input, string[] args)
    {
        using var process = Process.Start(Info(environment, args))!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(Bound))
        {
            process.Kill();
            Assert.Fail($"pipeline {string.Join(' ', args)} did not end within {Bound.TotalSeconds} s");
        }
        return new Answer(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>A run that goes on until it is told to stop.</summary>
    public static Cli Start(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        var cli = new Cli(new Process { StartInfo = Info(environment, args) });
        cli._process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null)
            {
                cli._log.Enqueue(e.Data);
                cli._wrote.Release();
            }
        };
        cli._process.Start();
        cli._process.BeginErrorReadLine();
        return cli;
    }

    /// <summary>The first log line that holds the text, or the n-th.</summary>
    public async Task<string> WaitForAsync(string text, int nth = 1)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            if (_log.Where(line => line.Contains(text, StringComparison.Ordinal)).ElementAtOrDefault(nth - 1) is { } found)
            {
                return found;
            }
            Assert.False(_process.HasExited && _wrote.CurrentCount == 0, $"it ended without '{text}':\n{Log}");
            Assert.False(bound.IsCancellationRequested, $"it did not write '{text}' within {Bound.TotalSeconds} s:\n{Log}");
            await _wrote.WaitAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        }
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public Task<int> TerminateAsync() => SignalAsync(15);

    /// <summary>A signal, and the exit code.</summary>
    public async Task<int> SignalAsync(int signal)
    {
        Assert.Equal(0, Kill(_process.Id, signal));
        using var bound = new CancellationTokenSource(Bound);
        await _process.WaitForExitAsync(bound.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        _process.Dispose();
        _wrote.Dispose();
    }

    private static ProcessStartInfo Info(IReadOnlyDictionary<string, string> environment, string[] args)
    {
        var info = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH")
            ?? "dotnet", [Dll, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("PIPELINE__", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }
        return info;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}

/// <summary>A folder of a test's own, removed after it.</summary>
internal sealed class Folder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("pipeline-cli-");

    public string Path => _root.FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>An installation's folder, not made.</summary>
    public string Dir => this["installation"];

    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => _root.Delete(recursive: true);
}

/// <summary>The sample logs, and what is true of them.</summary>
internal static class Sample
{
    public static string Of(string name, [CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "samples", name);

    /// <summary>A well-formed line of a XenCenter check, with its end.</summary>
    public static string Line(int minute, string address = "203.0.113.7") =>
        $"{address} - - [02/Nov/2026:10:{minute:D2}:00 +0000] \"GET /XenServer/updates.xml HTTP/1.1\" 200 512 \"-\" " +
            $"\"XenCenter/2025.2.0.8315 (64-bit)\"\n";
}
