using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Tests.Integration.Cli;
using Pipeline.Tests.Integration.Telemetry;

namespace Pipeline.Tests.Integration.Kafka;

/// <summary>The shipper on a real topic. Where a test's period is an hour, catch-up has no part in it: what is shipped came by
/// Kafka.</summary>
public sealed class KafkaFeedTests(SharedBroker shared)
{
    private static readonly TimeSpan Never = TimeSpan.FromHours(1), Soon = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Two_shippers_of_one_group_ship_every_capture_once_while_one_more_joins_and_leaves()
    {
        var broker = await shared.GetAsync();
        var (topic, group) = (await broker.TopicAsync(6), Broker.NewName("ship"));
        await using var stores = new FeedStores();
        var first = stores.Start(broker, topic, Never, group);
        await first.WaitForAsync("assigned 0");
        await stores.PublishAsync(broker, topic, 30, "a", "b", "c", "d");
        var second = stores.Start(broker, topic, Never, group);
        await second.WaitForAsync("assigned ");
        await stores.PublishAsync(broker, topic, 30, "a", "b", "c", "d", "e");
        // What a revoked partition let go comes to its new owner from the committed offset on.
        await stores.ShippedAsync();
        Assert.True(first.Revocations > 0);
        await second.StopAsync();
        await stores.PublishAsync(broker, topic, 10, "a", "b", "c", "d", "e");
        await stores.ShippedAsync();
        await first.StopAsync();
        Assert.Equal(broker.ReadAll(topic).Count, Committed(broker, topic, group, 6));
    }

    [Fact]
    public async Task A_topic_that_was_deleted_and_made_again_brings_captures_again()
    {
        var broker = await shared.GetAsync();
        var topic = await broker.TopicAsync(2);
        await using var stores = new FeedStores();
        var shipper = stores.Start(broker, topic, Never, Broker.NewName("ship"));
        await stores.PublishAsync(broker, topic, 10, "a", "b");
        await stores.ShippedAsync();
        await broker.DeleteTopicAsync(topic);
        await broker.TopicAsync(2, name: topic);
        await stores.PublishAsync(broker, topic, 4, "a", "b");
        await shipper.WaitForAsync("kafka-topic-recreated");
        await stores.ShippedAsync();
    }

    [Fact]
    public async Task What_was_deleted_from_the_topic_before_it_came_is_found_in_the_store_and_a_topic_that_grew_is_read_whole()
    {
        var broker = await shared.GetAsync();
        var (topic, group) = (await broker.TopicAsync(1), Broker.NewName("ship"));
        await using var stores = new FeedStores();
        var before = stores.Start(broker, topic, Never, group);
        await stores.PublishAsync(broker, topic, 6, "a", "b");
        await stores.ShippedAsync();
        await before.StopAsync();
        await stores.PublishAsync(broker, topic, 20, "a", "b", "c");
        using var admin = broker.Admin();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(topic, 0, 16)]);
        var shipper = stores.Start(broker, topic, Never, group);
        await stores.ShippedAsync();
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 4 }]);
        await shipper.WaitForAsync("assigned 1,2,3");
        await stores.PublishAsync(broker, topic, 20, "a", "b", "c", "d", "e");
        await stores.ShippedAsync();
    }

    [Fact]
    public async Task What_is_no_capture_is_set_aside_and_what_follows_it_is_shipped()
    {
        var broker = await shared.GetAsync();
        var topic = await broker.TopicAsync();
        await using var stores = new FeedStores();
        var shipper = stores.Start(broker, topic, Never, Broker.NewName("ship"));
        using (var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = broker.Servers }).Build())
        {
            await producer.ProduceAsync(topic, new Message<byte[], byte[]> { Value = "not for us"u8.ToArray() },
                TestContext.Current.CancellationToken);
            await producer.ProduceAsync(topic, new Message<byte[], byte[]> { Key = "a"u8.ToArray() },
                TestContext.Current.CancellationToken);
        }
        await stores.PublishAsync(broker, topic, 3, "a");
        await stores.ShippedAsync();
        Assert.Equal([new("unparsable", 2)], shipper.Loop.SetAsides!.Counts);
    }

    [Fact]
    public async Task A_forged_and_a_replayed_capture_move_nothing_and_stop_nothing()
    {
        var broker = await shared.GetAsync();
        var topic = await broker.TopicAsync();
        await using var stores = new FeedStores();
        var shipper = stores.Start(broker, topic, Never, Broker.NewName("ship"));
        await stores.PublishAsync(broker, topic, 1, "a");
        await stores.ShippedAsync();
        var genuine = broker.ReadAll(topic)[0].Message.Value;
        var header = CaptureFile.DecodeHeader(genuine, "") with { Number = 1, Previous = Sha256.Of(genuine) };
        var frame = CaptureFile.Block(genuine, header.Frames[0].Offset, header.Frames[0].Length, "").ToArray();
        var (forged, _) = CaptureFile.Encode(header, null, [frame], new InstallationKey(new byte[32]).Captures());
        using (var producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig { BootstrapServers = broker.Servers }).Build())
        {
            foreach (var message in new[] { forged, genuine })
            {
                var sent = new Message<byte[], byte[]> { Key = "a"u8.ToArray(), Value = message };
                await producer.ProduceAsync(topic, sent, TestContext.Current.CancellationToken);
            }
        }
        await stores.PublishAsync(broker, topic, 2, "a");
        await stores.ShippedAsync();
        Assert.Equal([new("unauthenticated", 1)], shipper.Loop.SetAsides!.Counts);
        Assert.Empty(shipper.Loop.Stopped);
    }

    [Fact]
    public async Task A_broker_that_dies_delays_by_catch_up_periods_and_one_that_returns_brings_captures_again()
    {
        await using var broker = await Broker.OwnAsync();
        var topic = await broker.TopicAsync(2);
        await using var stores = new FeedStores();
        var shipper = stores.Start(broker, topic, Soon, Broker.NewName("ship"));
        await shipper.WaitForAsync("assigned 0");
        await stores.PublishAsync(broker, topic, 4, "a", "b");
        await stores.ShippedAsync();
        await broker.KillAsync();
        await shipper.WaitForAsync("down");
        for (var i = 0; i < 6; i++)
        {
            await stores.CaptureAsync(i % 2 == 0 ? "a" : "new");
        }
        await stores.ShippedAsync();
        await broker.RestartAsync();
        await stores.PublishAsync(broker, topic, 4, "a", "b");
        await stores.ShippedAsync();
        Assert.DoesNotContain(shipper.Log, line => line.StartsWith("fork", StringComparison.Ordinal));
    }

    [Fact]
    public async Task At_SIGTERM_a_shipper_seals_what_it_holds_and_leaves_the_group()
    {
        var broker = await shared.GetAsync();
        var (topic, group) = (await broker.TopicAsync(2), Broker.NewName("ship"));
        using var folder = new Folder();
        File.WriteAllText(folder["access.log"], Sample.Line(1) + Sample.Line(2));
        var kafka = new Dictionary<string, string>
        {
            ["PIPELINE__KAFKA__BOOTSTRAP_SERVERS"] = broker.Servers, ["PIPELINE__KAFKA__TOPIC"] = topic, ["PIPELINE__KAFKA__REGION"] = "us",
                ["PIPELINE__KAFKA__GROUP"] = group,
        };
        using var ship = Cli.Cli.Start(kafka, "ship", "--dir", folder.Dir, "--metrics", "http://127.0.0.1:0");
        await ship.WaitForAsync("assigned partitions=0,1");
        using (var ingest = Cli.Cli.Start(kafka, "ingest", "--dir", folder.Dir, "--tail", $"web={folder["access.log"]}"))
        {
            await ingest.WaitForAsync("ready ");
            using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (broker.ReadAll(topic).Sum(m => Encoding.UTF8.GetString(m.Message.Value).Contains("\"rows\":2", StringComparison.Ordinal)
                ? 1 : 0) == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, bound.Token);
            }
            Assert.Equal(0, await ingest.TerminateAsync());
        }
        await Exposition.HoldsAsync(await ship.WaitForAsync("metrics url="));
        Assert.DoesNotContain("seal table", ship.Log, StringComparison.Ordinal);
        Assert.Equal(0, await ship.TerminateAsync());
        Assert.Contains("reason=stop", ship.Log, StringComparison.Ordinal);
        Assert.Equal(0, Cli.Cli.Run("verify", "--dir", folder.Dir, "--json").Json.GetProperty("pending").GetArrayLength());
        Assert.Equal(broker.ReadAll(topic).Count, Committed(broker, topic, group, 2));
        using var admin = broker.Admin();
        Assert.Empty((await admin.DescribeConsumerGroupsAsync([group])).ConsumerGroupDescriptions.Single().Members);
    }

    private static long Committed(Broker broker, string topic, string group, int partitions)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig { BootstrapServers = broker.Servers, GroupId = group })
            .Build();
        return consumer.Committed(Enumerable.Range(0, partitions).Select(p => new TopicPartition(topic, p)), TimeSpan.FromSeconds(30))
            .Sum(o => Math.Max(0, o.Offset.Value));
    }
}
