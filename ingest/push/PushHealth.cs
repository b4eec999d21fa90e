using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Core;

namespace Pipeline.Ingest.Push;

/// <summary>
/// `/healthz` and `/readyz` on a listener of their own, with connections of their own: whatever stands before the push endpoint, a probe is
/// answered. Loopback only.
/// </summary>
internal sealed class PushHealth : IAsyncDisposable
{
    private static readonly PushConnectionLimits Limits = new() { Most = 32, OfAddress = 32, LogInWithin = TimeSpan.FromSeconds(5) };

    private readonly string _url;
    private readonly WebApplication _app;

    /// <exception cref="PipelineException">4: not loopback. 78: not an address.</exception>
    public PushHealth(string url, RequestDelegate answer, TimeProvider time)
    {
        _url = url;
        var address = Listen(url);
        var door = new PushDoor(Limits, time, null);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, PushLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            (kestrel.Limits.RequestHeadersTimeout, kestrel.Limits.KeepAliveTimeout) = (Limits.LogInWithin, Limits.LogInWithin);
            PushFraming.Tighten(kestrel);
            kestrel.Listen(address, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => context => door.PassAsync(context, next));
            });
        });
        _app = builder.Build();
        _app.Run(answer);
    }

    /// <summary>Where it listens, once started.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <exception cref="PipelineException">5: the address is taken.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        try
        {
            await _app.StartAsync(cancel);
        }
        catch (IOException e)
        {
            throw ListenFault.Of("push.health", _url, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.DisposeAsync();
    }

    private static IPEndPoint Listen(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != "http"
            || url.PathAndQuery != "/" || url.UserInfo.Length > 0
            || !IPAddress.TryParse(url.Host == "localhost" ? "127.0.0.1" : url.DnsSafeHost, out var address))
        {
            throw new ConfigurationException("push.health: expected http://127.0.0.1:PORT, or off.");
        }
        return IPAddress.IsLoopback(address) ? new IPEndPoint(address, url.Port)
            : throw new PolicyException($"push.health: {url.Authority} is not loopback, and nothing "
                + "is served in the clear elsewhere. Use 127.0.0.1; "
                + "from another machine ask /readyz of push.url over https.");
    }
}
