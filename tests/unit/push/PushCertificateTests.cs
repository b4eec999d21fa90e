using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Core;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>Rule 33 over real TLS: a source lets in by its token or by one of its client certificates.</summary>
public sealed class PushCertificateTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-push-tls-");
    private readonly X509Certificate2 _server = Make("server"), _web = Make("web"), _webNext = Make("web-next"), _loose = Make("loose"),
        _stranger = Make("stranger"), _past = Make("past", years: 1);

    [Fact]
    public async Task Rule_33_A_certificate_opens_its_own_source_only_and_a_token_still_does()
    {
        await using var rig = await StartAsync("https://127.0.0.1:0");
        Assert.Equal((401, "no-token"), await Push(rig, "web", null));
        Assert.Equal((401, "bad-certificate"), await Push(rig, "web", _stranger));
        Assert.Equal((403, "other-certificate"), await Push(rig, "web", _loose));
        Assert.Equal((200, null), await Push(rig, "web", _web));
        Assert.Equal((200, null), await Push(rig, "web", _webNext));
        Assert.Equal((200, null), await Push(rig, "web", null, "t0ken-of-the-source-web"));
        Assert.Equal((200, null), await Push(rig, "web", _stranger, "t0ken-of-the-source-web"));
        Assert.Equal((200, null), await Push(rig, "web", _web, "wrong-but-long-enough"));
        Assert.Equal((401, "bad-token"), await Push(rig, "web", null, "wrong-but-long-enough"));
        Assert.Equal((403, "other-token"), await Push(rig, "loose", null, "t0ken-of-the-source-web"));
        Assert.Equal((403, "other-certificate"), await Push(rig, "loose", _web));
        // Only who is let in somewhere learns which sources there are.
        Assert.Equal((401, "no-token"), await Push(rig, "nobodys", null));
        Assert.Equal((401, "bad-certificate"), await Push(rig, "nobodys", _stranger));
        Assert.Equal((404, "unknown-source"), await Push(rig, "nobodys", _web));
    }

    [Fact]
    public async Task Rule_33_A_certificate_counts_between_its_dates_only()
    {
        await using var rig = await StartAsync("https://127.0.0.1:0");
        Assert.Equal((401, "bad-certificate"), await Push(rig, "web", _past));
        Assert.Equal((200, null), await Push(rig, "web", _past, "t0ken-of-the-source-web"));
        Assert.Equal((200, null), await Push(rig, "web", _web));
    }

    [Fact]
    public async Task Rule_33_Off_loopback_a_certificate_is_enough()
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(a => a.Address)
            .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a));
        await using var rig = await StartAsync($"https://{own ?? IPAddress.Any}:0");
        Assert.Equal((200, null), await Push(rig, "web", _web));
        Assert.Equal((200, null), await Push(rig, "web", _web));
        Assert.Equal((401, "no-token"), await Push(rig, "web", null));
        Assert.Equal((403, "other-certificate"), await Push(rig, "web", _loose));
    }

    [Fact]
    public async Task Where_no_source_has_a_certificate_none_is_asked_for()
    {
        await using var rig = await PushRig.StartAsync(options: Options("https://127.0.0.1:0") with { AsksCertificates = false }, with: s =>
            s with { Delivery = PushDelivery.AtLeastOnce, Tokens = [Hash("t0ken-of-the-source-web")] });
        Assert.Equal((401, "no-token"), await Push(rig, "web", _web));
        Assert.Equal((200, null), await Push(rig, "web", _web, "t0ken-of-the-source-web"));
    }

    [Fact]
    public void A_certificate_that_cannot_be_shown_or_is_no_hash_is_refused_at_start()
    {
        var state = new Core.Captures.ShardState { Store = "", Shard = "s1", KeyId = "" };
        var source = new PushSource { Name = "web", Shard = "s1", Format = new CombinedFormat(), Sink = null!, IsFenced = _ =>
            Task.FromResult(false), Streams = new PushStreams("web", state), ClientCertificates = [Of(_web)] };
        Options("https://0.0.0.0:0").Check(source);
        void Refused(PushEndpointOptions options, PushSource wrong) =>
            Assert.IsType<ConfigurationException>(Assert.ThrowsAny<PipelineException>(() => options.Check(wrong)));
        Refused(new(), source);
        Refused(Options("https://0.0.0.0:0") with { AsksCertificates = false }, source);
        Refused(Options("https://0.0.0.0:0"), source with { ClientCertificates = ["abc"] });
        Refused(Options("https://0.0.0.0:0"), source with { Fields = "date time" });
        Assert.Equal(Of(_web),
            PushSource.Fingerprint(string.Join(':', Convert.FromHexString(Of(_web)).Select(b => b.ToString("X2", null)))));
    }

    public void Dispose()
    {
        foreach (var certificate in (X509Certificate2[])[_server, _web, _webNext, _loose, _stranger, _past])
        {
            certificate.Dispose();
        }
        _folder.Delete(recursive: true);
    }

    private Task<PushRig> StartAsync(string url) => PushRig.StartAsync(options: Options(url), with: source => source.Name switch
    {
        "web" => source with { Delivery = PushDelivery.AtLeastOnce, Tokens = [Hash("t0ken-of-the-source-web")],
            ClientCertificates = [Of(_web), Of(_webNext), Of(_past)] },
        "loose" => source with { ClientCertificates = [Of(_loose)] },
        _ => source with { Tokens = [Hash("another-token-of-no-test")] },
    });

    private PushEndpointOptions Options(string url)
    {
        var file = Path.Combine(_folder.FullName, "server.pem");
        File.WriteAllText(file, _server.ExportCertificatePem() + "\n" + _server.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        return new() { Url = url, CertificateFile = file, AsksCertificates = true };
    }

    /// <summary>On a connection of its own.</summary>
    private async Task<(int, string?)> Push(PushRig rig, string source, X509Certificate2? shown, string? token = null)
    {
        using var handler =
            new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, server, _, _) =>
            server!.GetCertHashString() == _server.GetCertHashString() } };
        if (shown is not null)
        {
            handler.SslOptions.ClientCertificates = [shown];
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => shown;
        }
        using var client = new HttpClient(handler) { BaseAddress = rig.Endpoint.Address.Host is "0.0.0.0"
            ? new UriBuilder(rig.Endpoint.Address) { Host = "127.0.0.1" }.Uri : rig.Endpoint.Address };
        using var request = PushRig.Request(null, "1\n"u8.ToArray(), source);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request);
        var body = System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return ((int)response.StatusCode, body.TryGetProperty("error", out var error) ? error.GetString() : null);
    }

    private static string Hash(string token) => Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(token)));

    private static string Of(X509Certificate2 certificate) => Convert.ToHexStringLower(certificate.GetCertHash(HashAlgorithmName.SHA256));

    private static X509Certificate2 Make(string name, int years = 200)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(years));
    }
}
