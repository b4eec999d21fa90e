using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Pipeline.Tests.Integration.Kafka;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>A real broker, found as the integration tests find theirs; one that was started here is stopped and wiped.</summary>
internal sealed class BenchBroker : IDisposable
{
    private readonly IBrokerHost _host;
    private readonly EventHandler _atExit;

    private BenchBroker(IBrokerHost host)
    {
        _host = host;
        _atExit = (_, _) => _host.Wipe();
        AppDomain.CurrentDomain.ProcessExit += _atExit;
    }

    public string Servers { get; private set; } = "";

    public static async Task<BenchBroker> StartAsync()
    {
        var place = BrokerPlace.Find() ?? throw new InvalidOperationException(BrokerPlace.None);
        var broker = new BenchBroker(place.Kind switch { BrokerKind.Given => new GivenHost(place.Value), BrokerKind.Home =>
            new HomeHost(place.Value), BrokerKind.Script => new ScriptHost(place.Value), _ => new DockerHost() });
        try
        {
            broker.Servers = await broker._host.StartAsync(new BrokerOptions());
            return broker;
        }
        catch
        {
            broker.Dispose();
            throw;
        }
    }

    /// <summary>A topic that no other run has.</summary>
    public async Task<string> TopicAsync(int partitions = 12)
    {
        var name = $"bench-{Guid.NewGuid():N}";
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Servers }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = name, NumPartitions = partitions, ReplicationFactor = 1 }]);
        while (admin.GetMetadata(name, TimeSpan.FromSeconds(10)).Topics.Single() is var topic
            && (topic.Partitions.Count != partitions || topic.Partitions.Any(p => p.Leader < 0)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
        return name;
    }

    /// <summary>How the program is told of the topic.</summary>
    public Dictionary<string, string> Environment(string topic, string group = "bench") => new()
    {
        ["PIPELINE__KAFKA__BOOTSTRAP_SERVERS"] = Servers, ["PIPELINE__KAFKA__TOPIC"] = topic, ["PIPELINE__KAFKA__REGION"] = "us",
            ["PIPELINE__KAFKA__GROUP"] = group,
    };

    public IProducer<byte[], byte[]> Producer() => new ProducerBuilder<byte[], byte[]>(new ProducerConfig
    {
        BootstrapServers = Servers, EnableIdempotence = true, Partitioner = Partitioner.Murmur2Random, LingerMs = 50,
            QueueBufferingMaxMessages = 1_000_000, QueueBufferingMaxKbytes = 262_144,
    }).Build();

    /// <summary>Messages on the topic behind which the group has committed no offset.</summary>
    public long Waiting(string topic, string group, int partitions)
    {
        using var consumer = new ConsumerBuilder<Ignore,
            byte[]>(new ConsumerConfig { BootstrapServers = Servers, GroupId = group, EnableAutoCommit = false }).Build();
        var bound = TimeSpan.FromSeconds(10);
        return consumer.Committed(Enumerable.Range(0, partitions).Select(p => new TopicPartition(topic, p)), bound)
            .Sum(p => consumer.QueryWatermarkOffsets(p.TopicPartition, bound).High.Value - Math.Max(0, p.Offset.Value));
    }

    /// <summary>Everything that is on the topic now.</summary>
    public IEnumerable<byte[]> ReadAll(string topic)
    {
        using var consumer = new ConsumerBuilder<Ignore,
            byte[]>(new ConsumerConfig { BootstrapServers = Servers, GroupId = $"read-{Guid.NewGuid():N}", EnableAutoCommit = false })
            .Build();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var partitions = admin.GetMetadata(topic, TimeSpan.FromSeconds(10)).Topics.Single().Partitions.Select(p =>
            new TopicPartition(topic, p.PartitionId)).ToList();
        var left = partitions.Sum(p => consumer.QueryWatermarkOffsets(p, TimeSpan.FromSeconds(10)).High.Value);
        consumer.Assign(partitions.Select(p => new TopicPartitionOffset(p, 0)));
        for (; left > 0; left--)
        {
            yield return (consumer.Consume(TimeSpan.FromSeconds(30)) ?? throw new InvalidOperationException(
                $"{topic}: {left} messages did not come")).Message.Value;
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= _atExit;
        _host.Wipe();
    }
}
