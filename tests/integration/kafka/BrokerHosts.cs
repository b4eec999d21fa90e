using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Testcontainers.Kafka;

namespace Pipeline.Tests.Integration.Kafka;

/// <summary>What a test wants of a broker of its own.</summary>
/// <param name="Nodes">1, or 3: replication 3, min.insync.replicas 2.</param>
/// <param name="Tls">Also a TLS listener, where client certificates are requested.</param>
/// <param name="Properties">Broker properties, `key=value`.</param>
internal sealed record BrokerOptions(int Nodes = 1, bool Tls = false, params string[] Properties);

/// <summary>One way to have a broker. What cannot be done in this way throws <see cref="NotSupportedException"/>.</summary>
internal interface IBrokerHost
{
    /// <summary>Starts what is down, with the data that it had, and returns the addresses for clients.</summary>
    Task<string> StartAsync(BrokerOptions options);

    /// <summary>Kills it, deletes what it kept, and starts it anew at the same addresses.</summary>
    Task<string> LoseAsync(BrokerOptions options) => throw new NotSupportedException();

    /// <param name="verb">`kill`, `stop`, `pause` or `resume`.</param>
    /// <param name="node">Null: all.</param>
    Task SignalAsync(string verb, int? node);

    /// <summary>The TLS addresses, and the folder of ca.pem, client.pem and client.key.</summary>
    (string Servers, string Folder) Tls { get; }

    /// <summary>Stops it and deletes what it kept. Must not throw, and is called again from the end of the process.</summary>
    void Wipe();
}

/// <summary>A broker that someone else runs: never stopped, never wiped.</summary>
internal sealed class GivenHost(string servers) : IBrokerHost
{
    public (string Servers, string Folder) Tls => throw new NotSupportedException();

    public Task<string> StartAsync(BrokerOptions options) => Task.FromResult(servers);

    public Task SignalAsync(string verb, int? node) => throw new NotSupportedException();

    public void Wipe()
    {
    }
}

internal sealed class DockerHost : IBrokerHost
{
    private const string Image = "confluentinc/cp-kafka:7.9.0";
    private KafkaContainer? _container;

    public (string Servers, string Folder) Tls => throw new NotSupportedException();

    public async Task<string> StartAsync(BrokerOptions options)
    {
        _container = new KafkaBuilder(Image).WithKRaft().Build();
        await _container.StartAsync();
        return _container.GetBootstrapAddress().Replace("PLAINTEXT://", "", StringComparison.OrdinalIgnoreCase).TrimEnd('/');
    }

    public Task SignalAsync(string verb, int? node) => throw new NotSupportedException();

    public void Wipe() => _container?.DisposeAsync().AsTask().GetAwaiter().GetResult();
}

/// <summary>The script's brokers.</summary>
internal sealed class ScriptHost(string script) : IBrokerHost
{
    private readonly string _dir = Directory.CreateTempSubdirectory("pipeline-kafka-").FullName;
    private int _port;
    private string[] _start = [];

    public (string Servers, string Folder) Tls => ($"127.0.0.1:{_port + 500}", Path.Combine(_dir, "tls"));

    public async Task<string> StartAsync(BrokerOptions options)
    {
        if (_port > 0)
        {
            return LastLine(await BrokerProcess.RunAsync(script, "start", "--dir", _dir));
        }
        for (var tries = 0; ; tries++)
        {
            _port = FreePorts.Find(options.Nodes);
            try
            {
                _start = ["start", "--dir", _dir, "--port", Text(_port), "--nodes", Text(options.Nodes), "--heap", "384m", .. options.Tls
                    ? ["--tls"] : Array.Empty<string>(), .. options.Properties.SelectMany(p => new[] { "--set", p })];
                return LastLine(await BrokerProcess.RunAsync(script, _start));
            }
            catch (InvalidOperationException) when (tries < 3)
            {
                // Another process took one of the ports in between.
                Wipe();
                Directory.CreateDirectory(_dir);
            }
        }
    }

    public async Task<string> LoseAsync(BrokerOptions options)
    {
        Wipe();
        Directory.CreateDirectory(_dir);
        return LastLine(await BrokerProcess.RunAsync(script, _start));
    }

    public Task SignalAsync(string verb, int? node) => BrokerProcess.RunAsync(script,
        [verb, "--dir", _dir, .. node is { } n ? ["--node", Text(n)] : Array.Empty<string>()]);

    public void Wipe()
    {
        if (Directory.Exists(_dir))
        {
            // Nothing of it is needed: not asked to end in order, which takes seconds; a paused one would never.
            BrokerProcess.Run(script, "kill", "--dir", _dir);
            BrokerProcess.Run(script, "wipe", "--dir", _dir);
        }
    }

    private static string LastLine(string text) => text.TrimEnd().Split('\n')[^1];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Brokers of a Kafka release, KRaft, each node broker and controller.</summary>
internal sealed class HomeHost(string home) : IBrokerHost
{
    private readonly string _dir = Directory.CreateTempSubdirectory("pipeline-kafka-").FullName;
    private readonly Dictionary<int, Process> _nodes = [];
    private int _port;
    private int _count;

    public (string Servers, string Folder) Tls => throw new NotSupportedException();

    public async Task<string> StartAsync(BrokerOptions options)
    {
        if (options.Tls)
        {
            throw new NotSupportedException();
        }
        if (!File.Exists(Properties(0)))
        {
            (_port, _count) = (_port == 0 ? FreePorts.Find(options.Nodes) : _port, options.Nodes);
            var cluster = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)).Replace('+', 'a').Replace('/', 'b').TrimEnd('=');
            for (var n = 0; n < _count; n++)
            {
                Directory.CreateDirectory(Path.Combine(_dir, $"{n}", "data"));
                await File.WriteAllTextAsync(Properties(n), Configuration(n, options));
                await BrokerProcess.RunAsync(Path.Combine(home, "bin", "kafka-storage.sh"), "format", "--cluster-id", cluster, "--config",
                    Properties(n));
            }
        }
        var starting = Enumerable.Range(0, _count).Where(n => !_nodes.TryGetValue(n, out var node) || node.HasExited).ToList();
        await Task.WhenAll(starting.Select(StartNodeAsync));
        return string.Join(',', Enumerable.Range(0, _count).Select(n => $"127.0.0.1:{_port + n}"));
    }

    public async Task SignalAsync(string verb, int? node)
    {
        foreach (var (_, process) in _nodes.Where(n => node is null || n.Key == node))
        {
            var signal = verb switch { "kill" => "-KILL", "stop" => "-TERM", "pause" => "-STOP", _ => "-CONT" };
            await BrokerProcess.RunAsync("kill", signal, $"{process.Id}");
            if (verb is "kill" or "stop")
            {
                await process.WaitForExitAsync();
            }
        }
    }

    public void Wipe()
    {
        foreach (var process in _nodes.Values)
        {
            process.Kill();
            process.WaitForExit();
        }
        if (Directory.Exists(_dir))
        {
            Directory.Delete(_dir, recursive: true);
        }
    }

    public async Task<string> LoseAsync(BrokerOptions options)
    {
        Wipe();
        _nodes.Clear();
        return await StartAsync(options);
    }

    private string Properties(int node) => Path.Combine(_dir, $"{node}", "server.properties");

    private async Task StartNodeAsync(int n)
    {
        // The script of the release ends in `exec java`: this is the broker's process, whatever is sent to it.
        var info = new ProcessStartInfo(Path.Combine(home, "bin", "kafka-server-start.sh"),
            [Properties(n)]) { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["KAFKA_HEAP_OPTS"] = "-Xmx384m";
        info.Environment["LOG_DIR"] = Path.Combine(_dir, $"{n}", "logs");
        var (process, started, said) = (new Process { StartInfo = info, EnableRaisingEvents = true },
            new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously), new StringBuilder());
        void Read(object sender, DataReceivedEventArgs e)
        {
            lock (said)
            {
                said.AppendLine(e.Data);
            }
            if (e.Data?.Contains("Kafka Server started", StringComparison.Ordinal) == true)
            {
                started.TrySetResult(true);
            }
        }
        process.OutputDataReceived += Read;
        process.ErrorDataReceived += Read;
        process.Exited += (_, _) => started.TrySetResult(false);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _nodes[n] = process;
        if (!await started.Task.WaitAsync(TimeSpan.FromSeconds(90)))
        {
            throw new InvalidOperationException($"broker node {n} ended while starting: {said}");
        }
    }

    private string Configuration(int node, BrokerOptions options) => $"""
        node.id={node}
        process.roles=broker,controller
        controller.quorum.voters={string.Join(',', Enumerable.Range(0, _count).Select(n => $"{n}@127.0.0.1:{_port + 1000 + n}"))}
        controller.listener.names=CONTROLLER
        listeners=PLAINTEXT://127.0.0.1:{_port + node},CONTROLLER://127.0.0.1:{_port + 1000 + node}
        advertised.listeners=PLAINTEXT://127.0.0.1:{_port + node}
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
        inter.broker.listener.name=PLAINTEXT
        log.dirs={Path.Combine(_dir, $"{node}", "data")}
        auto.create.topics.enable=false
        offsets.topic.replication.factor={_count}
        offsets.topic.num.partitions=4
        transaction.state.log.replication.factor={_count}
        transaction.state.log.min.isr={(_count > 1 ? 2 : 1)}
        default.replication.factor={_count}
        min.insync.replicas={(_count > 1 ? 2 : 1)}
        group.initial.rebalance.delay.ms=0
        broker.session.timeout.ms=3000
        broker.heartbeat.interval.ms=1000
        {string.Join('\n', options.Properties)}
        """;
}

internal static class FreePorts
{
    /// <summary>A port so that it, the next ones, and those 500 and 1000 above are free at this instant; below the range that connections
    /// take theirs from.</summary>
    public static int Find(int nodes)
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(10_000, 30_000);
            if (Enumerable.Range(0, nodes).SelectMany(n => new[] { port + n, port + n + 500, port + n + 1000 }).All(IsFree))
            {
                return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

internal static class BrokerProcess
{
    public static Task<string> RunAsync(string program, params string[] args) =>
        Task.Run(() => Run(program, args) is { Exit: 0 } ended ? ended.Out
        : throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', args)} failed"));

    public static (int Exit, string Out) Run(string program, params string[] args)
    {
        var info = new ProcessStartInfo(program, args) { RedirectStandardOutput = true };
        info.Environment["KAFKA_HEAP_OPTS"] = "-Xmx384m";
        using var process = Process.Start(info)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text);
    }
}
