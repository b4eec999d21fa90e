using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Telemetry;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Roles;

/// <summary>
/// Wires the push endpoint of a process: the sources that take pushes, those of stopped shards too, which answer with the reason.
/// </summary>
internal static class PushRole
{
    /// <summary>Listens and is open; null where no source takes pushes.</summary>
    public static async Task<PushEndpoint?> ListenAsync(
        PipelineSettings settings, OpenInstallation installation, HostedShards shards, RoleLog log, Meters? meters,
        CancellationToken cancel)
    {
        var pushed = Pushed(settings);
        if (pushed.Count == 0)
        {
            return null;
        }
        var endpoint = new PushEndpoint(Options(settings) with
        {
            LoginRefused = meters is null ? null : meters.LoginRefused, ConnectionCut = meters is null ? null : meters.ConnectionCut,
            OwnerOf = (source, token) => SourceOwner.OwnerAsync(installation.Us, source, token),
            StoppedShards = () => shards.Stopped.Values.Select(s => new PushStoppedShard(s.Name, s.Reason)),
            Warn = text => log.Write("push " + text), Answered = meters is null ? null : meters.Pushed,
        }, installation.Key, installation.Time);
        try
        {
            await endpoint.StartAsync(cancel);
            endpoint.Open(pushed.Select(source => Source(source, installation.Captures, shards)));
            return endpoint;
        }
        catch
        {
            await endpoint.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether the endpoint may listen as it is configured; asked by `validate`, and by `run` before a store is touched.</summary>
    /// <exception cref="PipelineException">4: in the clear, or open to all, off loopback. 78: not an address, or https without a
    /// certificate.</exception>
    public static void Check(PipelineSettings settings)
    {
        var options = Options(settings);
        foreach (var source in Pushed(settings))
        {
            _ = options.Listen();
            options.CheckLogin(source.Name, source.Push!.Tokens.Count == 0 && source.Push.ClientCertificates.Count == 0);
        }
    }

    private static List<SourceSettings> Pushed(PipelineSettings settings) => [.. settings.Sources.Where(s => s.Push is not null)];

    private static PushEndpointOptions Options(PipelineSettings settings) => new()
    {
        Health = settings.PushHealth is "off" ? null : settings.PushHealth ?? PipelineSettings.DefaultPushHealth,
        HealthIsDefault = settings.PushHealth is null,
        Connections = new() { Most = settings.PushConnections, OfAddress = settings.PushConnectionsPerAddress },
        Url = settings.PushUrl, CertificateFile = settings.PushCertificate, KeyFile = settings.PushKey,
        AsksCertificates = Pushed(settings).Any(s => s.Push!.ClientCertificates.Count > 0), StopWithin = RunRole.StopWithin,
    };

    private static PushSource Source(SourceSettings source, CaptureStore captures, HostedShards shards)
    {
        var push = source.Push!;
        var taken = shards.Hosts.FirstOrDefault(h => h.Name == source.Name) is { } host
            ? PushSource.Of(host.Loop, source.Name, source.LineFormat!, source.Delivery)
            : PushSource.OfStopped(captures.Empty(source.Name), source.Name, source.LineFormat!, source.Delivery);
        return taken with
        {
            Tokens = push.Tokens, ClientCertificates = push.ClientCertificates, Fields = push.Fields,
            WhyStopped = () => shards.Stopped.TryGetValue(source.Name, out var stopped) ? stopped.Reason : null,
        };
    }
}
