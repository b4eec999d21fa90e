using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Captures;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Shipper;

/// <summary>Damage and rollbacks under running shippers stop their own shard (rules 12 to 14).</summary>
public sealed class DamagedShardTests
{
    private static readonly SimulatedTopicFaults Calm = new() { Latency = TimeSpan.FromMilliseconds(20) };

    [Fact]
    public void Rule_13_any_damage_to_a_capture_stops_its_shard_and_names_it_and_the_others_go_on() =>
        Gen.Select(Gen.Double[0, 0.99999], Gen.Int[0, 8], Gen.Bool).Sample((where, how, embedded) =>
        Run((int)(where * 1e6), embedded, async world =>
        {
            await world.CaptureAsync("a", 3, 1, publish: false);
            await world.CaptureAsync("b", 3, 1, publish: false);
            var name = CaptureNames.Capture("a", 0);
            await StoredWorld.ChangeAsync(world.Stored.Us, name, bytes =>
            {
                var at = (int)(where * bytes.Length);
                if (how == 8)
                {
                    return bytes[..at];
                }
                bytes[at] ^= (byte)(1 << how);
                return bytes;
            });
            var shipper = world.Start(embedded);
            await world.DelayAsync(60);
            await world.CaptureAsync("b", 2, 0);
            await world.DelayAsync(60);
            var damage = Assert.Single(shipper.Damages);
            Assert.Equal(name, Assert.IsType<CorruptException>(damage).Target);
            Assert.Same(damage, shipper.Loop.Stopped["a"]);
            Assert.Equal(1, shipper.Loop.Tables[1].State.Shipped["b"].Number);
            Assert.False(shipper.Loop.Tables[1].State.Shipped.ContainsKey("a"));
        }), iter: 40, threads: 1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_frame_of_version_1_that_cannot_be_decoded_stops_its_shard_and_names_the_capture(bool embedded) =>
    Run(3, embedded, async world =>
    {
        await world.CaptureAsync("a", 30, 0, publish: false);
        await world.CaptureAsync("b", 3, 1, publish: false);
        var name = CaptureNames.Capture("a", 0);
        await StoredWorld.ChangeAsync(world.Stored.Us, name, bytes =>
        {
            var old = FirstVersion.Of(world.Stored.Captures.Decode("a", 0, bytes, name));
            // Old captures have no hash of their blocks: what is wrong shows when the frame is decoded.
            old.AsSpan(old.Length - 150, 100).Fill(0xA5);
            return old;
        });
        var shipper = world.Start(embedded);
        await world.DelayAsync(60);
        var damage = Assert.IsType<CorruptException>(Assert.Single(shipper.Damages));
        Assert.Equal(name, damage.Target);
        Assert.Equal(0, shipper.Loop.Tables[1].State.Shipped["b"].Number);
        Assert.False(shipper.Loop.Tables[1].State.Shipped.ContainsKey("a"));
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_snapshot_stops_its_shard_and_no_other(bool embedded) => Run(4, embedded, async world =>
    {
        for (var n = 0; n < 20; n++)
        {
            await world.CaptureAsync("a", 2, 0, publish: false);
        }
        await world.CaptureAsync("b", 3, 1, publish: false);
        await foreach (var found in world.Stored.Us.ListAsync(CaptureNames.Snapshots("a")))
        {
            await StoredWorld.ChangeAsync(world.Stored.Us, found.Name, bytes => { bytes[^30] ^= 4; return bytes; });
        }
        var shipper = world.Start(embedded);
        await world.DelayAsync(60);
        var damage = Assert.IsType<CorruptException>(Assert.Single(shipper.Damages));
        Assert.StartsWith(CaptureNames.Snapshots("a"), damage.Target, StringComparison.Ordinal);
        Assert.Equal(0, shipper.Loop.Tables[1].State.Shipped["b"].Number);
    });

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Rule_12_a_store_that_is_set_back_under_a_running_shipper_is_a_fork_within_two_periods(bool embedded, bool writtenAgain) =>
    Run(5, embedded, async world =>
    {
        var shipper = world.Start(embedded);
        await world.DelayAsync(1);
        await world.CaptureAsync("b", 3, 0);
        await world.CaptureAsync("a", 3, 0);
        var before = world.Stored.Us.Snapshot();
        for (var n = 0; n < 4; n++)
        {
            await world.CaptureAsync("a", 3, 0);
        }
        await world.ShippedAsync(60);
        await world.DelayAsync(15);
        world.Stored.Us.Restore(before);
        await world.Stored.RestartAsync("a");
        if (writtenAgain)
        {
            for (var n = 0; n < 6; n++)
            {
                await world.CaptureAsync("a", 1, 0, publish: false);
            }
        }
        await world.DelayAsync(2 * world.Period.TotalSeconds + 1);
        var fork = Assert.Single(shipper.Forks);
        Assert.Equal("a", fork.Shard);
        Assert.IsType<ForkException>(shipper.Loop.Stopped["a"]);
        await world.CaptureAsync("b", 2, 0);
        await world.DelayAsync(60);
        Assert.Equal(1, shipper.Loop.Tables[1].State.Shipped["b"].Number);
    });

    [Fact]
    public void Forged_and_replayed_messages_are_set_aside_and_neither_stop_nor_fork_a_shard() => Run(6, false, async world =>
    {
        var shipper = world.Start();
        await world.DelayAsync(1);
        var first = await world.CaptureAsync("a", 3, 0);
        await world.ShippedAsync(60);
        var genuine = await world.BytesAsync("a", 0);
        var header = CaptureFile.DecodeHeader(genuine, "");
        var frame = genuine[(int)header.Frames[0].Offset..];
        var next = header with
        {
            Number = 1, Previous = first.Hash, Links = new() { ["xencenter-checks"] = first }, Reads = [], Rejections = null,
        };
        var forger = new InstallationKey(new byte[32]).Captures();
        var later = genuine.ToArray();
        later[7] = (byte)'9';
        byte[][] hostile =
        [
            // A genuine frame replayed under the next number; a frame of no rows that would move what is shipped; damage; another version.
            CaptureFile.Encode(next, null, [frame], forger).Bytes,
            CaptureFile.Encode(next with { Frames = [header.Frames[0] with { Rows = 0, Dates = [] }] }, null, [[]], forger).Bytes,
            [.. genuine[..^1], (byte)(genuine[^1] ^ 1)], later, genuine,
        ];
        foreach (var message in hostile)
        {
            world.Topic.Put("a", message);
        }
        await world.DelayAsync(60);
        Assert.Equal(0, shipper.Loop.Tables[1].State.Shipped["a"].Number);
        Assert.Empty(shipper.Loop.Stopped);
        Assert.Equal(
            [SetAsideReason.Damaged, SetAsideReason.LaterVersion, SetAsideReason.Unauthenticated, SetAsideReason.Unparsable],
            shipper.Loop.SetAsides!.Counts.Where(count => count.Value == 1).Select(count => count.Key));
        await world.CaptureAsync("a", 2, 0);
        await world.ShippedAsync(60);
        await world.CheckAsync();
    });

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_damaged_shard_among_50_leaves_the_others_as_fresh_as_they_were(bool embedded)
    {
        var whole = P99(embedded, damaged: false);
        var damaged = P99(embedded, damaged: true);
        Assert.True(damaged <= whole * 1.1, $"p99 freshness of the others: {damaged} beside a damaged shard, {whole} without");
    }

    /// <summary>Of 49 shards, by the virtual clock: from a capture to its commit.</summary>
    private static TimeSpan P99(bool embedded, bool damaged)
    {
        var times = new List<TimeSpan>();
        Run(7, embedded, async world =>
        {
            await world.CaptureAsync("damaged", 3, 1, publish: false);
            if (damaged)
            {
                var name = CaptureNames.Capture("damaged", 0);
                await StoredWorld.ChangeAsync(world.Stored.Us, name, bytes => { bytes[^40] ^= 1; return bytes; });
            }
            var shipper = world.Start(embedded);
            await world.DelayAsync(1);
            var open = new Dictionary<string, TimeSpan>();
            for (var tick = 0; tick < 600; tick++)
            {
                if (tick % 12 == 0 && tick < 480)
                {
                    var shard = $"s{tick / 12 % 49}";
                    await world.CaptureAsync(shard, 2, 0);
                    open.TryAdd(shard, world.Time.Elapsed);
                }
                await world.DelayAsync(0.25);
                foreach (var (shard, since) in open.Where(o => shipper.Loop.Tables[1].State.Shipped.ContainsKey(o.Key)).ToList())
                {
                    times.Add(world.Time.Elapsed - since);
                    open.Remove(shard);
                }
            }
            Assert.Empty(open);
        });
        return times.Order().ElementAt((int)(times.Count * 0.99));
    }

    private static void Run(int seed, bool embedded, Func<FeedWorld, Task> body)
    {
        var time = new SimulatedTime();
        new SimulatedThread(seed, time).Run(async () =>
        {
            var world = new FeedWorld(seed, time, Calm, new SimulatedFaults { PageSize = 50 }, 2) { Embedded = embedded };
            await body(world);
            foreach (var shipper in world.Shippers)
            {
                shipper.Stop();
                await shipper.Ended;
            }
        });
    }
}
