using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Pipeline.Core;

namespace Pipeline.Ingest.Push;

/// <summary>How the endpoint speaks TLS.</summary>
internal static class PushTls
{
    /// <summary>
    /// Clients are asked for a certificate where some source has one, and none must have any: another source may have a token. Any
    /// certificate passes the handshake, whoever signed it: what counts is whether a source lists it.
    /// </summary>
    /// <exception cref="PipelineException">78: the certificate or its key cannot be read.</exception>
    [SuppressMessage("Security", "CA5359",
        Justification = "It is the client's certificate: a source lists the ones it lets in, whoever signed them.")]
    public static TlsHandshakeCallbackOptions Options(PushEndpointOptions options, TimeProvider time, Action<string>? warn)
    {
        var certificate = new ServerCertificate("push.url", options.CertificateFile!, options.KeyFile, time, warn);
        return new TlsHandshakeCallbackOptions
        {
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = certificate.Current,
                ClientCertificateRequired = options.AsksCertificates,
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            }),
        };
    }
}
