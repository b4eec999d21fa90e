using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Shipper;

/// <summary>Shippers of one group over two stores and one topic, on one thread and a clock of its own; all of it from a seed.</summary>
internal sealed class FeedWorld
{
    private readonly List<FedShipper> _shippers = [];

    public FeedWorld(int seed, SimulatedTime time, SimulatedTopicFaults faults, SimulatedFaults stores, int partitions)
    {
        (Random, Time) = (new Random(seed), time);
        Stored = new StoredWorld(Random.Next(3, 20));
        Topic = new SimulatedTopic("captures", partitions, time, new Random(seed + 1), faults);
        Us = new SimulatedStore(Stored.Us, time, new Random(seed + 2), stores);
        Uk = new SimulatedStore(Stored.Uk, time, new Random(seed + 3), stores);
    }

    public Random Random { get; }
    public SimulatedTime Time { get; }
    public StoredWorld Stored { get; }
    public SimulatedTopic Topic { get; }
    public SimulatedStore Us { get; }
    public SimulatedStore Uk { get; }
    public SealPolicy Seal { get; init; } = new(20_000, TimeSpan.FromSeconds(30), 40_000);
    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(10);
    public IReadOnlyList<FedShipper> Shippers => _shippers;
    public long Captures { get; private set; }

    /// <summary>Captures are not told to anybody: a shipper without a feed finds them.</summary>
    public bool Embedded { get; init; }

    public FedShipper Start(bool embedded = false)
    {
        var shipper = new FedShipper(this, new SimulatedActor($"shipper#{_shippers.Count}"), embedded);
        _shippers.Add(shipper);
        return shipper;
    }

    public MessageReader Reader => new(StoredWorld.StoreId, Stored.Key.Captures());

    /// <summary>A loop whose feed is the test itself.</summary>
    public ShipLoop StartWith(FeedQueue queue) => StartWith(queue, out _, out _);

    public ShipLoop StartWith(FeedQueue queue, out Action stop, out Task ended)
    {
        var loop = FedShipper.Wire(this, new SimulatedActor("alone"), new FedShipper.Silent(), queue);
        var over = new CancellationTokenSource();
        stop = over.Cancel;
        ended = loop.RunAsync(over.Token, CancellationToken.None);
        return loop;
    }

    /// <summary>The shard's next capture, durable, and then published.</summary>
    public async Task<Link> CaptureAsync(string shard, int checks, int agents, bool publish = true)
    {
        Captures++;
        var link = await Stored.CaptureAsync(shard, StoredWorld.Rows(checks, Random.Next(256), Random.Next(3)),
            StoredWorld.Rows(agents, Random.Next(256)).Select(r => r with { Last = "1a2b" }).ToArray(), empty: 1);
        if (publish && !Embedded)
        {
            Topic.Publish(shard, await BytesAsync(shard, link.Number));
        }
        return link;
    }

    public async Task<byte[]> BytesAsync(string shard, long number) => (await Stored.Us.ReadAsync(CaptureNames.Capture(shard, number)))!;

    /// <summary>Everything captured is in the tables, once.</summary>
    public async Task CheckAsync()
    {
        var report = await Stored.VerifyAsync(deep: true);
        Assert.True(report.Ok, string.Join("; ", report.Differences.Concat(report.Missing.Select(m => m.ToString()))));
        Assert.Empty(report.Pending);
    }

    public Task DelayAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Time, CancellationToken.None);

    /// <summary>Waits, in virtual time, until everything is shipped; how long that took.</summary>
    public async Task<TimeSpan> ShippedAsync(double withinSeconds)
    {
        var from = Time.Elapsed;
        while ((await Stored.VerifyAsync()).Pending.Count > 0)
        {
            Assert.True(Time.Elapsed - from <= TimeSpan.FromSeconds(withinSeconds),
                $"not shipped within {withinSeconds} s: {string.Join(", ", (await Stored.VerifyAsync()).Pending)}");
            await DelayAsync(0.5);
        }
        return Time.Elapsed - from;
    }
}

/// <summary>A shipper with a feed, as the program wires it, and what it told.</summary>
internal sealed class FedShipper : IShipEvents
{
    private readonly SimulatedFeed? _feed;
    private readonly CancellationToken _stop;
    private readonly Action _cancel;

    public FedShipper(FeedWorld world, SimulatedActor actor, bool embedded)
    {
        Actor = actor;
        var stop = new CancellationTokenSource();
        (_stop, _cancel) = (stop.Token, stop.Cancel);
        var queue = embedded ? null : new FeedQueue(30_000);
        Loop = Wire(world, actor, this, queue);
        _feed = queue is null ? null : world.Topic.Join(queue, world.Reader);
        Ended = RunAsync();
    }

    public static ShipLoop Wire(FeedWorld world, SimulatedActor actor, IShipEvents events, FeedQueue? queue)
    {
        var (us, uk) = (world.Us.For(actor), world.Uk.For(actor));
        var (store, key) = (StoredWorld.StoreId, world.Stored.Key);
        var tables = ((Contract[])[StoredWorld.Agents, StoredWorld.Checks]).Select(c => new TableLog(uk, c, store, key.KeyId, world.Time))
            .Select(log => new TableShipper(log.Contract, log, new Committer(log),
            new Sealer(log, key.RowKey(), Workers.Inline, new SemaphoreSlim(64), world.Time), world.Time, events)).ToList();
        return new ShipLoop(new CaptureStore(us, store, key.Captures()), tables, new ShipPolicy(world.Seal, world.Period), world.Time,
            events, queue);
    }

    internal sealed class Silent : IShipEvents
    {
        public void Sealed(SealFacts facts) { }
        public void Conflict(string dataset, long version) { }
        public void Gap(string dataset, string shard, CaptureRange range) { }
        public void Forked(Fork fork) { }
        public void Waiting(StoreException fault) { }
    }

    public SimulatedActor Actor { get; }
    public ShipLoop Loop { get; }
    public Task Ended { get; }
    public long Delivered => _feed?.Delivered ?? 0;
    public int Gaps { get; private set; }
    public int Outages { get; private set; }
    public List<DifferenceException> Damages { get; } = [];
    public List<Fork> Forks { get; } = [];

    public void Stop() => _cancel();

    public void Kill(FeedWorld world)
    {
        Actor.Kill();
        world.Topic.Leave(_feed!);
    }

    public void Sealed(SealFacts facts) { }
    public void Conflict(string dataset, long version) { }
    public void Gap(string dataset, string shard, CaptureRange range) => Gaps++;
    public void Forked(Fork fork) => Forks.Add(fork);
    public void Waiting(StoreException fault) => Outages++;
    public void Damaged(string shard, DifferenceException why) => Damages.Add(why);

    private async Task RunAsync()
    {
        using var over = new CancellationTokenSource();
        var feed = _feed?.RunAsync(over.Token, Actor.PassAsync) ?? Task.CompletedTask;
        try
        {
            await Loop.RunAsync(_stop, CancellationToken.None);
        }
        finally
        {
            over.Cancel();
            await feed;
        }
    }
}
