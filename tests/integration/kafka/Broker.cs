using Pipeline.Tests.Integration.Kafka;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

[assembly: AssemblyFixture(typeof(SharedBroker))]

namespace Pipeline.Tests.Integration.Kafka;

/// <summary>A real broker, stopped and wiped when it is disposed, or at the latest when the process ends.</summary>
internal sealed class Broker : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static int _topics;

    private readonly IBrokerHost _host;
    private readonly BrokerOptions _options;
    private readonly EventHandler _atExit;

    private Broker(IBrokerHost host, BrokerOptions options)
    {
        (_host, _options) = (host, options);
        _atExit = (_, _) => _host.Wipe();
        AppDomain.CurrentDomain.ProcessExit += _atExit;
    }

    /// <summary>`host:port`, comma separated, in the clear.</summary>
    public string Servers { get; private set; } = "";

    /// <summary>TLS address, and the folder of `ca.pem`, `client.pem` and `client.key`; only where the options asked for it.</summary>
    public (string Servers, string Folder) Tls => _host.Tls;

    /// <summary>A broker of the test's own, that it may kill. Where only a broker of others can be had, the test is skipped.</summary>
    public static async Task<Broker> OwnAsync(BrokerOptions? options = null)
    {
        var place = BrokerPlace.Find();
        Assert.SkipWhen(place is null, BrokerPlace.None);
        Assert.SkipUnless(place!.MayHaveOwn,
            "this test needs a broker of its own: unset KAFKA_BOOTSTRAP_SERVERS and set KAFKA_HOME, or put the broker script at " +
            "../shared/kafka/broker beside the repository");
        Assert.SkipWhen(place.Kind == BrokerKind.Home && options?.Tls == true,
            "this test needs a TLS listener, which only the broker script sets up");
        return await StartAsync(place, options ?? new BrokerOptions());
    }

    internal static async Task<Broker> StartAsync(BrokerPlace place, BrokerOptions options)
    {
        var broker = new Broker(place.Kind switch { BrokerKind.Given => new GivenHost(place.Value), BrokerKind.Home =>
            new HomeHost(place.Value), BrokerKind.Script => new ScriptHost(place.Value), _ => new DockerHost() }, options);
        try
        {
            await broker.RestartAsync();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL; the data stays.</summary>
    public Task KillAsync(int? node = null) => _host.SignalAsync("kill", node);

    /// <summary>SIGTERM, and waits.</summary>
    public Task StopAsync(int? node = null) => _host.SignalAsync("stop", node);

    /// <summary>SIGSTOP: a broker that hangs.</summary>
    public Task PauseAsync(int? node = null) => _host.SignalAsync("pause", node);

    public Task ResumeAsync(int? node = null) => _host.SignalAsync("resume", node);

    /// <summary>Starts what is down, with the data and the port that it had.</summary>
    public async Task RestartAsync() => Servers = await _host.StartAsync(_options);

    /// <summary>SIGKILL, and nothing of its data is left: it starts again at the same address, another cluster, and empty.</summary>
    public async Task LoseAsync() => Servers = await _host.LoseAsync(_options);

    public IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Servers, SocketTimeoutMs = 30_000 })
        .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    /// <summary>A name that no other test has, on no other run.</summary>
    public static string NewName(string prefix) => string.Create(CultureInfo.InvariantCulture,
        $"{prefix}-{Environment.ProcessId}-{Guid.NewGuid():N}-{Interlocked.Increment(ref _topics)}");

    /// <summary>A topic of the test's own, and waits until it can be written.</summary>
    public async Task<string> TopicAsync(int partitions = 1, Dictionary<string, string>? settings = null, string? name = null)
    {
        name ??= NewName("captures");
        using var admin = Admin();
        await admin.CreateTopicsAsync(
            [new TopicSpecification { Name = name, NumPartitions = partitions, ReplicationFactor = (short)_options.Nodes, Configs = settings
            ?? [] }], new CreateTopicsOptions { OperationTimeout = Bound, RequestTimeout = Bound });
        await WaitForTopicAsync(admin, name, partitions);
        return name;
    }

    public async Task DeleteTopicAsync(string name)
    {
        using var admin = Admin();
        await admin.DeleteTopicsAsync([name], new DeleteTopicsOptions { OperationTimeout = Bound, RequestTimeout = Bound });
        using var bound = new CancellationTokenSource(Bound);
        while (admin.GetMetadata(Bound).Topics.Any(t => t.Topic == name && t.Error.Code == ErrorCode.NoError))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, bound.Token);
        }
    }

    /// <summary>Everything on the topic, by partition and offset, as far as it was written when this was called.</summary>
    public List<ConsumeResult<byte[], byte[]>> ReadAll(string topic)
    {
        using var consumer = new ConsumerBuilder<byte[],
            byte[]>(new ConsumerConfig { BootstrapServers = Servers, GroupId = NewName("reader"), EnableAutoCommit = false,
            EnablePartitionEof = false }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using var admin = Admin();
        var partitions = admin.GetMetadata(topic, Bound).Topics.Single().Partitions.Select(p => new TopicPartition(topic, p.PartitionId))
            .ToList();
        var ends = partitions.ToDictionary(p => p, p => consumer.QueryWatermarkOffsets(p, Bound));
        consumer.Assign(partitions.Select(p => new TopicPartitionOffset(p, ends[p].Low)));
        var (found, left) = (new List<ConsumeResult<byte[], byte[]>>(), ends.Values.Sum(w => w.High.Value - w.Low.Value));
        while (found.Count < left)
        {
            found.Add(consumer.Consume(Bound) ?? throw new InvalidOperationException($"{topic}: {found.Count} of {left} messages came"));
        }
        return [.. found.OrderBy(m => m.Partition.Value).ThenBy(m => m.Offset.Value)];
    }

    public ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= _atExit;
        _host.Wipe();
        return ValueTask.CompletedTask;
    }

    private static async Task WaitForTopicAsync(IAdminClient admin, string name, int partitions)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (admin.GetMetadata(name, Bound).Topics.Single() is var topic
            && (topic.Partitions.Count != partitions || topic.Partitions.Any(p => p.Leader < 0)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, bound.Token);
        }
    }
}

/// <summary>One broker for all tests of the assembly that leave it alone; started by the first that asks. Each test has topics and groups
/// of its own.</summary>
public sealed class SharedBroker : IAsyncDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private Broker? _broker;

    /// <summary>The broker; where there is none, the calling test is skipped, saying why.</summary>
    internal async Task<Broker> GetAsync()
    {
        var place = BrokerPlace.Find();
        Assert.SkipWhen(place is null, BrokerPlace.None);
        await _one.WaitAsync();
        try
        {
            return _broker ??= await Broker.StartAsync(place!, new BrokerOptions());
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }
        _one.Dispose();
    }
}
