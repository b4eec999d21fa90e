using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using Pipeline.Core;
using Pipeline.Ingest.Push;

namespace Pipeline.Cli.Telemetry;

/// <summary>`GET /metrics` for Prometheus, and nothing else. Plain http on loopback only; elsewhere https with the certificate of the push
/// endpoint.</summary>
internal sealed class MetricsEndpoint : IAsyncDisposable
{
    private readonly WebApplication _app;

    private MetricsEndpoint(WebApplication app) => _app = app;

    /// <summary>The port is the one that was given out where 0 was asked for.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <param name="shown">Asked for where the url is https.</param>
    /// <exception cref="PipelineException">4: plain http off loopback. 5: the address is taken. 78: not an address, or https without a
    /// certificate that can be read.</exception>
    public static async Task<MetricsEndpoint> StartAsync(
        string url, Func<ServerCertificate> shown, MeterProvider metrics, CancellationToken cancel)
    {
        var address = Listen(url, out var tls);
        var certificate = tls ? shown() : null;
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.WebHost.UseKestrelCore();
        if (tls)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            (kestrel.Limits.MaxConcurrentConnections, kestrel.Limits.MaxRequestBodySize) = (16, 0);
            kestrel.Listen(address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (certificate is not null)
                {
                    listen.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        OnConnection = _ => ValueTask.FromResult(
                            new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current }),
                    });
                }
            });
        });
        var app = builder.Build();
        app.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, context => context.Request.Path == "/metrics", null, null, null);
        app.Run(context =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        try
        {
            await app.StartAsync(cancel);
        }
        catch (Exception e)
        {
            await app.DisposeAsync();
            throw e is IOException taken ? ListenFault.Of("metrics.url", url, taken) : e;
        }
        return new MetricsEndpoint(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static IPEndPoint Listen(string text, out bool tls)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.PathAndQuery != "/"
            || url.UserInfo.Length > 0
            || !IPAddress.TryParse(url.Host == "localhost" ? "127.0.0.1" : url.DnsSafeHost, out var address))
        {
            throw new ConfigurationException(
                "metrics.url: expected http://127.0.0.1:PORT, or https://ADDRESS:PORT with an IP address of this machine.");
        }
        tls = url.Scheme == "https";
        return tls || IPAddress.IsLoopback(address) ? new IPEndPoint(address, url.Port)
            : throw new PolicyException(
                $"metrics.url: metrics would be served in the clear at {url.Authority}, which is not loopback. Use https with " +
                $"push.certificate, or 127.0.0.1 behind a proxy that ends TLS.");
    }

    /// <summary>The program decides when it ends.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
