using Pipeline.Ingest.Formats;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Ingest.Publish;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Kafka;

/// <summary>A shard on a store in memory, whose captures are published to a topic.</summary>
internal sealed class KafkaRig : IAsyncDisposable
{
    private readonly BlockEncoder _encoder = new(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, new byte[24]);
    private readonly MemoryStore _store = new();
    private readonly ShardLoop _loop;
    private Task _run = Task.CompletedTask;
    private long _lines;

    private KafkaRig(string shard, PublisherOptions options)
    {
        Shard = shard;
        Publisher = new CapturePublisher(options, TimeProvider.System);
        Captures = new CaptureStore(_store, "store", InstallationKey.New().Captures());
        var told = new ShardOptions { Told = [new("kafka", Publisher.Offer)] };
        _loop = new ShardLoop(shard, Captures, _encoder, new StoreRetry(TimeProvider.System), Workers.Inline, told);
    }

    public string Shard { get; }

    public CapturePublisher Publisher { get; }

    public CaptureStore Captures { get; }

    public static async Task<KafkaRig> StartAsync(Broker broker, string topic, string shard = "web", Func<PublisherOptions,
        PublisherOptions>? change = null)
    {
        var options = new PublisherOptions { Topic = topic, Connection = new Dictionary<string,
            string> { ["bootstrap.servers"] = broker.Servers }, FlushWithin = TimeSpan.FromSeconds(20) };
        var rig = new KafkaRig(shard, change?.Invoke(options) ?? options);
        await rig._loop.ClaimAsync([shard], CancellationToken.None);
        rig._run = rig._loop.RunAsync(CancellationToken.None);
        return rig;
    }

    /// <summary>Captures one line, and returns when it is acknowledged.</summary>
    public async Task<Link> CaptureAsync()
    {
        var line = System.Text.Encoding.ASCII.GetBytes(Sample.Line((int)(_lines % 60)));
        var at = _lines++;
        return (await await _loop.OfferAsync(new SourceBlock { Source = Shard, Format = LogFormats.Named("combined"), File = "f", From = at,
            To = at + 1, Check = "c", Line = at, Lines = line }, CancellationToken.None)).Capture;
    }

    /// <summary>Waits for a value, with a bound.</summary>
    public static async Task UntilAsync(Func<bool> holds, string what)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!holds())
        {
            Assert.False(bound.IsCancellationRequested, $"not within a minute: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _loop.Complete();
        await _run;
        await Publisher.DisposeAsync();
        _loop.Dispose();
        _encoder.Dispose();
    }
}
