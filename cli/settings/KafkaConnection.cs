using System.Net;
using Confluent.Kafka;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;

namespace Pipeline.Cli.Settings;

/// <summary>
/// How the cluster is reached, after it was checked: its region is one that every contract allows for captures, nothing crosses in the
/// clear (promise 4), secrets are read, and the
/// client library takes every property. Whoever speaks to Kafka gets what it needs from here.
/// </summary>
public sealed class KafkaConnection
{
    private KafkaConnection(KafkaSettings settings, Dictionary<string, string> properties) =>
        (Settings, Properties) = (settings, properties);

    public KafkaSettings Settings { get; }

    public string Topic => Settings.Topic!;

    public string Group => Settings.Group;

    /// <summary>Properties for a producer, a consumer or an admin client of librdkafka. They hold secrets: print none.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; }

    /// <summary>The connection, or null where the settings name no cluster.</summary>
    /// <exception cref="PipelineException">4: region or plaintext refused. 78: a secret or certificate cannot be read, or a property is
    /// unknown.</exception>
    public static KafkaConnection? Open(KafkaSettings settings, IReadOnlyList<Contract> contracts)
    {
        if (!settings.IsConfigured)
        {
            return null;
        }
        CheckRegion(settings, contracts);
        if (!settings.HasTls)
        {
            foreach (var server in settings.BootstrapServers!.Split(','))
            {
                CheckLoopback(server[..server.LastIndexOf(':')], "kafka.bootstrap-servers");
            }
        }
        var properties = Build(settings);
        try
        {
            // Makes the client and reads the certificates; connects to nothing that it waits for.
            using var client = new AdminClientBuilder(properties).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new ConfigurationException(
                $"Kafka: the settings are not usable: {e.Message} Correct kafka.tls, kafka.sasl or kafka.properties.", e);
        }
        return new KafkaConnection(settings, properties);
    }

    /// <summary>Without TLS, a broker that is not on this machine is refused; the brokers' own names count too, because those are what a
    /// client connects to.</summary>
    /// <exception cref="PipelineException">4</exception>
    public void CheckBroker(string host)
    {
        if (!Settings.HasTls)
        {
            CheckLoopback(host, "an advertised listener");
        }
    }

    private static void CheckRegion(KafkaSettings settings, IReadOnlyList<Contract> contracts)
    {
        var region = StoreResidency.Normalize(settings.Region!);
        foreach (var contract in contracts.Where(c => !c.Residency.CaptureRegions.Contains(region, StringComparer.Ordinal)))
        {
            throw new PolicyException(
                $"The Kafka cluster {settings.BootstrapServers} lies in the region '{region}', which the contract of {contract.Dataset} " +
                $"does not allow for captures: expected one of {string.Join(", ", contract.Residency.CaptureRegions)}. Use a cluster in " +
                $"one of these.");
        }
    }

    private static void CheckLoopback(string host, string where)
    {
        var bare = host.Trim('[', ']');
        if (bare != "localhost" && !(IPAddress.TryParse(bare, out var address) && IPAddress.IsLoopback(address)))
        {
            throw new PolicyException(
                $"Kafka: {where} names {host}, which is not this machine, and there is no TLS: captures would cross in the clear. Set " +
                $"kafka.tls.ca, or kafka.tls.enabled: true where the machine's own authorities sign the brokers.");
        }
    }

    private static Dictionary<string, string> Build(KafkaSettings settings)
    {
        var properties = new Dictionary<string, string>(settings.Properties, StringComparer.Ordinal);
        void Set(string name, string? value)
        {
            if (value is not null)
            {
                properties[name] = value;
            }
        }
        Set("bootstrap.servers", settings.BootstrapServers);
        properties.TryAdd("client.id", "pipeline");
        Set("security.protocol", (settings.HasTls, settings.SaslMechanism) switch { (true, null) => "ssl", (true, _) =>
            "sasl_ssl", (false, null) => "plaintext", _ => "sasl_plaintext" });
        Set("ssl.ca.location", Readable(settings.TlsCa, "kafka.tls.ca"));
        Set("ssl.certificate.location", Readable(settings.TlsCertificate, "kafka.tls.certificate"));
        Set("ssl.key.location", Readable(settings.TlsKey, "kafka.tls.key"));
        Set("ssl.key.password", settings.TlsKeyPassword?.Reveal() ?? Content(settings.TlsKeyPasswordFile, "kafka.tls.key-password-file"));
        Set("sasl.mechanisms", settings.SaslMechanism);
        Set("sasl.username", settings.SaslUsername);
        Set("sasl.password", settings.SaslPassword?.Reveal() ?? Content(settings.SaslPasswordFile, "kafka.sasl.password-file"));
        return properties;
    }

    private static string? Readable(string? file, string setting)
    {
        _ = Content(file, setting);
        return file;
    }

    private static string? Content(string? file, string setting)
    {
        if (file is null)
        {
            return null;
        }
        try
        {
            return File.ReadAllText(file).TrimEnd('\r', '\n') is { Length: > 0 } text ? text
                : throw new ConfigurationException($"{setting}: {file} is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{setting}: {file} cannot be read ({e.GetType().Name}). Name a file that this user may read.",
                e);
        }
    }
}
