using System.Text;
using CsCheck;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Shipper;

/// <summary>The ship loop with a feed, in virtual time (rules 11 to 18).</summary>
public sealed class FeedLoopTests
{
    private static readonly SimulatedTopicFaults Calm = new() { Latency = TimeSpan.FromMilliseconds(20) };

    [Fact]
    public void Whatever_a_topic_does_to_its_messages_the_table_has_every_record_once() => Gen.Int[0, 1_000_000].Sample(Disorder, iter: 30);

    [Fact]
    public void What_comes_by_the_topic_is_not_read_from_the_store() => Run(1, Calm, 2, async world =>
    {
        var shipper = world.Start();
        await world.DelayAsync(1);
        for (var i = 0; i < 20; i++)
        {
            await world.CaptureAsync("a", 3, i % 3);
            await world.DelayAsync(2);
        }
        await world.ShippedAsync(60);
        Assert.Equal(0, shipper.Gaps);
        Assert.Equal(20, shipper.Delivered);
    });

    [Fact]
    public void Rule_14_what_does_not_come_is_read_at_the_second_round_that_sees_it() => Run(2, Calm, 2, async world =>
    {
        world.Start();
        await world.DelayAsync(1);
        await world.CaptureAsync("a", 3, 0);
        await world.ShippedAsync(60);
        await world.CaptureAsync("a", 3, 0, publish: false);
        var took = await world.ShippedAsync(200);
        // Two periods, and the seal's age after that.
        Assert.InRange(took.TotalSeconds, 30, 55);
    });

    [Fact]
    public void A_gap_is_read_at_once_and_nothing_waits_for_a_round() => Run(3, Calm, 2, async world =>
    {
        var shipper = world.Start();
        await world.DelayAsync(1);
        await world.CaptureAsync("a", 3, 2, publish: false);
        await world.CaptureAsync("a", 3, 0, publish: false);
        await world.CaptureAsync("a", 3, 0);
        await world.DelayAsync(3);
        Assert.Equal(4, shipper.Loop.Tables.Sum(t => t.Backlog.Count));
        Assert.Equal(2, shipper.Gaps);
        await world.ShippedAsync(60);
    });

    [Fact]
    public void While_the_capture_store_hangs_behind_a_gap_other_shards_go_on() => Run(4, Calm, 1, async world =>
    {
        var shipper = world.Start();
        await world.DelayAsync(1);
        world.Us.Faults = world.Us.Faults with { OutageBefore = 1 };
        await world.CaptureAsync("a", 3, 0, publish: false);
        await world.CaptureAsync("a", 3, 0);
        await world.CaptureAsync("b", 3, 0);
        await world.DelayAsync(60);
        Assert.True(shipper.Loop.Tables[1].State.Shipped.ContainsKey("b"));
        Assert.False(shipper.Loop.Tables[1].State.Shipped.ContainsKey("a"));
        world.Us.Faults = world.Us.Faults with { OutageBefore = 0 };
        await world.ShippedAsync(60);
    });

    [Fact]
    public void Rule_17_a_revoked_partition_drops_its_shards_frames_and_no_others() => Run(5, Calm, 2, async world =>
    {
        var (a, b) = (Enumerable.Range(0, 99).Select(i => $"s{i}").First(s => Murmur2.Partition(s, 2) == 0),
            Enumerable.Range(0, 99).Select(i => $"s{i}").First(s => Murmur2.Partition(s, 2) == 1));
        var queue = new FeedQueue();
        var shipper = world.StartWith(queue);
        await world.DelayAsync(1);
        queue.TryAdd(new FeedEvent.Assigned([0, 1], 2));
        foreach (var (shard, partition) in new[] { (a, 0), (b, 1) })
        {
            var link = await world.CaptureAsync(shard, 3, 0, publish: false);
            var bytes = await world.BytesAsync(shard, link.Number);
            queue.TryAdd(world.Reader.Read(new FeedPosition("captures", partition, 0), Encoding.UTF8.GetBytes(shard), bytes));
        }
        await world.DelayAsync(1);
        Assert.Equal(2, shipper.Tables[1].Backlog.Count);
        queue.TryAdd(new FeedEvent.Revoked([0], Lost: false));
        await world.DelayAsync(1);
        Assert.Equal(b, Assert.Single(shipper.Tables[1].Backlog.Frames).Shard);
        // Nobody took it over: found again after two seal ages (rule 15).
        var took = await world.ShippedAsync(200);
        Assert.InRange(took.TotalSeconds, 60, 120);
    });

    [Fact]
    public void Foreign_messages_are_counted_by_reason_and_set_aside_with_their_position() => Run(6, Calm, 1, async world =>
    {
        var shipper = world.Start();
        await world.DelayAsync(1);
        world.Topic.Put("a", "no capture at all"u8.ToArray());
        var link = await world.CaptureAsync("a", 3, 0);
        world.Topic.Put("b", await world.BytesAsync("a", link.Number));
        await world.ShippedAsync(60);
        Assert.Equal([new("unparsable", 1), new("wrong-key", 1)], shipper.Loop.SetAsides!.Counts);
        Assert.Equal([new FeedPosition("captures", 0, 0), new FeedPosition("captures", 0, 2)],
            shipper.Loop.SetAsides.Newest.Select(s => s.Position));
    });

    [Fact]
    public void A_message_that_is_not_what_the_store_has_is_never_taken_over_the_stores_truth() => Run(7, Calm, 1, async world =>
    {
        var shipper = world.Start();
        await world.DelayAsync(1);
        var first = await world.CaptureAsync("a", 3, 0);
        // Of our store, under our key's id, following capture 0: what a forger with the right to write to the topic can send.
        var header = CaptureFile.DecodeHeader(await world.BytesAsync("a", 0), "") with { Number = 1, Previous = first.Hash,
            Links = new() { ["xencenter-checks"] = first } };
        var forger = new InstallationKey(new byte[32]).Captures();
        var (forged, _) = CaptureFile.Encode(header with { Rejections = null, Reads = [] }, null, [new byte[header.Frames[0].Length]],
            forger);
        world.Topic.Put("a", forged);
        await world.CaptureAsync("a", 5, 0);
        await world.CaptureAsync("a", 5, 0);
        await world.ShippedAsync(100);
        Assert.Empty(shipper.Forks);
        Assert.Equal(SetAsideReason.Unauthenticated, Assert.Single(shipper.Loop.SetAsides!.Newest).Reason);
    });

    [Fact]
    public void A_message_whose_frame_does_not_hold_what_it_declares_is_replaced_by_what_the_store_has() => Run(8, Calm, 1, async world =>
    {
        var shipper = world.Start();
        await world.DelayAsync(1);
        var link = await world.CaptureAsync("a", 3, 0, publish: false);
        var bytes = await world.BytesAsync("a", link.Number);
        bytes[^20] ^= 1;
        world.Topic.Put("a", bytes);
        await world.ShippedAsync(100);
        Assert.Equal(SetAsideReason.Damaged, Assert.Single(shipper.Loop.SetAsides!.Newest).Reason);
        Assert.Empty(shipper.Forks);
    });

    [Fact]
    public void A_shipper_whose_stop_was_asked_seals_what_it_holds_and_tells_how_far_it_shipped() => Run(9, Calm, 1, async world =>
    {
        var queue = new FeedQueue();
        var loop = world.StartWith(queue, out var stop, out var ended);
        await world.DelayAsync(1);
        queue.TryAdd(new FeedEvent.Assigned([0], 1));
        for (var i = 0; i < 3; i++)
        {
            var link = await world.CaptureAsync("a", 3, 0, publish: false);
            var bytes = await world.BytesAsync("a", link.Number);
            queue.TryAdd(world.Reader.Read(new FeedPosition("captures", 0, 40 + i), "a"u8, bytes));
        }
        await world.DelayAsync(1);
        Assert.Equal([new(0, 40)], queue.TakeShipped().DefaultIfEmpty(new(0, 40)));
        stop();
        await ended;
        Assert.Equal(43, queue.TakeShipped()[0]);
        Assert.Empty((await world.Stored.VerifyAsync()).Pending);
    });

    private static void Disorder(int seed)
    {
        var random = new Random(seed);
        double Chance() => random.Next(3) * 0.15;
        var faults = new SimulatedTopicFaults { Lost = Chance(), Doubled = Chance(), OffsetsReset = Chance(),
            Latency = TimeSpan.FromMilliseconds(random.Next(1, 3_000)) };
        var stores = new SimulatedFaults { OutageBefore = random.Next(2) * 0.03, OutageAfter = random.Next(2) * 0.03,
            Latency = TimeSpan.FromMilliseconds(random.Next(2) * 200), PageSize = 50 };
        Run(seed, faults, random.Next(1, 5), async world =>
        {
            var living = Enumerable.Range(0, random.Next(1, 4)).Select(_ => world.Start()).ToList();
            var shards = Enumerable.Range(0, random.Next(1, 5)).Select(i => $"shard{i}").ToList();
            for (var i = random.Next(20, 90); i > 0; i--)
            {
                await world.CaptureAsync(shards[random.Next(shards.Count)], random.Next(4), random.Next(3));
                await world.DelayAsync(random.NextDouble() * 4);
                switch (random.Next(14))
                {
                    case 0: world.Topic.Rebalance(); break;
                    case 1 when random.Next(3) == 0: world.Topic.Recreate(random.Next(1, 5)); break;
                    case 2 when random.Next(3) == 0: world.Topic.Grow(1); break;
                    case 3: world.Topic.Truncate(); break;
                    case 4: world.Topic.Put("shard0", Encoding.UTF8.GetBytes($"junk {i}")); break;
                    case 5:
                        var old = living[random.Next(living.Count)];
                        living.Remove(old);
                        if (random.Next(2) == 0)
                        {
                            old.Kill(world);
                        }
                        else
                        {
                            old.Stop();
                        }
                        living.Add(world.Start());
                        break;
                }
            }
            (world.Us.Faults, world.Uk.Faults) = (world.Us.Faults with { OutageBefore = 0, OutageAfter = 0 },
                world.Uk.Faults with { OutageBefore = 0, OutageAfter = 0 });
            // Nobody helps: whatever did not come, the living find by themselves.
            await world.ShippedAsync(400);
            Assert.All(world.Shippers, s => Assert.Empty(s.Forks));
            Assert.All(world.Shippers.Where(s => !s.Actor.Killed && s.Ended.IsCompleted), s => Assert.Null(s.Ended.Exception));
        }, stores);
    }

    private static void Run(int seed, SimulatedTopicFaults faults, int partitions, Func<FeedWorld, Task> body,
        SimulatedFaults? stores = null)
    {
        var time = new SimulatedTime();
        new SimulatedThread(seed, time).Run(async () =>
        {
            var world = new FeedWorld(seed, time, faults, stores ?? new SimulatedFaults { PageSize = 50 }, partitions);
            await body(world);
            foreach (var shipper in world.Shippers.Where(s => !s.Actor.Killed))
            {
                shipper.Stop();
                await shipper.Ended;
            }
            await world.CheckAsync();
        });
    }
}
