using Pipeline.Cli;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Contracts;

namespace Pipeline.Tests.Unit.Settings;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class KafkaSettingsTests : IDisposable
{
    private const string Good = "kafka:\n  bootstrap-servers: 127.0.0.1:9092\n  topic: captures\n  region: eastus\n";
    private const string Password = "hunter2-and-more";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-kafka-settings-");

    [Fact]
    public void What_is_written_is_what_the_client_library_is_told()
    {
        var settings = Load(Good + "  group: g\n  properties: {linger.ms: 50, compression.type: zstd}\n");
        var connection = KafkaConnection.Open(settings.Kafka, PublishedContracts.All)!;
        Assert.Equal(("captures", "g"), (connection.Topic, connection.Group));
        Assert.Equal(
            [("bootstrap.servers", "127.0.0.1:9092"), ("client.id", "pipeline"), ("compression.type", "zstd"), ("linger.ms", "50"),
                ("security.protocol", "plaintext")],
            connection.Properties.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (p.Key, p.Value)));
    }

    [Fact]
    public void Without_servers_there_is_no_Kafka() => Assert.Null(KafkaConnection.Open(Load("").Kafka, PublishedContracts.All));

    [Theory]
    [InlineData("acks: 1", "acks")]
    [InlineData("enable.idempotence: false", "enable.idempotence")]
    [InlineData("partitioner: random", "partitioner")]
    [InlineData("enable.auto.commit: true", "enable.auto.commit")]
    [InlineData("auto.offset.reset: latest", "auto.offset.reset")]
    [InlineData("enable.ssl.certificate.verification: false", "enable.ssl.certificate.verification")]
    [InlineData("ssl.endpoint.identification.algorithm: none", "ssl.endpoint.identification.algorithm")]
    [InlineData("security.protocol: plaintext", "security.protocol")]
    [InlineData("group.id: other", "group.id")]
    [InlineData("ssl.engine.location: /tmp/engine.so", "ssl.engine.location")]
    [InlineData("ssl.cipher.suites: eNULL", "ssl.cipher.suites")]
    [InlineData("sasl.kerberos.kinit.cmd: id", "sasl.kerberos.kinit.cmd")]
    [InlineData("sasl.oauthbearer.token.endpoint.url: 'https://example.com'", "sasl.oauthbearer.token.endpoint.url")]
    [InlineData("linger.mss: 5", "linger.mss")]
    public void A_property_that_a_promise_depends_on_is_refused_by_its_name(string property, string name) =>
        Assert.Contains($"'{name}' cannot be set here", Refused(Good + $"  properties: {{{property}}}\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("  sasl: {mechanism: PLAIN, username: u, password: " + Password + "}\n", "PIPELINE__KAFKA__SASL__PASSWORD")]
    [InlineData("  tls: {enabled: true, key-password: " + Password + "}\n", "kafka.tls.key-password-file")]
    [InlineData("  properties: {sasl.password: " + Password + "}\n", "kafka.sasl.password-file")]
    [InlineData("  properties: {sasl.oauthbearer.client.secret: " + Password + "}\n", "holds a secret")]
    [InlineData("  properties: {ssl.key.pem: " + Password + "}\n", "holds a secret")]
    public void A_secret_in_the_file_is_an_error_that_does_not_show_it(string yaml, string told)
    {
        var message = Refused(Good + yaml);
        Assert.Contains(told, message, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_comes_from_the_environment_or_a_file_and_no_record_prints_it()
    {
        const string Sasl = "  sasl: {mechanism: PLAIN, username: u";
        var variable = Load(Good + Sasl + "}\n", ("PIPELINE__KAFKA__SASL__PASSWORD", Password));
        Write("secret", Password + "\n");
        var file = Load(Good + Sasl + ", password-file: secret}\n");
        foreach (var settings in new[] { variable, file })
        {
            Assert.Equal(Password, KafkaConnection.Open(settings.Kafka, PublishedContracts.All)!.Properties["sasl.password"]);
            Assert.DoesNotContain(Password, settings.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_secret_file_that_everybody_may_read_is_warned_of()
    {
        Write("secret", Password);
        var secret = Path.Combine(_folder.FullName, "secret");
        var settings = Load(Good + "  sasl: {mechanism: PLAIN, username: u, password-file: secret}\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains(secret, Assert.Single(FileModes.Warnings(null, settings)), StringComparison.Ordinal);
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        Assert.Empty(FileModes.Warnings(null, settings));
    }

    [Fact]
    public void A_secret_file_that_is_not_there_is_named()
    {
        var settings = Load(Good + "  sasl: {mechanism: PLAIN, username: u, password-file: nowhere}\n");
        var refused = Assert.ThrowsAny<PipelineException>(() => KafkaConnection.Open(settings.Kafka, PublishedContracts.All));
        Assert.IsType<ConfigurationException>(refused);
        Assert.Contains("nowhere", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kafka: {topic: t}\n", "kafka.bootstrap-servers is not set")]
    [InlineData("kafka: {bootstrap-servers: '127.0.0.1:1', topic: t}\n", "kafka.region is not set")]
    [InlineData("kafka: {bootstrap-servers: '127.0.0.1:1', region: us}\n", "kafka.topic is not set")]
    [InlineData("kafka: {bootstrap-servers: 127.0.0.1, topic: t, region: us}\n", "kafka.bootstrap-servers: found '127.0.0.1'")]
    [InlineData(Good + "  tls: {certificate: c.pem}\n", "found the certificate alone")]
    [InlineData(Good + "  sasl: {mechanism: PLAIN, username: u}\n", "needs kafka.sasl.username and a password")]
    [InlineData(Good + "  sasl: {username: u}\n", "kafka.sasl.mechanism is not set")]
    [InlineData(Good + "  sasl: {mechanism: MD5}\n", "kafka.sasl.mechanism: found 'MD5'")]
    [InlineData(Good + "  sasl: {mechanism: OAUTHBEARER}\n", "kafka.sasl.mechanism: found 'OAUTHBEARER'")]
    [InlineData(Good + "  topik: x\n", "'kafka.topik' is no setting")]
    public void What_does_not_fit_together_is_an_error_that_says_what(string yaml, string told) =>
        Assert.Contains(told, Refused(yaml), StringComparison.Ordinal);

    [Theory]
    [InlineData("westeurope")]
    [InlineData("uksouth")]
    public void A_cluster_in_a_region_that_a_contract_does_not_allow_for_captures_is_refused(string region)
    {
        var settings = Load(Good.Replace("eastus", region, StringComparison.Ordinal));
        var refused = Assert.ThrowsAny<PipelineException>(() => KafkaConnection.Open(settings.Kafka, PublishedContracts.All));
        Assert.IsType<PolicyException>(refused);
        Assert.Contains($"'{region}'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kafka.example.com:9092", true)]
    [InlineData("127.0.0.1:9092,10.0.0.1:9092", true)]
    [InlineData("127.0.0.1:9092,localhost:9093,[::1]:9094", false)]
    public void Nothing_crosses_in_the_clear(string servers, bool refused)
    {
        var settings = Load(Good.Replace("127.0.0.1:9092", $"'{servers}'", StringComparison.Ordinal));
        var error = Record.Exception(() => KafkaConnection.Open(settings.Kafka, PublishedContracts.All)) as PipelineException;
        Assert.Equal(refused ? ExitCode.RefusedByPolicy : (int?)null, error is null ? null : ExitCode.Of(error));
        var tls = Load(Good.Replace("127.0.0.1:9092", $"'{servers}'", StringComparison.Ordinal) + "  tls: {enabled: true}\n");
        Assert.Equal("ssl", KafkaConnection.Open(tls.Kafka, PublishedContracts.All)!.Properties["security.protocol"]);
    }

    [Fact]
    public void A_broker_that_advertises_another_machine_is_refused_too()
    {
        var connection = KafkaConnection.Open(Load(Good).Kafka, PublishedContracts.All)!;
        connection.CheckBroker("127.0.0.1");
        Assert.IsType<PolicyException>(Assert.ThrowsAny<PipelineException>(() => connection.CheckBroker("kafka.example.com")));
    }

    [Fact]
    public void A_value_that_the_client_library_does_not_take_is_an_error()
    {
        var settings = Load(Good + "  properties: {linger.ms: soon}\n");
        var refused = Assert.ThrowsAny<PipelineException>(() => KafkaConnection.Open(settings.Kafka, PublishedContracts.All));
        Assert.IsType<ConfigurationException>(refused);
        Assert.Contains("kafka.properties", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private PipelineSettings Load(string yaml, params (string Name, string Value)[] environment)
    {
        Write("pipeline.yaml", "stores:\n  us: {path: us}\n  uk: {path: uk}\nkeys: keys\n" + yaml);
        return SettingsLoader.Load(Path.Combine(_folder.FullName, "pipeline.yaml"), null,
            environment.ToDictionary(e => e.Name, e => e.Value));
    }

    private string Refused(string yaml)
    {
        var refused = Assert.ThrowsAny<PipelineException>(() => Load(yaml));
        Assert.IsType<ConfigurationException>(refused);
        return refused.Message;
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.FullName, name), text);
}
