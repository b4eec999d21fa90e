using System.Net;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Pipeline.Core.Captures;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Ingest.Push;

namespace Pipeline.Cli.Telemetry;

/// <summary>
/// What this process tells others of itself: a Prometheus endpoint where `metrics.url` asks for one, and metrics and spans by OTLP where
/// the standard environment names a collector.
/// Neither asked for: nothing of this exists, and nothing is counted.
/// </summary>
internal sealed class Telemetry : IAsyncDisposable
{
    /// <summary>The environment that OpenTelemetry defines; the exporters read the rest of it themselves.</summary>
    public static readonly string[] OtlpEndpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    private static readonly TimeSpan Ages = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ended = new();
    private readonly MeterProvider _metrics;
    private readonly TracerProvider? _traces;
    private MetricsEndpoint? _endpoint;
    private Task _looking = Task.CompletedTask;

    private Telemetry(TimeProvider time, bool serve, bool otlp)
    {
        _time = time;
        var metrics = Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(Metrics.Meter, "System.Runtime")
            .AddView(instrument =>
            Metrics.All.FirstOrDefault(m => m.Name == instrument.Name) is { Kind: not MetricKind.Histogram } metric
                ? new MetricStreamConfiguration { CardinalityLimit = Math.Max(16, metric.MaxSeries + 1) } : null);
        if (serve)
        {
            metrics.AddPrometheusExporter(options => (options.ScopeInfoEnabled, options.MaxScrapeResponseSizeBytes) = (false, 64 << 20));
        }
        if (otlp)
        {
            metrics.AddOtlpExporter();
            _traces = Sdk.CreateTracerProviderBuilder().ConfigureResource(Describe).AddSource(Spans.SourceName).AddOtlpExporter().Build();
        }
        _metrics = metrics.Build();
        Meters = new Meters(time);
    }

    public Meters Meters { get; }

    /// <summary>Where metrics are served, or null.</summary>
    public Uri? Address => _endpoint?.Address;

    /// <summary>Null where nothing is asked for.</summary>
    /// <param name="environment">A variable of the environment, or null.</param>
    /// <exception cref="PipelineException">4: metrics would cross a network in the clear. 78: the address cannot be used.</exception>
    public static async Task<Telemetry?> StartAsync(PipelineSettings settings, Func<string, string?> environment, TimeProvider time,
        CancellationToken cancel)
    {
        var collectors = OtlpEndpoints.Select(name => (Name: name, Value: environment(name))).Where(e => !string.IsNullOrEmpty(e.Value))
            .ToList();
        foreach (var (name, value) in collectors)
        {
            CheckCollector(name, value!);
        }
        if (settings.MetricsUrl is null && collectors.Count == 0)
        {
            return null;
        }
        var telemetry = new Telemetry(time, settings.MetricsUrl is not null, collectors.Count > 0);
        try
        {
            if (settings.MetricsUrl is { } url)
            {
                telemetry._endpoint = await MetricsEndpoint.StartAsync(url, () => Certificate(settings, time), telemetry._metrics, cancel);
            }
            return telemetry;
        }
        catch
        {
            await telemetry.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="PipelineException">78: it is not set, or cannot be read.</exception>
    private static ServerCertificate Certificate(PipelineSettings settings, TimeProvider time) =>
        settings.PushCertificate is { } file ? new("metrics.url", file, settings.PushKey, time, Printer.Warn)
        : throw new ConfigurationException("metrics.url is https, and push.certificate is not set; "
            + "name a PEM file with this machine's certificate.");

    /// <summary>Counts this installation's requests to its stores, and looks up how old what it finds unshipped is.</summary>
    public void Attach(OpenInstallation installation)
    {
        installation.Meter(Meters.Count);
        _looking = LookAsync(installation.Captures);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _looking;
        if (_endpoint is not null)
        {
            await _endpoint.DisposeAsync();
        }
        // What was counted last is handed to the collector: disposing waits for that, five seconds at most.
        _traces?.Dispose();
        _metrics.Dispose();
        Meters.Dispose();
        _ended.Dispose();
    }

    private async Task LookAsync(CaptureStore captures)
    {
        using var timer = new PeriodicTimer(Ages, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                try
                {
                    await Meters.LookUpAgesAsync(captures, _ended.Token);
                }
                catch (StoreException)
                {
                    // Its age stays unknown: then it counts from when it was found.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private static void Describe(ResourceBuilder resource)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
        {
            resource.AddService("pipeline", serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3));
        }
    }

    private static void CheckCollector(string name, string value)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            throw new ConfigurationException(
                $"environment variable {name}: expected http://ADDRESS:PORT of a collector on this machine, or https://HOST:PORT.");
        }
        if (url.Scheme == "http" && url.Host != "localhost" && !(IPAddress.TryParse(url.DnsSafeHost, out var address)
            && IPAddress.IsLoopback(address)))
        {
            throw new PolicyException(
                $"environment variable {name}: telemetry would go to {url.Authority} in the clear. Use https, or a collector on this " +
                $"machine.");
        }
    }
}
