using Pipeline.Core.Store;

namespace Pipeline.Cli.Settings;

/// <summary>Where the topic of the capture store is and how it is reached, as it was told. <see cref="KafkaConnection"/> checks it before
/// it is used.</summary>
public sealed record KafkaSettings
{
    /// <summary>`host:port`, comma separated; null: no Kafka.</summary>
    public string? BootstrapServers { get; init; }

    public string? Topic { get; init; }

    /// <summary>The declared region of the cluster, which the contracts must allow for captures.</summary>
    public string? Region { get; init; }

    /// <summary>The consumer group of the shippers.</summary>
    public string Group { get; init; } = "pipeline-ship";

    public int Partitions { get; init; } = 12;

    public int Replication { get; init; } = 3;

    public bool TlsEnabled { get; init; }
    public string? TlsCa { get; init; }
    public string? TlsCertificate { get; init; }
    public string? TlsKey { get; init; }
    public Secret? TlsKeyPassword { get; init; }
    public string? TlsKeyPasswordFile { get; init; }

    public string? SaslMechanism { get; init; }
    public string? SaslUsername { get; init; }
    public Secret? SaslPassword { get; init; }
    public string? SaslPasswordFile { get; init; }

    /// <summary>Handed on to librdkafka as they are; none that a promise depends on.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    public bool IsConfigured => BootstrapServers is not null;

    public bool HasTls => TlsEnabled || TlsCa is not null || TlsCertificate is not null;
}
