using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Pipeline.Tests.Integration.Azure;

/// <summary>
/// The emulator of Azure Blob Storage, as a child process with a folder of its own, from the node_modules beside this file (test.sh
/// installs them).
/// Where it is not installed, <see cref="Missing"/> says what to do.
/// </summary>
public class AzuriteProcess : IAsyncDisposable
{
    public const string Account = "devstoreaccount1";
    public const string ConnectionString = "UseDevelopmentStorage=true";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(120);
    private static readonly string Main = Path.Combine(Here(), "node_modules", "azurite", "dist", "src", "blob", "main.js");
    private static readonly string DurableScript = Path.Combine(Here(), "durable.js");
    private static int _containers;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-azurite-");
    private readonly Channel<string> _said = Channel.CreateUnbounded<string>();
    private Process? _process;

    /// <summary>Why there is no emulator; null where there is one.</summary>
    public static string? Missing { get; } = !File.Exists(Main)
        ? "no Azurite: run `npm ci --prefix tests/integration/azure`, as test.sh does where npm is" : !HasNode()
        ? "no node on the PATH to run Azurite" : null;

    public int Port { get; private set; }

    /// <summary>Whether what it has answered survives a SIGKILL, as in Azure. Slower: every put is saved before it is answered.</summary>
    public bool Durable { get; init; }

    /// <summary>Where it keeps what it holds.</summary>
    public string Folder => _folder.FullName;

    /// <summary>Starts it, or starts it again on the same port and folder after a kill.</summary>
    public async Task StartAsync()
    {
        // No telemetry, no update check; durable where it says so.
        var info = new ProcessStartInfo("node", [.. Durable ? new[] { "--require", DurableScript }
            : [], Main, "--skipApiVersionCheck", "--disableTelemetry", "--location", _folder.FullName, "--blobHost", "127.0.0.1",
            "--blobPort", Port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = _folder.FullName,
        };
        var process = _process = new Process { StartInfo = info };
        process.OutputDataReceived += (_, e) => Heard(e.Data);
        process.ErrorDataReceived += (_, e) => Heard(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        const string Listening = "successfully listens on http://127.0.0.1:";
        var said = new List<string>();
        using var bound = new CancellationTokenSource(Bound);
        try
        {
            while (true)
            {
                var line = await _said.Reader.ReadAsync(bound.Token);
                said.Add(line);
                if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
                {
                    Port = int.Parse(line.AsSpan(at + Listening.Length), NumberStyles.None, CultureInfo.InvariantCulture);
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            Kill();
            throw new InvalidOperationException($"Azurite did not listen within {Bound.TotalSeconds} s: {string.Join('\n', said)}");
        }
    }

    public void Kill()
    {
        if (_process is { } process)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>SIGSTOP: a store that hangs.</summary>
    public void Pause() => _ = Signal(_process!.Id, 19);

    public void Resume() => _ = Signal(_process!.Id, 18);

    /// <summary>The URL of a container that no test has yet, seen through the port of a proxy where one is given.</summary>
    public string NewUrl(int? port = null) =>
        Url(string.Create(CultureInfo.InvariantCulture, $"c{Interlocked.Increment(ref _containers)}-{Environment.ProcessId}"), port);

    public string Url(string container, int? port = null) => string.Create(CultureInfo.InvariantCulture,
        $"http://127.0.0.1:{port ?? Port}/{Account}/{container}");

    public ValueTask DisposeAsync()
    {
        Kill();
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>The requests that it answered, in its own words.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Waits until it has told of a request.</summary>
    public async Task SaidAsync(string request)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (!Requests.Any(line => line.Contains(request, StringComparison.Ordinal)))
        {
            await _said.Reader.ReadAsync(bound.Token);
        }
    }

    private void Heard(string? line)
    {
        if (line is not null)
        {
            if (line.Contains(" HTTP/1.1\" ", StringComparison.Ordinal))
            {
                Requests.Enqueue(line);
            }
            _said.Writer.TryWrite(line);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);

    private static bool HasNode() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, "node")));

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
