using System.Text;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Publish;

namespace Pipeline.Tests.Integration.Kafka;

public sealed class PublisherTests(SharedBroker shared)
{
    /// <summary>Far below the pauses of a client that waits for a broker, far above what a capture takes on a busy machine.</summary>
    private static readonly TimeSpan FullSpeed = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_message_is_the_capture_byte_for_byte_under_its_shards_key_and_partition()
    {
        var broker = await shared.GetAsync();
        var topic = await broker.TopicAsync(partitions: 5);
        var links = new Dictionary<string, List<Link>>();
        var rigs = new List<KafkaRig>();
        foreach (var shard in new[] { "web", "edge-1", "edge-2", "a" })
        {
            var rig = await KafkaRig.StartAsync(broker, topic, shard);
            rigs.Add(rig);
            links[shard] = [await rig.CaptureAsync(), await rig.CaptureAsync(), await rig.CaptureAsync()];
        }
        foreach (var rig in rigs)
        {
            await rig.DisposeAsync();
            Assert.Equal((3, 0, 0), (rig.Publisher.Counts.Published, rig.Publisher.Counts.Queued, rig.Publisher.Counts.AllSkipped));
        }
        var messages = broker.ReadAll(topic);
        Assert.Equal(12, messages.Count);
        foreach (var rig in rigs)
        {
            var mine = messages.Where(m => Encoding.UTF8.GetString(m.Message.Key) == rig.Shard).ToList();
            Assert.All(mine, m => Assert.Equal(Partition(m.Message.Key, 5), m.Partition.Value));
            // In the order of the shard.
            Assert.Equal(links[rig.Shard],
                mine.Select(m => new Link(CaptureFile.DecodeHeader(m.Message.Value, "message").Number, Sha256.Of(m.Message.Value))));
            foreach (var (link, message) in links[rig.Shard].Zip(mine))
            {
                Assert.True((await rig.Captures.ReadAsync(rig.Shard, link.Number))!.Bytes.Span.SequenceEqual(message.Message.Value));
            }
        }
    }

    [Fact]
    public async Task While_a_broker_is_down_ingest_goes_on_and_what_is_skipped_is_counted()
    {
        await using var broker = await Broker.OwnAsync();
        var topic = await broker.TopicAsync();
        await using var rig = await KafkaRig.StartAsync(broker, topic, change: o =>
            o with { MaxCaptures = 20, GiveUpAfter = TimeSpan.FromSeconds(3) });
        await rig.CaptureAsync();
        await KafkaRig.UntilAsync(() => rig.Publisher.Counts.Published == 1, "the first capture is published");

        await broker.KillAsync();
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 100; i++)
        {
            await rig.CaptureAsync();
        }
        var took = TimeProvider.System.GetElapsedTime(began);
        Assert.True(took < FullSpeed, $"100 captures took {took.TotalSeconds:F1} s without a broker");
        // The queue holds 20 of them at a time, each for 3 s; nothing waits for ever.
        await KafkaRig.UntilAsync(() => rig.Publisher.Counts.AllSkipped == 100, "all of the outage is given up");
        Assert.Equal(0, rig.Publisher.Counts.Queued);

        await broker.RestartAsync();
        await KafkaRig.UntilAsync(() =>
        {
            _ = rig.CaptureAsync().GetAwaiter().GetResult();
            return rig.Publisher.Counts.Published > 1;
        }, "publishing goes on by itself");
        Assert.Equal(0, rig.Publisher.Counts.Restarts);
    }

    [Fact]
    public async Task A_broker_that_hangs_blocks_nothing()
    {
        await using var broker = await Broker.OwnAsync();
        var topic = await broker.TopicAsync();
        await using var rig = await KafkaRig.StartAsync(broker, topic, change: o => o with { MaxCaptures = 10 });
        await rig.CaptureAsync();
        await KafkaRig.UntilAsync(() => rig.Publisher.Counts.Published == 1, "the first capture is published");
        await broker.PauseAsync();
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 50; i++)
        {
            await rig.CaptureAsync();
        }
        Assert.True(TimeProvider.System.GetElapsedTime(began) < FullSpeed);
        Assert.Equal((10, 40), (rig.Publisher.Counts.Queued, rig.Publisher.Counts.Skipped[SkipReason.QueueFull]));
        await broker.ResumeAsync();
        await KafkaRig.UntilAsync(() => rig.Publisher.Counts is { Published: 11, Queued: 0 },
            "what was queued is delivered once it goes on");
    }

    [Fact]
    public async Task A_topic_that_is_deleted_or_takes_smaller_messages_is_no_error_of_ingest()
    {
        var broker = await shared.GetAsync();
        var topic = await broker.TopicAsync(settings: new() { ["max.message.bytes"] = "200" });
        await using (var rig = await KafkaRig.StartAsync(broker, topic))
        {
            await rig.CaptureAsync();
            await KafkaRig.UntilAsync(() => rig.Publisher.Counts.Skipped[SkipReason.TooLarge] == 1, "the broker refuses the message");
        }
        await broker.DeleteTopicAsync(topic);
        await using var without = await KafkaRig.StartAsync(broker, topic, "edge", o => o with { GiveUpAfter = TimeSpan.FromSeconds(3) });
        await without.CaptureAsync();
        await KafkaRig.UntilAsync(() => without.Publisher.Counts.Skipped[SkipReason.NotDelivered] == 1,
            "a capture for no topic is given up");
    }

    /// <summary>Where Java clients put this key: murmur2, as Kafka has it.</summary>
    private static int Partition(byte[] key, int partitions)
    {
        const uint M = 0x5bd1e995;
        var (h, at) = (0x9747b28cu ^ (uint)key.Length, 0);
        for (; key.Length - at >= 4; at += 4)
        {
            var k = BitConverter.ToUInt32(key, at) * M;
            h = h * M ^ (k ^ k >> 24) * M;
        }
        var left = key.Length - at;
        if (left > 0)
        {
            for (var i = left - 1; i >= 0; i--)
            {
                h ^= (uint)key[at + i] << 8 * i;
            }
            h *= M;
        }
        h = (h ^ h >> 13) * M;
        return (int)((h ^ h >> 15) & 0x7fffffff) % partitions;
    }
}
