namespace Pipeline.Cli.Settings;

/// <summary>Which properties of librdkafka may be set beside the settings: all but those that a promise depends on, that are settings
/// themselves, or that are secrets.</summary>
internal static class KafkaProperties
{
    private const string Promise = "the program sets it, because what it promises depends on it";
    private const string Trust = "the cluster must be known to be the one that was named";

    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["acks"] = Promise,
        ["request.required.acks"] = Promise,
        ["enable.idempotence"] = Promise,
        ["partitioner"] = Promise,
        ["transactional.id"] = Promise,
        ["enable.auto.commit"] = Promise,
        ["auto.commit.enable"] = Promise,
        ["auto.offset.reset"] = Promise,
        ["enable.auto.offset.store"] = Promise,
        ["allow.auto.create.topics"] = "a topic made on first use has the wrong settings; `pipeline topics` makes it",
        ["delivery.report.only.error"] = Promise,
        ["enable.ssl.certificate.verification"] = Trust,
        ["ssl.endpoint.identification.algorithm"] = Trust,
        ["plugin.library.paths"] = "it loads code into this program",
        ["bootstrap.servers"] = "it is the setting kafka.bootstrap-servers",
        ["metadata.broker.list"] = "it is the setting kafka.bootstrap-servers",
        ["group.id"] = "it is the setting kafka.group",
        ["security.protocol"] = "it follows from kafka.tls and kafka.sasl",
        ["ssl.ca.location"] = "it is the setting kafka.tls.ca",
        ["ssl.certificate.location"] = "it is the setting kafka.tls.certificate",
        ["ssl.key.location"] = "it is the setting kafka.tls.key",
        ["sasl.mechanism"] = "it is the setting kafka.sasl.mechanism",
        ["sasl.mechanisms"] = "it is the setting kafka.sasl.mechanism",
        ["sasl.username"] = "it is the setting kafka.sasl.username",
    };

    /// <summary>Why the property may not be set, or null where it may.</summary>
    public static string? WhyNot(string name) =>
        Refused.TryGetValue(name, out var why) ? why
        : name.Contains("password", StringComparison.Ordinal) || name.Contains("secret", StringComparison.Ordinal)
            || name.EndsWith(".pem", StringComparison.Ordinal) || name is "sasl.oauthbearer.config"
            ? "it holds a secret, and secrets come from the environment or from files of their own: kafka.sasl.password-file, " +
                "kafka.tls.key and kafka.tls.key-password-file name them"
        : null;
}
