using System.Text;
using Confluent.Kafka;

namespace Pipeline.Tests.Integration.Kafka;

/// <summary>The fixture keeps what it promises; the tests that rely on it would otherwise fail for reasons of its own.</summary>
public sealed class BrokerTests(SharedBroker shared)
{
    [Fact]
    public async Task What_was_written_to_a_topic_is_read_from_it()
    {
        var broker = await shared.GetAsync();
        var topic = await broker.TopicAsync(partitions: 2);
        Write(broker, topic, "one", "two", "three");
        Assert.Equal(["one", "three", "two"], broker.ReadAll(topic).Select(m => Encoding.UTF8.GetString(m.Message.Value))
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_killed_broker_comes_back_with_its_data()
    {
        await using var broker = await Broker.OwnAsync();
        var topic = await broker.TopicAsync();
        Write(broker, topic, "before");
        var servers = broker.Servers;
        await broker.KillAsync();
        await broker.RestartAsync();
        Assert.Equal(servers, broker.Servers);
        Write(broker, topic, "after");
        Assert.Equal(["before", "after"], broker.ReadAll(topic).Select(m => Encoding.UTF8.GetString(m.Message.Value)));
    }

    private static void Write(Broker broker, string topic, params string[] values)
    {
        using var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = broker.Servers, Acks = Acks.All })
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        foreach (var value in values)
        {
            producer.Produce(topic, new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(value),
                Value = Encoding.UTF8.GetBytes(value) });
        }
        Assert.Equal(0, producer.Flush(TimeSpan.FromSeconds(60)));
    }
}
