using Pipeline.Cli;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>What is refused at start, and the streams' limit.</summary>
public sealed class PushPolicyTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080", null)]
    [InlineData("http://[::1]:8080", null)]
    [InlineData("http://localhost:8080", null)]
    [InlineData("http://127.1.2.3:0", null)]
    [InlineData("http://0.0.0.0:8080", ExitCode.RefusedByPolicy)]
    [InlineData("http://[::]:8080", ExitCode.RefusedByPolicy)]
    [InlineData("http://192.0.2.1:8080", ExitCode.RefusedByPolicy)]
    [InlineData("http://logs.example.net:8080", ExitCode.Configuration)]
    [InlineData("http://*:8080", ExitCode.Configuration)]
    [InlineData("https://0.0.0.0:8443", ExitCode.Configuration)]
    [InlineData("ftp://127.0.0.1", ExitCode.Configuration)]
    [InlineData("127.0.0.1:8080", ExitCode.Configuration)]
    [InlineData("http://127.0.0.1:8080/path", ExitCode.Configuration)]
    public void Rule_33_Lines_in_the_clear_are_taken_on_loopback_only(string url, int? code)
    {
        var thrown = Record.Exception(() => new PushEndpointOptions { Url = url }.Listen());
        Assert.Equal(code, thrown is null ? null : ExitCode.Of(thrown));
    }

    [Fact]
    public async Task Rule_33_Off_loopback_a_source_without_a_token_is_refused_at_start()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=test", key,
            System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem() + "\n"
            + key.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        try
        {
            await using var endpoint = new PushEndpoint(new() { Url = "https://0.0.0.0:0", CertificateFile = file }, InstallationKey.New(),
                TimeProvider.System);
            var state = new ShardState { Store = "", Shard = "s1", KeyId = "" };
            var source = new PushSource { Name = "web", Shard = "s1", Format = new CombinedFormat(), Sink = null!, IsFenced = _ =>
                Task.FromResult(false), Streams = new PushStreams("web", state) };
            Assert.IsType<PolicyException>(Assert.ThrowsAny<PipelineException>(() => endpoint.Open([source])));
            Assert.IsType<ConfigurationException>(Assert.ThrowsAny<PipelineException>(() =>
                endpoint.Open([source with { Tokens = ["abc"] }])));
            endpoint.Open([source with { Tokens = [new string('0', 64)] }]);
            await endpoint.StartAsync(TestContext.Current.CancellationToken);
            using var client =
                new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown?.Subject == "CN=test" } });
            using var answer = await client.GetAsync(new UriBuilder(endpoint.Address) { Host = "127.0.0.1", Path = "/readyz" }.Uri,
                TestContext.Current.CancellationToken);
            Assert.Equal(200, (int)answer.StatusCode);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_port_that_is_taken_is_an_outage_that_is_tried_again()
    {
        await using var rig = await PushRig.StartAsync(open: false);
        await using var second = new PushEndpoint(new() { Url = rig.Endpoint.Address.ToString() }, rig.Key, TimeProvider.System);
        Assert.IsType<OutageException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => second.StartAsync(TestContext.Current.CancellationToken))));
    }

    [Fact]
    public void Rule_32_The_10_001st_open_stream_of_a_source_is_refused_while_none_was_idle_and_a_withdrawn_one_does_not_count()
    {
        var state = new ShardState { Store = "", Shard = "s1", KeyId = "" };
        for (var n = 0; n < PushStreams.MaxStreams - 1; n++)
        {
            state.Streams[$"web/{n}"] = new PushCursor(1, ["check"]);
            state.Streams[$"web-two/{n}"] = new PushCursor(1, ["check"]);
        }
        var streams = new PushStreams("web", state);
        PushDecision Decide(string stream, long sequence) => streams.Decide(new(stream, sequence), "", hasLines: true, now: default);
        streams.Withdraw(Assert.IsType<PushDecision.Take>(Decide("new", 1)).Push);
        Assert.IsType<PushDecision.Take>(Decide("newer", 1));
        Assert.IsType<PushDecision.TooManyStreams>(Decide("newest", 1));
        Assert.IsType<PushDecision.Take>(Decide("5", 2));
    }
}
