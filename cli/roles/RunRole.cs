using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Telemetry;
using Pipeline.Core;
using Pipeline.Ingest.Publish;
using Pipeline.Core.Store;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;

namespace Pipeline.Cli.Roles;

/// <summary>Which roles this process has.</summary>
[Flags]
internal enum RunParts
{
    Ingest = 1,
    Ship = 2,
    Compact = 4,
    All = Ingest | Ship | Compact,
}

/// <summary>
/// Roles in one process until told to stop: 1 claim the shards — 2 start sources, shards, shipper, compaction and endpoint — 3 wait — 4
/// stop: no new line, what is held is captured, what is captured is shipped — 5 after a bound, abandon: what was not acknowledged was
/// not taken, what is captured and not shipped is found at the next start.
/// </summary>
/// <param name="kafka">Where captures are published and read sooner; null: without Kafka.</param>
internal sealed class RunRole(
    PipelineSettings settings, OpenInstallation installation, RunParts parts, RoleLog log, KafkaConnection? kafka = null,
        Meters? meters = null)
{
    /// <summary>How long stopping may take.</summary>
    public static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(30);

    /// <summary>After that: how long leaving the consumer group may take, and how long work that does not end is waited for.</summary>
    public static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(5);

    /// <returns>
    /// 0 after a stop; 3 or 6 where a shard was stopped by damage, by a fork or by a newer process; or the code of the fault that ended
    /// it.
    /// </returns>
    public async Task<int> RunAsync(CancellationToken signal)
    {
        var (time, workers) = (installation.Time, Workers.Pool);
        using var us = new OutageWatch(time, null, log.Write);
        using var uk = new OutageWatch(time, null, log.Write);
        using var words = new StopWords(signal);
        using var encoder = ImportRole.Encoder(installation);
        using var idle = new IdleMemory(time);
        var events = new RoleEvents(log.Write, uk) { Meters = meters, StoresAreWatched = true };
        installation.Meter((side, store) => new WatchedStore(store, side == "us" ? us : uk));
        var queue = parts.HasFlag(RunParts.Ship) && kafka is not null ? new FeedQueue() : null;
        using var feed = queue is null ? null : ShipRole.Feed(installation, kafka!, queue, log.Write);
        var ship = parts.HasFlag(RunParts.Ship) ? ShipRole.Create(installation, settings.Seal, settings.Period, workers, events, queue)
            : null;
        await using var publisher = parts.HasFlag(RunParts.Ingest) && kafka is not null ? Publisher(kafka) : null;
        meters?.Watch(ship, publisher);
        var retry = new StoreRetry(time);
        var context = new HostContext(settings, installation, encoder, events, retry, workers, Told(events, publisher, ship));
        using var shards = new HostedShards(context, log.Write, meters);
        PushEndpoint? push = null;
        var tasks = new List<Task>();
        try
        {
            // 1
            await shards.ClaimAsync(parts.HasFlag(RunParts.Ingest) ? settings.Sources : [], words.Stop.Token);
            // 2
            push = shards.Hosts.Count == 0 ? null : await PushRole.ListenAsync(settings, installation, shards, log, meters,
                words.Stop.Token);
            shards.Start(words.Abandon.Token, words.Stop.Token);
            feed?.Start();
            tasks.AddRange(Start(ship, new CompactionLog(log.Write, uk), workers, words));
            log.Write(Ready(shards, push));
            // 3
            await Task.WhenAny([.. tasks, shards.Over, Task.Delay(Timeout.InfiniteTimeSpan, time, words.Stop.Token)]);
        }
        catch (OperationCanceledException) when (signal.IsCancellationRequested)
        {
            // Told to stop while starting: what was started is stopped below.
        }
        finally
        {
            // 4 and 5
            log.Write("stopping");
            await EndAsync(push, shards, tasks, words);
            await LeaveAsync(feed, publisher);
        }
        return Judge(tasks, shards, ship, words.Abandon.IsCancellationRequested);
    }

    private IEnumerable<Task> Start(ShipLoop? ship, CompactionLog compaction, Workers workers, StopWords words)
    {
        if (ship is not null)
        {
            yield return ship.RunAsync(words.ShipStop.Token, words.Abandon.Token);
        }
        if (parts.HasFlag(RunParts.Compact) && settings.CompactPeriod > TimeSpan.Zero)
        {
            yield return CompactRole.Service(settings, installation, workers, compaction).RunAsync(words.Stop.Token);
        }
    }

    /// <summary>Step 6 of every shard: who is told of a durable capture. Nothing depends on any of them.</summary>
    private static IReadOnlyList<BestEffort> Told(RoleEvents events, CapturePublisher? publisher, ShipLoop? ship)
    {
        var told = new List<BestEffort> { new("telemetry", events.Captured) };
        if (publisher is not null)
        {
            told.Add(new("kafka", publisher.Offer));
        }
        if (ship is not null)
        {
            told.Add(new("shipper", (shard, _) => ship.Notice(shard)));
        }
        return told;
    }

    private CapturePublisher Publisher(KafkaConnection to) =>
        new(new PublisherOptions { Topic = to.Topic, Connection = to.Properties }, installation.Time,
            new PublisherLog(installation.Time, log.Write).Events);

    private string Ready(HostedShards shards, PushEndpoint? push)
    {
        var sources = shards.Hosts.Count == 0 ? "" : $"sources={string.Join(',', shards.Hosts.Select(h => h.Name))}";
        var listens = push is null ? "" : $"{(push.HealthAddress is { } health ? $" health={health}" : "")} push={push.Address}";
        return $"ready {sources}{(kafka is null ? "" : $" topic={kafka.Topic}")}{listens}";
    }

    /// <summary>
    /// Stops, and after a bound abandons; then waits only a little longer: a call that cannot be broken off, as to a disk that hangs,
    /// is left behind.
    /// </summary>
    private async Task EndAsync(PushEndpoint? push, HostedShards shards, List<Task> tasks, StopWords words)
    {
        await words.Stop.CancelAsync();
        using var bound = installation.Time.CreateTimer(_ => words.Abandon.Cancel(), null, StopWithin, Timeout.InfiniteTimeSpan);
        var stopping = StopAsync(push, shards, tasks, words);
        var abandoned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var told = words.Abandon.Token.Register(() => abandoned.TrySetResult());
        if (await Task.WhenAny(stopping, abandoned.Task) != stopping)
        {
            await Task.WhenAny(stopping, Task.Delay(LeaveWithin, installation.Time));
        }
        if (stopping.IsCompleted)
        {
            await stopping;
        }
    }

    private static async Task StopAsync(PushEndpoint? push, HostedShards shards, List<Task> tasks, StopWords words)
    {
        if (push is not null)
        {
            await push.StopAsync(words.Abandon.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await push.DisposeAsync();
        }
        await shards.StopAsync();
        await words.ShipStop.CancelAsync();
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task LeaveAsync(KafkaFeed? feed, CapturePublisher? publisher)
    {
        if (feed is not null)
        {
            // Only now: what the last seal shipped is committed, and others have the partitions at once.
            await feed.StopAsync(LeaveWithin);
        }
        if (publisher is not null)
        {
            await publisher.DisposeAsync();
            var counts = publisher.Counts;
            log.Write($"published captures={counts.Published} bytes={counts.PublishedBytes} skipped={counts.AllSkipped} " +
                $"restarts={counts.Restarts}");
        }
    }

    private int Judge(List<Task> tasks, HostedShards shards, ShipLoop? ship, bool abandoned)
    {
        var faults = tasks.SelectMany(t => t.Exception?.InnerExceptions ?? []).Where(f => f is not OperationCanceledException);
        var fault = shards.Fault ?? faults.FirstOrDefault();
        if (fault is not null)
        {
            return ProgramEdge.Explain(fault);
        }
        if (ship?.Stopped.Values.Select(ProgramEdge.Explain).ToList() is [var stopped, ..])
        {
            return stopped;
        }
        if (shards.Gravest is { } gravest)
        {
            return ProgramEdge.Explain(gravest.Fault);
        }
        log.Write(!abandoned ? "stopped" : $"abandoned \"not finished within {StopWithin.TotalSeconds} s: "
            + "what was not acknowledged was not taken, what is not shipped is found at the next start\"");
        return ExitCode.Done;
    }

    /// <summary>
    /// The words of stopping, in their order. Stop: no new line, what is held is captured. ShipStop: nothing more is captured, what is
    /// captured is shipped. Abandon: at once; nothing more is acknowledged or committed, and the next start finds what is left.
    /// </summary>
    private sealed class StopWords(CancellationToken signal) : IDisposable
    {
        public CancellationTokenSource Stop { get; } = CancellationTokenSource.CreateLinkedTokenSource(signal);

        public CancellationTokenSource ShipStop { get; } = new();

        public CancellationTokenSource Abandon { get; } = new();

        public void Dispose()
        {
            Stop.Dispose();
            ShipStop.Dispose();
            Abandon.Dispose();
        }
    }
}
