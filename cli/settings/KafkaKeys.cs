using System.Globalization;
using Pipeline.Core.Store;

namespace Pipeline.Cli.Settings;

/// <summary>The scalar settings of Kafka. `kafka.properties`, a map, is read by <see cref="SettingsFile"/>.</summary>
internal static class KafkaKeys
{
    public const string Properties = "kafka.properties";

    public static IReadOnlyList<SettingKey> All { get; } =
    [
        Text("kafka.bootstrap-servers", "", "host:port, comma separated",
            "without it there is no Kafka, and shippers find captures in the store", (k, v) => IsServers(v)
            ? k with { BootstrapServers = v } : null),
        Text("kafka.topic", "", "1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'", "one topic per capture store", (k, v) => IsTopic(v)
            ? k with { Topic = v } : null),
        Text("kafka.region", "", "a region that the contracts allow for captures, such as us or eastus",
            "another region is refused: the topic holds what the captures hold", (k, v) => k with { Region = v }),
        Text("kafka.group", "pipeline-ship", "a name", "shippers of one group share the partitions", (k, v) => k with { Group = v }),
        Text("kafka.partitions", "12", "a number, 1 to 10000", "more: more shippers side by side; never fewer than before", (k, v) =>
            Number(v, 10_000) is { } n ? k with { Partitions = n } : null),
        Text("kafka.replication", "3", "a number, 1 to 7", "copies of each partition; one less must confirm a write", (k, v) =>
            Number(v, 7) is { } n ? k with { Replication = n } : null),
        Text("kafka.tls.enabled", "false", "true or false", "true without kafka.tls.ca: the machine's own authorities are trusted",
            (k, v) => v is "true" or "false" ? k with { TlsEnabled = v == "true" } : null),
        Path("kafka.tls.ca", "the authority that signed the brokers' certificates", (k, v) => k with { TlsCa = v }),
        Path("kafka.tls.certificate", "this client's certificate, for mTLS", (k, v) => k with { TlsCertificate = v }),
        Path("kafka.tls.key", "the key of kafka.tls.certificate", (k, v) => k with { TlsKey = v }),
        Hidden("kafka.tls.key-password", "opens kafka.tls.key", (k, v) => k with { TlsKeyPassword = v }),
        Path("kafka.tls.key-password-file", "its content opens kafka.tls.key", (k, v) => k with { TlsKeyPasswordFile = v }, "a file"),
        Text("kafka.sasl.mechanism", "", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or GSSAPI", "how this client says who it is",
            (k, v) => v is "PLAIN" or "SCRAM-SHA-256" or "SCRAM-SHA-512" or "GSSAPI" ? k with { SaslMechanism = v } : null),
        Text("kafka.sasl.username", "", "a name", "who this client is", (k, v) => k with { SaslUsername = v }),
        Hidden("kafka.sasl.password", "proves who this client is", (k, v) => k with { SaslPassword = v }),
        Path("kafka.sasl.password-file", "its content proves who this client is", (k, v) => k with { SaslPasswordFile = v }, "a file"),
    ];

    /// <summary>What is wrong between these settings, one sentence each.</summary>
    public static IEnumerable<string> Relations(KafkaSettings kafka)
    {
        if (kafka != new KafkaSettings { Properties = kafka.Properties } || kafka.Properties.Count > 0)
        {
            foreach (var (name, value) in new[] { ("kafka.bootstrap-servers", kafka.BootstrapServers), ("kafka.topic", kafka.Topic),
                ("kafka.region", kafka.Region) }.Where(s => s.Item2 is null))
            {
                yield return $"{name} is not set, other settings of Kafka are; expected {SettingKeys.Find(name)!.Range}.";
            }
        }
        if (kafka.TlsCertificate is null != kafka.TlsKey is null)
        {
            yield return $"kafka.tls.certificate and kafka.tls.key are set together or not at all; found " +
                $"{(kafka.TlsKey is null ? "the certificate" : "the key")} alone.";
        }
        if (kafka.TlsKeyPassword is not null && kafka.TlsKeyPasswordFile is not null)
        {
            yield return "kafka.tls.key-password and kafka.tls.key-password-file are both set; expected one.";
        }
        if (kafka.SaslPassword is not null && kafka.SaslPasswordFile is not null)
        {
            yield return "kafka.sasl.password and kafka.sasl.password-file are both set; expected one.";
        }
        var hasPassword = kafka.SaslPassword is not null || kafka.SaslPasswordFile is not null;
        if (kafka.SaslMechanism is null && (kafka.SaslUsername is not null || hasPassword))
        {
            yield return $"kafka.sasl.mechanism is not set, a user or password is; expected " +
                $"{SettingKeys.Find("kafka.sasl.mechanism")!.Range}.";
        }
        if (kafka.SaslMechanism is "PLAIN" or "SCRAM-SHA-256" or "SCRAM-SHA-512" && (kafka.SaslUsername is null || !hasPassword))
        {
            yield return $"kafka.sasl.mechanism {kafka.SaslMechanism} needs kafka.sasl.username and a password: " +
                $"kafka.sasl.password-file, or the environment variable {SettingKeys.Find("kafka.sasl.password")!.Environment}.";
        }
    }

    private static bool IsServers(string text) => text.Split(',').All(s => s.LastIndexOf(':') is var at and > 0
        && int.TryParse(s.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65_536
        && !s.Any(c => char.IsWhiteSpace(c) || c is '/' or '@'));

    private static bool IsTopic(string text) => text.Length <= 249 && text is not ("." or "..")
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static int? Number(string text, int most) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n)
        && n >= 1 && n <= most ? n : null;

    private static SettingKey Text(string name, string standard, string range, string consequence, Func<KafkaSettings, string,
        KafkaSettings?> apply) =>
        new(name, standard, range, consequence, (settings, value) => value.Length > 0 && apply(settings.Kafka, value) is { } kafka
            ? settings with { Kafka = kafka } : null);

    private static SettingKey Path(string name, string consequence, Func<KafkaSettings, string, KafkaSettings?> apply,
        string range = "a PEM file") => Text(name, "", range, consequence, apply) with { IsPath = true };

    private static SettingKey Hidden(string name, string consequence, Func<KafkaSettings, Secret, KafkaSettings?> apply) =>
        Text(name, "", "a password", consequence, (kafka, value) => apply(kafka, new Secret(value))) with { IsSecret = true };
}
