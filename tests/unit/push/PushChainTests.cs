using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Core;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>The certificate that the endpoint shows: its whole chain, and the new one after a renewal.</summary>
public sealed class PushChainTests : IDisposable
{
    private const string Token = "t0ken-of-the-source-web";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-push-chain-");
    private readonly Authority _root = Authority.Root(), _between;

    public PushChainTests() => _between = _root.Sign("between");

    [Fact]
    public async Task A_client_that_trusts_the_root_alone_validates_a_leaf_behind_an_intermediate()
    {
        Write(_between.Leaf("one"));
        await using var rig = await PushRig.StartAsync(options: Options(), with: s => s with { Tokens = [PushTokens.Hash(Token)] });
        Assert.Equal("CN=one", await PushAsync(rig.Endpoint.Address, 1));
    }

    [Fact]
    public void A_renewed_certificate_is_shown_soon_and_a_broken_one_is_told_once_and_not_shown()
    {
        var time = new FakeTimeProvider();
        var warnings = new List<string>();
        Write(_between.Leaf("one"));
        var shown = new ServerCertificate("push.url", Pem, Key, time, warnings.Add);
        Write(_between.Leaf("number-two"));
        Assert.Equal("CN=one", shown.Current.TargetCertificate.Subject);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("CN=number-two", shown.Current.TargetCertificate.Subject);
        Assert.Equal("CN=between", Assert.Single(shown.Current.IntermediateCertificates).Subject);
        // The key comes a moment after its certificate.
        var (pem, key) = _between.Leaf("number-three");
        File.WriteAllText(Pem, pem);
        for (var look = 0; look < 3; look++)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            Assert.Equal("CN=number-two", shown.Current.TargetCertificate.Subject);
        }
        Assert.Contains("stays in force", Assert.Single(warnings), StringComparison.Ordinal);
        File.WriteAllText(Key, key + "\n");
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("CN=number-three", shown.Current.TargetCertificate.Subject);
        File.Delete(Pem);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("CN=number-three", shown.Current.TargetCertificate.Subject);
        Assert.Equal(2, warnings.Count);
    }

    [Fact]
    public void A_renewal_that_moves_a_link_is_seen()
    {
        var time = new FakeTimeProvider();
        var link = Path.Combine(_folder.FullName, "live.pem");
        foreach (var name in new[] { "a", "b" })
        {
            var (pem, key) = _between.Leaf(name);
            File.WriteAllText(Path.Combine(_folder.FullName, name + ".pem"), pem + key);
        }
        File.CreateSymbolicLink(link, Path.Combine(_folder.FullName, "a.pem"));
        var shown = new ServerCertificate("push.url", link, null, time, null);
        File.Delete(link);
        File.CreateSymbolicLink(link, Path.Combine(_folder.FullName, "b.pem"));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("CN=b", shown.Current.TargetCertificate.Subject);
    }

    [Fact]
    public void Files_that_cannot_be_read_at_start_are_a_matter_of_configuration() =>
        Assert.Throws<ConfigurationException>(() => new ServerCertificate("push.url", Pem, Key, TimeProvider.System, null));

    public void Dispose()
    {
        _root.Dispose();
        _between.Dispose();
        _folder.Delete(recursive: true);
    }

    private string Pem => Path.Combine(_folder.FullName, "tls.pem");

    private string Key => Path.Combine(_folder.FullName, "tls.key");

    private void Write((string Pem, string Key) leaf)
    {
        File.WriteAllText(Pem, leaf.Pem);
        File.WriteAllText(Key, leaf.Key);
    }

    private PushEndpointOptions Options() => new() { Url = "https://127.0.0.1:0", CertificateFile = Pem, KeyFile = Key };

    /// <returns>The subject of the certificate that was shown, which this client found good.</returns>
    private async Task<string?> PushAsync(Uri address, int sequence)
    {
        string? subject = null;
        var trust = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
        };
        trust.CustomTrustStore.Add(_root.Certificate);
        using var handler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = trust } };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, errors) =>
            (subject = shown?.Subject) is not null && errors == System.Net.Security.SslPolicyErrors.None;
        using var client = new HttpClient(handler) { BaseAddress = address };
        using var request = PushRig.Request($"c:{sequence}", "1\n"u8.ToArray());
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        using var answer = await client.SendAsync(request);
        Assert.Equal(200, (int)answer.StatusCode);
        return subject;
    }

    private sealed class Authority(X509Certificate2 certificate) : IDisposable
    {
        private static readonly DateTimeOffset From = DateTimeOffset.UnixEpoch, To = DateTimeOffset.UnixEpoch.AddYears(200);

        public X509Certificate2 Certificate { get; } = certificate;

        public static Authority Root()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return new Authority(Request("CN=root", key, authority: true).CreateSelfSigned(From, To));
        }

        public Authority Sign(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var signed = Request("CN=" + name, key, authority: true).Create(Certificate, From, To, RandomNumberGenerator.GetBytes(8));
            return new Authority(signed.CopyWithPrivateKey(key));
        }

        /// <summary>A leaf and this authority behind it, as an ACME client writes them, and the leaf's key.</summary>
        public (string Pem, string Key) Leaf(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var signed = Request("CN=" + name, key, authority: false)
                .Create(Certificate, From, To, RandomNumberGenerator.GetBytes(8));
            return (signed.ExportCertificatePem() + "\n" + Certificate.ExportCertificatePem() + "\n",
                key.ExportPkcs8PrivateKeyPem() + "\n");
        }

        public void Dispose() => Certificate.Dispose();

        private static CertificateRequest Request(string subject, ECDsa key, bool authority)
        {
            var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(System.Net.IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            return request;
        }
    }
}
