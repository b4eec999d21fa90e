using System.Collections.Frozen;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Core;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Push;

/// <summary>
/// The HTTP endpoint that endpoints push lines to: `POST /v1/lines?source=NAME`, `/healthz`, `/readyz`, `/openapi.yaml` (rules 32 and 33).
/// A 200 is written only when the capture that holds the lines is on stable storage.
/// </summary>
/// <remarks>
/// <see cref="StartAsync"/> listens and is alive, not ready; <see cref="Open"/> gives it the sources of claimed shards. Stop it before the
/// shards are completed:
/// what it holds is captured by them.
/// </remarks>
public sealed class PushEndpoint : IAsyncDisposable
{
    /// <summary>The most bytes of a body as it is sent.</summary>
    public const int MaxSentBytes = 8 << 20;

    /// <summary>The most bytes of a body, decompressed, and its most lines (rule 33).</summary>
    public const int MaxBytes = 4_000_000, MaxLines = 50_000;

    /// <summary>The codes of refused logins, and why connections are cut: closed lists, for counters.</summary>
    public static IReadOnlyList<string> LoginRefusals { get; } = [.. PushCode.All.Where(c => c.IsLogin).Select(c => c.Name)];

    /// <inheritdoc cref="LoginRefusals"/>
    public static IReadOnlyList<string> CutReasons => PushDoor.Reasons;

    private readonly PushEndpointOptions _options;
    private readonly KeyedHash _pushes;
    private readonly TimeProvider _time;
    private readonly PushDoor _door;
    private readonly PushNotices _notices;
    private readonly PushHandler _handler;
    private readonly WebApplication _app;
    private PushHealth? _health;

    /// <exception cref="PipelineException">4: the url is refused by rule 33. 78: it cannot be used.</exception>
    public PushEndpoint(PushEndpointOptions options, InstallationKey key, TimeProvider time)
    {
        _options = options;
        _pushes = key.Pushes();
        _time = time;
        _door = new PushDoor(options.Connections, time, options.ConnectionCut);
        _notices = new PushNotices(options.Warn, time);
        _handler = new PushHandler(options, _pushes, time, _door, _notices);
        _health = options.Health is { } health ? new PushHealth(health, _handler.HandleHealthAsync, time) : null;
        var (address, tls) = options.Listen();
        PushFraming.Tighten();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, PushLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopWithin);
        builder.Logging.AddProvider(new PushLog(text => _notices.Tell(text)));
        builder.WebHost.UseKestrelCore();
        if (tls)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }
        var https = tls ? PushTls.Options(options, time, options.Warn) : null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Limit(kestrel);
            PushFraming.Tighten(kestrel);
            kestrel.Listen(address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => _door.PassAsync(connection, next));
                if (https is not null)
                {
                    listen.UseHttps(https);
                }
            });
        });
        _app = builder.Build();
        _app.Run(_handler.HandleAsync);
    }

    /// <summary>Where it listens, once started: the port is the one that was given out where 0 was asked for.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Where health is answered beside it, once started; null: nowhere.</summary>
    public Uri? HealthAddress => _health?.Address;

    /// <summary>Open connections of the push listener.</summary>
    internal int Connections => _door.Count;

    /// <summary>Pushes of each open source that were refused with 409 since the start: each may be a loss at its client (rule
    /// 32).</summary>
    public IReadOnlyDictionary<string, long> Gaps => _handler.Sources?.Values.ToDictionary(s => s.Source.Name, s => s.Gaps) ?? [];

    /// <summary>How many streams the open source has.</summary>
    internal int Streams(string source) => _handler.Sources![source].Source.Streams.Count;

    /// <exception cref="PipelineException">5: the address is taken. 78: it is not of this machine.</exception>
    public async Task StartAsync(CancellationToken cancel = default)
    {
        try
        {
            await _app.StartAsync(cancel);
        }
        catch (IOException e)
        {
            throw ListenFault.Of("push.url", _options.Url, e);
        }
        if (_health is not null)
        {
            await StartHealthAsync(_health, cancel);
        }
    }

    /// <summary>An address that nobody asked for may be another process's: then health is told at the push endpoint alone.</summary>
    private async Task StartHealthAsync(PushHealth health, CancellationToken cancel)
    {
        try
        {
            await health.StartAsync(cancel);
        }
        catch (OutageException e) when (_options.HealthIsDefault)
        {
            _options.Warn?.Invoke(e.Message + " /healthz and /readyz are answered at push.url only.");
            _health = null;
            await health.DisposeAsync();
        }
    }

    /// <summary>The shards are claimed: takes pushes for these sources from now on.</summary>
    /// <exception cref="PipelineException">4: a source without a token or client certificate off loopback. 78: two sources of one name, or
    /// what a source has cannot be used.</exception>
    public void Open(IEnumerable<PushSource> sources)
    {
        var intakes = new Dictionary<string, PushIntake>(StringComparer.Ordinal);
        foreach (var source in sources)
        {
            _options.Check(source);
            if (!intakes.TryAdd(source.Name, new PushIntake(source, _options, _pushes, _time)))
            {
                throw new ConfigurationException(
                    $"source {source.Name} is configured twice for pushes; give each endpoint a name of its own.");
            }
        }
        _handler.Open(intakes.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>
    /// Stop: no new connection and no new push; what was taken is answered, as long as <see cref="PushEndpointOptions.StopWithin"/> allows.
    /// Cancelling abandons: connections are cut,
    /// and what was not answered was not acknowledged.
    /// </summary>
    public async Task StopAsync(CancellationToken abandon = default)
    {
        _handler.Stop();
        await _app.StopAsync(abandon);
    }

    public async ValueTask DisposeAsync()
    {
        if (_health is not null)
        {
            await _health.DisposeAsync();
        }
        await _app.DisposeAsync();
        _handler.Dispose();
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = MaxSentBytes;
        limits.MaxRequestLineSize = 4 << 10;
        limits.MaxRequestHeadersTotalSize = 16 << 10;
        limits.MaxRequestHeaderCount = 64;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
        limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 4096, gracePeriod: TimeSpan.FromSeconds(10));
        limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 4096, gracePeriod: TimeSpan.FromSeconds(10));
    }
}
