using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Telemetry;
using Pipeline.Core;
using Pipeline.Ingest.Publish;
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
/// Roles in one process until told to stop: 1 claim the shards — 2 start sources, shards, shipper, compaction and endpoint — 3 wait — 4 stop: no new line, what is held is captured, what is captured is shipped —
/// 5 after a bound, abandon: what was not acknowledged was not taken, what is captured and not shipped is found at the next start.
/// </summary>
/// <param name="kafka">Where captures are published and read sooner; null: without Kafka.</param>
internal sealed class RunRole(PipelineSettings settings, OpenInstallation installation, RunParts parts, Workers workers, RoleLog log, KafkaConnection? kafka = null, Meters? meters = null)
{
    /// <summary>How long stopping may take.</summary>
    public static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(30);

    /// <summary>How long leaving the consumer group may take, after that.</summary>
    private static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(5);

    private readonly List<ShardHost> _hosts = [];

    /// <returns>0 after a stop, 6 fenced, 3 a fork, or what else made it stop.</returns>
    public async Task<int> RunAsync(CancellationToken signal)
    {
        var time = installation.Time;
        using var us = new OutageWatch(time, null, log.Write);
        using var uk = new OutageWatch(time, null, log.Write);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signal);
        using var shipStop = new CancellationTokenSource();
        using var abandon = new CancellationTokenSource();
        using var encoder = ImportRole.Encoder(installation);
        using var idle = new IdleMemory(time);
        var events = new RoleEvents(log.Write, us, uk) { Meters = meters, StoresAreWatched = true };
        installation.Meter((side, store) => new WatchedStore(store, side == "us" ? us : uk));
        var queue = parts.HasFlag(RunParts.Ship) && kafka is not null ? new FeedQueue() : null;
        using var feed = queue is null ? null : ShipRole.Feed(installation, kafka!, queue, log.Write);
        var ship = parts.HasFlag(RunParts.Ship) ? ShipRole.Create(installation, settings.Seal, settings.Period, workers, events, queue) : null;
        events.Shipper = ship;
        await using var publisher = parts.HasFlag(RunParts.Ingest) && kafka is not null ? Publisher(kafka) : null;
        events.Publisher = publisher;
        meters?.Watch(ship, publisher);
        PushEndpoint? push = null;
        var tasks = new List<Task>();
        try
        {
            // 1
            foreach (var source in parts.HasFlag(RunParts.Ingest) ? settings.Sources : [])
            {
                _hosts.Add(await ShardHost.ClaimAsync(source, settings, installation, encoder, events, workers, stop.Token));
            }
            // 2
            push = await ListenAsync(() => stop.Cancel(), stop.Token);
            foreach (var host in _hosts)
            {
                tasks.AddRange(host.Start(abandon.Token, stop.Token));
            }
            if (ship is not null)
            {
                feed?.Start();
                tasks.Add(ship.RunAsync(shipStop.Token, abandon.Token));
            }
            if (parts.HasFlag(RunParts.Compact) && settings.CompactPeriod > TimeSpan.Zero)
            {
                tasks.Add(CompactRole.Service(settings, installation, workers, new CompactionLog(log.Write, uk)).RunAsync(stop.Token));
            }
            var listens = push is null ? "" : $"{(push.HealthAddress is { } health ? $" health={health}" : "")} push={push.Address}";
            var sources = _hosts.Count == 0 ? "" : $"sources={string.Join(',', _hosts.Select(h => h.Name))}";
            log.Write($"ready {sources}{(kafka is null ? "" : $" topic={kafka.Topic}")}{listens}");
            // 3
            await Task.WhenAny(tasks.Append(Task.Delay(Timeout.InfiniteTimeSpan, time, stop.Token)));
        }
        catch (OperationCanceledException) when (signal.IsCancellationRequested)
        {
            // Told to stop while starting: what was started is stopped below.
        }
        finally
        {
            // 4 and 5
            log.Write("stopping");
            await stop.CancelAsync();
            using var bound = new Bound(abandon, StopWithin, time);
            await StopAsync(push, ship is null ? null : shipStop, tasks, abandon.Token);
            if (feed is not null)
            {
                // Only now: what the last seal shipped is committed, and others have the partitions at once.
                await feed.StopAsync(LeaveWithin);
            }
            if (publisher is not null)
            {
                await publisher.DisposeAsync();
                log.Write($"published captures={publisher.Counts.Published} bytes={publisher.Counts.PublishedBytes} skipped={publisher.Counts.AllSkipped} restarts={publisher.Counts.Restarts}");
            }
        }
        var code = Judge(tasks, ship, abandon.IsCancellationRequested, push);
        if (code == ExitCode.Fenced)
        {
            meters?.Fenced();
        }
        return code;
    }

    private CapturePublisher Publisher(KafkaConnection to) =>
        new(new PublisherOptions { Topic = to.Topic, Connection = to.Properties }, installation.Time, new PublisherEvents(installation.Time, log.Write));

    private async Task StopAsync(PushEndpoint? push, CancellationTokenSource? shipStop, List<Task> tasks, CancellationToken abandon)
    {
        if (push is not null)
        {
            await push.StopAsync(abandon).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await push.DisposeAsync();
        }
        foreach (var host in _hosts)
        {
            await host.StopAsync();
        }
        if (shipStop is not null)
        {
            await shipStop.CancelAsync();
        }
        await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _hosts.ForEach(host => host.Dispose());
    }

    private int Judge(List<Task> tasks, ShipLoop? ship, bool abandoned, PushEndpoint? push)
    {
        var faults = tasks.SelectMany(t => t.Exception?.InnerExceptions ?? []).ToList();
        if (faults.OfType<FencedException>().FirstOrDefault() is { } fenced)
        {
            log.Write($"fenced shard={fenced.Shard} capture={fenced.Number}");
            return ProgramEdge.Explain(fenced);
        }
        if (push is not null && _fencedPush is { } shard)
        {
            log.Write($"fenced shard={shard}");
            return ExitCode.Fenced;
        }
        if (faults.FirstOrDefault(f => f is not OperationCanceledException) is { } fault)
        {
            return ProgramEdge.Explain(fault);
        }
        if (ship?.Stopped.Values.Select(ProgramEdge.Explain).ToList() is [var stopped, ..])
        {
            return stopped;
        }
        log.Write(abandoned ? $"abandoned \"not finished within {StopWithin.TotalSeconds} s: what was not acknowledged was not taken, what is not shipped is found at the next start\"" : "stopped");
        return ExitCode.Done;
    }

    private string? _fencedPush;

    private async Task<PushEndpoint?> ListenAsync(Action stop, CancellationToken cancel)
    {
        var pushed = _hosts.Where(h => h.Settings.Push is not null).ToList();
        if (pushed.Count == 0)
        {
            return null;
        }
        var endpoint = new PushEndpoint(new PushEndpointOptions
        {
            Health = settings.PushHealth is "off" ? null : settings.PushHealth ?? PipelineSettings.DefaultPushHealth,
            HealthIsDefault = settings.PushHealth is null,
            Connections = new() { Most = settings.PushConnections, OfAddress = settings.PushConnectionsPerAddress },
            LoginRefused = meters is null ? null : meters.LoginRefused, ConnectionCut = meters is null ? null : meters.ConnectionCut,
            Url = settings.PushUrl, CertificateFile = settings.PushCertificate, KeyFile = settings.PushKey, AsksCertificates = pushed.Any(h => h.Settings.Push!.ClientCertificates.Count > 0), StopWithin = StopWithin,
            OwnerOf = (source, token) => SourceOwner.OwnerAsync(installation.Us, source, token),
            Fenced = shard => { _fencedPush = shard; stop(); }, Warn = text => log.Write("push " + text), Answered = meters is null ? null : meters.Pushed,
        }, installation.Key, installation.Time);
        try
        {
            await endpoint.StartAsync(cancel);
            endpoint.Open(pushed.Select(h => PushSource.Of(h.Loop, h.Name, h.Settings.LineFormat!, h.Settings.Delivery) with
            {
                Tokens = h.Settings.Push!.Tokens, ClientCertificates = h.Settings.Push.ClientCertificates, Fields = h.Settings.Push.Fields,
            }));
            return endpoint;
        }
        catch
        {
            await endpoint.DisposeAsync();
            throw;
        }
    }

    /// <summary>Cancels after a bound, by the given clock.</summary>
    private sealed class Bound(CancellationTokenSource cancel, TimeSpan after, TimeProvider time) : IDisposable
    {
        private readonly ITimer _timer = time.CreateTimer(_ => cancel.Cancel(), null, after, Timeout.InfiniteTimeSpan);

        public void Dispose() => _timer.Dispose();
    }
}
