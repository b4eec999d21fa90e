namespace Pipeline.Cli.Settings;

/// <summary>
/// The properties of librdkafka that the configuration may set: those in a list, which change speed, sizes and waits. What is not in the
/// list is refused, because other properties load code, run commands, weaken TLS, or break what the program promises.
/// </summary>
internal static class KafkaProperties
{
    private const string Promise = "the program sets it, because what it promises depends on it";
    private const string Trust = "the cluster must be known to be the one that was named";

    private static readonly HashSet<string> Allowed = new(StringComparer.Ordinal)
    {
        "client.id", "client.rack", "client.dns.lookup", "broker.address.family", "broker.address.ttl", "debug", "statistics.interval.ms",
        "message.max.bytes", "message.copy.max.bytes", "receive.message.max.bytes", "max.in.flight.requests.per.connection",
        "max.in.flight",
        "topic.metadata.refresh.interval.ms", "topic.metadata.refresh.fast.interval.ms", "topic.metadata.propagation.max.ms",
        "metadata.max.age.ms", "socket.timeout.ms", "socket.send.buffer.bytes", "socket.receive.buffer.bytes", "socket.keepalive.enable",
        "socket.nagle.disable", "socket.max.fails", "socket.connection.setup.timeout.ms", "connections.max.idle.ms",
        "reconnect.backoff.ms", "reconnect.backoff.max.ms", "retry.backoff.ms", "retry.backoff.max.ms", "ssl.crl.location",
        "sasl.kerberos.service.name", "sasl.kerberos.principal", "sasl.kerberos.keytab",
        "linger.ms", "queue.buffering.max.ms", "queue.buffering.max.messages", "queue.buffering.max.kbytes",
        "queue.buffering.backpressure.threshold", "batch.num.messages", "batch.size", "compression.codec", "compression.type",
        "compression.level", "delivery.timeout.ms", "message.timeout.ms", "request.timeout.ms", "message.send.max.retries", "retries",
        "session.timeout.ms", "heartbeat.interval.ms", "max.poll.interval.ms", "coordinator.query.interval.ms", "group.instance.id",
        "fetch.wait.max.ms", "fetch.queue.backoff.ms", "fetch.error.backoff.ms", "fetch.message.max.bytes", "max.partition.fetch.bytes",
        "fetch.max.bytes", "fetch.min.bytes", "queued.min.messages", "queued.max.messages.kbytes",
    };

    /// <summary>Why a property that operators are likely to look for is not in the list.</summary>
    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
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
        ["ssl.engine.location"] = "it loads code into this program",
        ["ssl.providers"] = "it loads code into this program",
        ["sasl.kerberos.kinit.cmd"] = "it runs a command",
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
        Allowed.Contains(name) ? null
        : Reasons.TryGetValue(name, out var why) ? why
        : name.Contains("password", StringComparison.Ordinal) || name.Contains("secret", StringComparison.Ordinal)
            || name.EndsWith(".pem", StringComparison.Ordinal) || name is "sasl.oauthbearer.config"
            ? "it holds a secret, and secrets come from the environment or from files of their own: kafka.sasl.password-file, " +
                "kafka.tls.key and kafka.tls.key-password-file name them"
        : "it is not one of the properties that may be set; docs/runbooks/kafka.md names their kinds";
}
