using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Kafka;

using Cli = Pipeline.Tests.Integration.Cli.Cli;

/// <summary>TLS and mTLS to a real broker, and what is told of secrets: nothing.</summary>
public sealed class TlsTests
{
    private const string Password = "hunter2-and-more";

    [Fact]
    public async Task Captures_cross_by_TLS_and_a_client_that_is_asked_shows_its_certificate()
    {
        await using var broker = await Broker.OwnAsync(new BrokerOptions(Tls: true, Properties: ["ssl.client.auth=required"]));
        using var folder = new Folder();
        var (servers, pem) = broker.Tls;
        var (topic, none) = (Broker.NewName("captures"), new Dictionary<string, string>());
        folder.Write("access.log", Sample.Line(0) + Sample.Line(1));
        var mutual = $"  tls: {{ca: {pem}/ca.pem, certificate: {pem}/client.pem, key: {pem}/client.key}}\n";
        var config = TopicsTests.Config(folder, servers, topic, "  replication: 1\n"
            + mutual, "sources: [{name: web, paths: [access.log]}]\nperiod: 1s\n");
        var made = Cli.Run("topics", "--config", config);
        Assert.True(made.Exit == 0, made.Error);
        using var ingest = Cli.Start(none, "ingest", "--config", config);
        await ingest.WaitForAsync("ready ");
        await KafkaRig.UntilAsync(() => broker.ReadAll(topic).Count == 1, "the capture is on the topic");
        Assert.Equal(0, await ingest.TerminateAsync());

        // Without a certificate of its own, the client is refused; so is a broker that another authority signed.
        foreach (var (tls, why) in new[] { ($"  tls: {{ca: {pem}/ca.pem}}\n", "no certificate"),
            ($"  tls: {{ca: {pem}/client.pem, certificate: {pem}/client.pem, key: {pem}/client.key}}\n", "another authority") })
        {
            var refused = Cli.Run("topics", "--config", TopicsTests.Config(folder, servers, topic, "  replication: 1\n" + tls));
            Assert.True(refused.Exit is 5 or 78, $"{why}: {refused.Exit} {refused.Error}");
            Assert.Contains("SSL", refused.Error, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_password_is_in_no_output_whatever_goes_wrong()
    {
        await using var broker =
            await Broker.OwnAsync(new BrokerOptions(Properties: ["listener.name.plaintext.sasl.enabled.mechanisms=PLAIN"]));
        using var folder = new Folder();
        folder.Write("access.log", Sample.Line(0));
        folder.Write("secret", Password + "\n");
        const string Sasl =
            "  replication: 1\n  properties: {debug: 'security,protocol', socket.connection.setup.timeout.ms: 2000}\n  sasl: " +
            "{mechanism: PLAIN, username: someone, password-file: secret}\n";
        var config = TopicsTests.Config(folder, broker.Servers, "captures", Sasl, "sources: [{name: web, paths: [access.log]}]\n");
        // The listener knows no SASL: the attempt fails, and says so.
        foreach (var command in new[] { "topics", "validate" })
        {
            var failed = Cli.Run(command, "--config", config);
            Assert.NotEqual(0, failed.Exit);
            Assert.DoesNotContain(Password, failed.Out + failed.Error, StringComparison.Ordinal);
        }
        var variable = Cli.Run(new Dictionary<string, string> { ["PIPELINE__KAFKA__SASL__PASSWORD"] = Password }, "topics", "--config",
            config);
        Assert.Equal(78, variable.Exit);
        Assert.Contains("both set", variable.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, variable.Error, StringComparison.Ordinal);
        using var ingest = Cli.Start(new Dictionary<string, string>(), "ingest", "--config", config);
        await ingest.WaitForAsync("kafka code=");
        Assert.Equal(0, await ingest.TerminateAsync());
        Assert.DoesNotContain(Password, ingest.Log, StringComparison.Ordinal);
    }
}
