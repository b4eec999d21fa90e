using System.Net;
using Pipeline.Core;

namespace Pipeline.Ingest.Push;

/// <summary>Where and how the endpoint listens, and its limits.</summary>
public sealed record PushEndpointOptions
{
    /// <summary>Default http://127.0.0.1:8080. An http address must be of loopback; an https one needs a certificate, and a token or client
    /// certificate for every source off loopback. Port 0 takes a free one.</summary>
    public string Url { get; init; } = "http://127.0.0.1:8080";
    /// <summary>PEM files, for https.</summary>
    public string? CertificateFile { get; init; }
    public string? KeyFile { get; init; }
    /// <summary>Whether clients are asked for a certificate: where some source has <see cref="PushSource.ClientCertificates"/>. None must
    /// have one.</summary>
    public bool AsksCertificates { get; init; }
    /// <summary>Connections at once; at a limit those on which nobody has logged in make room.</summary>
    public PushConnectionLimits Connections { get; init; } = new();
    /// <summary>
    /// Where `/healthz` and `/readyz` are answered beside <see cref="Url"/>, with connections of their own: http on loopback. Null: nowhere
    /// else.
    /// </summary>
    public string? Health { get; init; }
    /// <summary>Whether a taken <see cref="Health"/> address is a warning only: it was not asked for.</summary>
    public bool HealthIsDefault { get; init; }
    /// <summary>Bytes that all bodies together may hold before the shard has parsed them; a push that finds no room is answered 503. At
    /// least 16 MiB.</summary>
    public long MaxHeldBytes { get; init; } = 96 << 20;
    /// <summary>How long a body may take to come; then 408.</summary>
    public TimeSpan ReadWithin { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>How long a push waits for room in its shard; then 503, and it was not taken.</summary>
    public TimeSpan RoomWithin { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>How long a request waits for the capture; then 503, and the push stays under way: sent again, it waits for the same
    /// capture.</summary>
    public TimeSpan AcknowledgeWithin { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>How long stopping waits for the answers that are due; then the connections are cut, and what was not answered was not
    /// acknowledged.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>The shard that owns a source this endpoint does not have, or null: decides between 421 and 404. Absent: always
    /// 404.</summary>
    public Func<string, CancellationToken, Task<string?>>? OwnerOf { get; init; }
    /// <summary>Shards that this process hosts no more, of every kind of source; /readyz lists them.</summary>
    public Func<IEnumerable<PushStoppedShard>> StoppedShards { get; init; } = static () => [];
    /// <summary>Called with the status of each request for /v1/lines that was answered, or 0 where the client was gone; from many
    /// threads.</summary>
    public Action<int>? Answered { get; init; }
    /// <summary>Called with the code of each 401 and 403, one of <see cref="PushEndpoint.LoginRefusals"/>; from many threads.</summary>
    public Action<string>? LoginRefused { get; init; }
    /// <summary>Called with why a connection was cut, one of <see cref="PushEndpoint.CutReasons"/>; from many threads.</summary>
    public Action<string>? ConnectionCut { get; init; }
    /// <summary>
    /// Warnings for operations, at most one of a kind a minute. They hold names of events and types, never content of a request (rule 35).
    /// </summary>
    public Action<string>? Warn { get; init; }

    /// <summary>The address to listen on.</summary>
    /// <exception cref="PipelineException">4: plain http off loopback. 78: not an address, or https without a certificate.</exception>
    public (IPEndPoint Address, bool Tls) Listen()
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.PathAndQuery != "/"
            || url.UserInfo.Length > 0)
        {
            throw new ConfigurationException(
                "the push endpoint's url is not of the form http://ADDRESS:PORT or https://ADDRESS:PORT; correct it.");
        }
        IPAddress? address;
        if (url.Host == "localhost")
        {
            address = IPAddress.Loopback;
        }
        else if (!IPAddress.TryParse(url.DnsSafeHost, out address))
        {
            throw new ConfigurationException(
                $"the push endpoint's url names host {url.Host}, expected an IP address of this machine, or localhost; give the address " +
                $"to listen on, 0.0.0.0 or [::] for all.");
        }
        var tls = url.Scheme == "https";
        if (!tls && !IPAddress.IsLoopback(address))
        {
            throw new PolicyException(
                $"the push endpoint would take lines in the clear at {url.Authority}, which is not loopback. Use https with a " +
                $"certificate, or listen on 127.0.0.1 behind a proxy that ends TLS.");
        }
        if (tls && CertificateFile is null)
        {
            throw new ConfigurationException(
                $"the push endpoint's url is {url.Scheme}://{url.Authority}, and no certificate file is given; name a PEM file with the " +
                $"certificate, and one with its key where that is apart.");
        }
        return (new IPEndPoint(address, url.Port), tls);
    }

    /// <param name="isOpen">The source has neither a token nor a client certificate.</param>
    /// <exception cref="PipelineException">4: such a source off loopback.</exception>
    public void CheckLogin(string source, bool isOpen)
    {
        if (isOpen && !IPAddress.IsLoopback(Listen().Address.Address))
        {
            throw new PolicyException(
                $"source {source} has no token and no client certificate, and the push endpoint listens off loopback. Give the " +
                $"source the SHA-256 of a token that only its endpoint knows, or of its client certificate.");
        }
    }

    /// <exception cref="PipelineException">4: a source without a token or client certificate off loopback. 78: a hash is none, certificates
    /// cannot be shown here, or its fields do not fit its format.</exception>
    internal void Check(PushSource source)
    {
        var (_, tls) = Listen();
        CheckLogin(source.Name, source.IsOpen);
        if (source.Tokens.Select(PushTokens.WhyNot).FirstOrDefault(w => w is not null) is { } weak)
        {
            throw new ConfigurationException($"source {source.Name}: push.token-sha256 cannot be used: {weak}.");
        }
        if (source.ClientCertificates.Any(c => PushAccess.Fingerprint(c) != c))
        {
            throw new ConfigurationException(
                $"source {source.Name}: a client certificate is not given by 64 hex digits in lower case: the SHA-256 of its DER bytes.");
        }
        if (source.ClientCertificates.Count > 0 && !(tls && AsksCertificates))
        {
            throw new ConfigurationException(
                $"source {source.Name} has client certificates, and the push endpoint at {Url} asks for none; they are shown over https " +
                $"only. Listen at an https address, or give the source a token.");
        }
        if (source.Fields is { } fields && PushFields.WhyNot(source.Format, fields) is { } why)
        {
            throw new ConfigurationException($"source {source.Name}: push.fields cannot be used: {why}.");
        }
    }
}
