using System.Text;
using Confluent.Kafka;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Verify;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Integration.Kafka;

/// <summary>Two stores in memory, captures made as ingest makes them, and shippers that read a real topic.</summary>
internal sealed class FeedStores : IAsyncDisposable
{
    public const string StoreId = "00112233445566778899aabbccddeeff";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly Contract[] Both = [PublishedContracts.AgentUpdates, PublishedContracts.XenCenterChecks];

    private readonly Dictionary<string, ShardState> _states = [];
    private readonly List<FeedShipper> _shippers = [];

    public FeedStores() => Captures = new CaptureStore(Us, StoreId, Key.Captures());

    public InstallationKey Key { get; } = new([.. Enumerable.Range(1, 32).Select(i => (byte)i)]);
    public MemoryStore Us { get; } = new(TimeProvider.System, "us");
    public MemoryStore Uk { get; } = new(TimeProvider.System, "uk");
    public CaptureStore Captures { get; }

    /// <summary>The shard's next capture, durable, with this many rows of XenCenter checks.</summary>
    public async Task<Capture> CaptureAsync(string shard, int rows = 5)
    {
        var state = _states.TryGetValue(shard, out var known) ? known : _states[shard] = Captures.Empty(shard);
        var contract = PublishedContracts.XenCenterChecks;
        var columns = new Columns(contract);
        for (var i = 0; i < rows; i++)
        {
            columns.AddRow(1_793_000_000_000_000 + state.Next * 1_000 + i);
            columns.Strings[0].Append("198.18.0.1"u8);
            columns.Strings[1].Append("8.2.7"u8);
        }
        using var hash = new RowHash(Key.RowKey());
        using var encoder = new FrameEncoder(contract);
        var days = new SortedDictionary<UtcDay, Sums>();
        hash.AddByDay(columns, days);
        var frame = encoder.Frame(encoder.EncodeBatches(columns));
        var header = new CaptureHeader
        {
            Store = StoreId, Shard = shard, Number = state.Next, Session = "s", Previous = state.Head?.Hash, KeyId = Key.KeyId,
                Contracts = [], Links = new(state.Links.ToDictionary(l => l.Key, l => l.Value), StringComparer.Ordinal),
            Reads = [new ReadEntry { Source = shard, Format = "combined", Stream = "t", From = state.Next, To = state.Next
                + 1, Check = "c", Lines = rows, Physical = rows }],
            Frames = [new FrameEntry { Dataset = contract.Dataset, Offset = 0, Length = 0, Rows = rows,
                Dates = new(days.ToDictionary(d => d.Key.ToString(), d => DaySums.Of(d.Value)), StringComparer.Ordinal) }],
        };
        var (bytes, whole) = CaptureFile.Encode(header, null, [frame], Key.Captures());
        var capture = new Capture(new Link(header.Number, Sha256.Of(bytes)), whole, bytes);
        Assert.Equal(PutOutcome.Created, await Us.PutIfAbsentAsync(CaptureNames.Capture(shard, header.Number), bytes));
        await Us.PutIfAbsentAsync(CaptureNames.Source(shard), SourceObject.Encode(shard));
        Assert.Null(state.Apply(whole, capture.Link));
        return capture;
    }

    /// <summary>Captures of these shards in turn, each published by a plain producer.</summary>
    public async Task PublishAsync(Broker broker, string topic, int count, params string[] shards)
    {
        using var producer = new ProducerBuilder<byte[],
            byte[]>(new ProducerConfig { BootstrapServers = broker.Servers, EnableIdempotence = true,
            Partitioner = Partitioner.Murmur2Random }).SetLogHandler((_, _) => { }).Build();
        for (var i = 0; i < count; i++)
        {
            var capture = await CaptureAsync(shards[i % shards.Length]);
            await producer.ProduceAsync(topic, new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(capture.Header.Shard),
                Value = capture.Bytes.ToArray() });
        }
    }

    public FeedShipper Start(Broker broker, string topic, TimeSpan period, string group)
    {
        var shipper = new FeedShipper(this, Both, broker.Servers, topic, period, group);
        _shippers.Add(shipper);
        return shipper;
    }

    /// <summary>Waits until every capture is in the tables, and compares them, deeply.</summary>
    public async Task ShippedAsync()
    {
        using var bound = new CancellationTokenSource(Bound);
        while (await VerifyAsync(false) is { Pending.Count: > 0 } report)
        {
            Assert.False(bound.IsCancellationRequested,
                $"still pending: {string.Join(", ", report.Pending)}\n{string.Join('\n', _shippers.SelectMany(s => s.Log))}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
        var deep = await VerifyAsync(true);
        Assert.True(deep.Ok,
            string.Join("; ", [.. deep.Differences, .. deep.Deleted.Select(d => $"{d.Object}: {d.Why}"),
            .. deep.Corrupt.Select(c => $"{c.Object}: {c.Why}")]));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var shipper in _shippers)
        {
            await shipper.StopAsync();
        }
        await ShippedAsync();
    }

    private Task<VerifyReport> VerifyAsync(bool deep) => new Verifier(Captures,
        [.. Both.Select(c => new TableLog(Uk, c, StoreId, Key.KeyId, TimeProvider.System))], Key.RowKey(), Workers.Inline).RunAsync(deep);
}

/// <summary>One shipper with its feed, as the program wires them.</summary>
internal sealed class FeedShipper : IShipEvents, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly KafkaFeed _feed;
    private readonly Task _running;
    private bool _stopped;

    public FeedShipper(FeedStores stores, IEnumerable<Contract> contracts, string servers, string topic, TimeSpan period, string group)
    {
        var (time, key) = (TimeProvider.System, stores.Key);
        var tables = contracts.Select(c => new TableLog(stores.Uk, c, FeedStores.StoreId, key.KeyId, time))
            .Select(log => new TableShipper(log.Contract, log, new Committer(log),
            new Sealer(log, key.RowKey(), Workers.Pool, new SemaphoreSlim(2), time), time, this)).ToList();
        var queue = new FeedQueue();
        Loop = new ShipLoop(stores.Captures, tables, new(new SealPolicy(Age: TimeSpan.FromSeconds(1)), period), time, this, queue);
        _feed = new KafkaFeed(
            new KafkaFeedOptions
            {
                Topic = topic, Group = group, Check = TimeSpan.FromSeconds(1),
                Client = new Dictionary<string, string> { ["bootstrap.servers"] = servers, ["session.timeout.ms"] = "6000",
                    ["heartbeat.interval.ms"] = "500", ["reconnect.backoff.max.ms"] = "1000" },
            }, queue, new MessageReader(FeedStores.StoreId, key.Captures()), time, Log.Enqueue);
        _feed.Start();
        _running = Loop.RunAsync(_stop.Token, CancellationToken.None);
    }

    public ShipLoop Loop { get; }
    public System.Collections.Concurrent.ConcurrentQueue<string> Log { get; } = new();
    public int Revocations { get; private set; }

    public async Task WaitForAsync(string text)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(45));
        while (!Log.Any(line => line.StartsWith(text, StringComparison.Ordinal)))
        {
            Assert.False(bound.IsCancellationRequested, $"no '{text}' in:\n{string.Join('\n', Log)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>As at SIGTERM: the loop seals what it holds, then the group is left.</summary>
    public async Task StopAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _stop.CancelAsync();
            await _running;
            Assert.True(await _feed.StopAsync(TimeSpan.FromSeconds(20)));
            _feed.Dispose();
            _stop.Dispose();
        }
    }

    public void Sealed(SealFacts facts) => Log.Enqueue($"sealed {facts.Dataset} {facts.Frames}");
    public void Conflict(string dataset, long version) => Log.Enqueue("conflict");
    public void Gap(string dataset, string shard, CaptureRange range) => Log.Enqueue($"gap {shard} {range}");
    public void Forked(Fork fork) => Log.Enqueue($"fork {fork}");
    public void Waiting(StoreException fault) => Log.Enqueue("waiting");
    public void Assigned(IReadOnlyList<int> partitions, int count) => Log.Enqueue($"assigned {string.Join(',', partitions)} of {count}");
    public void SetAside(FeedPosition position, string reason) => Log.Enqueue($"set-aside {position.Offset} {reason}");
    public void Connected(bool up) => Log.Enqueue(up ? "up" : "down");

    public void Revoked(IReadOnlyList<int> partitions, bool lost)
    {
        Revocations++;
        Log.Enqueue($"revoked {string.Join(',', partitions)}");
    }
}
