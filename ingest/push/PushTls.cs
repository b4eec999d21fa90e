using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Pipeline.Core;

namespace Pipeline.Ingest.Push;

/// <summary>How the endpoint speaks TLS.</summary>
internal static class PushTls
{
    /// <summary>
    /// Clients are asked for a certificate where some source has one, and none must have any: another source may have a token. Any certificate passes the handshake, whoever signed it: what counts is whether a source lists it.
    /// </summary>
    /// <exception cref="PipelineException">78: the certificate or its key cannot be read.</exception>
    public static HttpsConnectionAdapterOptions Options(PushEndpointOptions options) => new()
    {
        ServerCertificate = Certificate(options),
        ClientCertificateMode = options.AsksCertificates ? ClientCertificateMode.AllowCertificate : ClientCertificateMode.NoCertificate,
        ClientCertificateValidation = static (_, _, _) => true,
        CheckCertificateRevocation = false,
    };

    private static X509Certificate2 Certificate(PushEndpointOptions options)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(options.CertificateFile!, options.KeyFile);
        }
        catch (Exception e) when (e is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ConfigurationException($"the push endpoint's certificate {options.CertificateFile} with key {options.KeyFile ?? "in the same file"} cannot be read ({e.GetType().Name}); expected PEM files of a certificate and its key that this user may read.", e);
        }
    }
}
