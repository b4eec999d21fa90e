using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Push;
using Pipeline.Ingest.Shard;
using Pipeline.Shipper.Seal;

namespace Pipeline.Cli.Settings;

/// <summary>One source of the configuration: files to follow, pushes to take, or both.</summary>
/// <param name="Format">`auto`, or a format's name with its parameters.</param>
/// <param name="Paths">Files, folders and patterns.</param>
public sealed record SourceSettings(string Name, string Format, IReadOnlyList<string> Paths, PushSettings? Push, PushDelivery Delivery)
{
    /// <summary>Where the client's address is; null: the peer is the client.</summary>
    public ClientAddressRule? ClientAddress { get; init; }

    /// <summary>Null: each file's is detected.</summary>
    public ILineFormat? LineFormat => Format == "auto" ? null : LogFormats.Named(Format, ClientAddress);

    /// <summary>A container to follow instead of files.</summary>
    public ContainerSettings? Container { get; init; }
}

/// <summary>Who may push to a source, and what its bodies may leave out.</summary>
public sealed record PushSettings
{
    /// <summary>SHA-256 of each bearer token that is let in, 64 hex digits; none: allowed on loopback and beside client certificates
    /// only.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>SHA-256 of each client certificate that is let in, 64 hex digits in lower case.</summary>
    public IReadOnlyList<string> ClientCertificates { get; init; } = [];

    /// <summary>The columns of W3C bodies that bring no `#Fields`.</summary>
    public string? Fields { get; init; }
}

/// <summary>What the program was told: file, then environment, then options; the later wins. Checked as a whole before anything
/// starts.</summary>
public sealed record PipelineSettings
{
    public string? UsPath { get; init; }
    public string? UsUrl { get; init; }
    public string? UsConnectionFile { get; init; }
    public Secret? UsConnection { get; init; }
    public string? UsRegion { get; init; }
    public string? UkPath { get; init; }
    public string? UkUrl { get; init; }
    public string? UkConnectionFile { get; init; }
    public Secret? UkConnection { get; init; }
    public TimeSpan StoreTimeout { get; init; } = AzureBlobStore.DefaultTimeout;
    public string? UkRegion { get; init; }
    public string? Keys { get; init; }

    /// <summary>Where the names of followed and imported files are kept; null: beside the folder of keys.</summary>
    public string? Names { get; init; }
    public IReadOnlyList<SourceSettings> Sources { get; init; } = [];
    public string PushUrl { get; init; } = "http://127.0.0.1:8080";
    /// <summary>Where health is answered beside <see cref="PushUrl"/>; null: <see cref="DefaultPushHealth"/>, where it is free.</summary>
    public string? PushHealth { get; init; }
    public const string DefaultPushHealth = "http://127.0.0.1:8081";
    public int PushConnections { get; init; } = 512;
    public int PushConnectionsPerAddress { get; init; } = 128;
    public string? PushCertificate { get; init; }
    public string? PushKey { get; init; }
    public long SealBytes { get; init; } = 64 << 20;
    public TimeSpan SealAge { get; init; } = SealPolicy.DefaultAge;
    public long SealBudget { get; init; } = 64 << 20;
    public int FlushPutsPerDay { get; init; }
    public int FlushBurst { get; init; } = 600;
    public TimeSpan Period { get; init; } = TimeSpan.FromMinutes(1);
    /// <summary>Where metrics are served; null: nowhere.</summary>
    public string? MetricsUrl { get; init; }
    public KafkaSettings Kafka { get; init; } = new();

    /// <summary>How often `run` compacts; zero: never.</summary>
    public TimeSpan CompactPeriod { get; init; } = TimeSpan.FromHours(1);

    public TimeSpan CompactGrace { get; init; } = Processor.Compaction.OrphanedSegments.DefaultGrace;

    /// <summary>Reads the files that hold connection strings.</summary>
    public InstallationPlaces Places => new(
        new StorePlace(UsUrl ?? UsPath!, UsRegion, UsUrl is null ? null
            : StoreCredentials.Of("us", UsConnection, UsConnectionFile), StoreTimeout),
        (UkUrl ?? UkPath) is { } uk ? new StorePlace(uk, UkRegion, UkUrl is null ? null
            : StoreCredentials.Of("uk", UkConnection, UkConnectionFile), StoreTimeout) : null, Keys!);

    /// <summary>What this machine knows of a source's file names.</summary>
    public FileNames NamesOf(string source, InstallationKey key) =>
        (Names ?? (Keys is null ? null : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(Keys)))!,
            "names"))) is { } folder
            ? FileNames.Open(folder, source, key.Names()) : new FileNames();

    public SealPolicy Seal => new(SealBytes, SealAge, SealBudget);

    public FlushPolicy Flush => new(FlushPutsPerDay, FlushBurst);
}
