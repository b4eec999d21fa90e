using System.Globalization;
using Pipeline.Core.Store;

namespace Pipeline.Cli.Settings;

/// <summary>One scalar setting, as the file and the environment name it.</summary>
/// <param name="Name">Its place in the file: `seal.bytes`. In the environment: PIPELINE__SEAL__BYTES.</param>
/// <param name="Default">As it would be written; empty: none.</param>
/// <param name="Range">Unit and range, for errors.</param>
/// <param name="Consequence">What a larger or smaller value does.</param>
/// <param name="Apply">The settings with this value, or null where it is not in the range.</param>
internal sealed record SettingKey(string Name, string Default, string Range, string Consequence, Func<PipelineSettings, string,
    PipelineSettings?> Apply)
{
    /// <summary>A path: relative to the file that names it.</summary>
    public bool IsPath { get; init; }

    /// <summary>A secret: taken from the environment only, an error in the file, and shown nowhere.</summary>
    public bool IsSecret { get; init; }

    public string Environment => SettingsLoader.Prefix + Name.ToUpperInvariant().Replace(".", "__", StringComparison.Ordinal)
        .Replace('-', '_');
}

/// <summary>Every scalar setting there is.</summary>
internal static class SettingKeys
{
    public static IReadOnlyList<SettingKey> All { get; } =
    [
        PathOf("stores.us.path", "", "a directory", "the capture store", (s, v) => s with { UsPath = v }),
        Text("stores.us.url", "", "https://ACCOUNT.blob.core.windows.net/CONTAINER",
            "the capture store, where it is in Azure and not a directory", (s, v) => s with { UsUrl = v }),
        PathOf("stores.us.connection-string-file", "", "a file",
            "opens the container by a connection string; without one the identity of the process does", (s, v) =>
            s with { UsConnectionFile = v }),
        Text("stores.us.connection-string", "", "a connection string, in the environment only",
            "opens the container; without one the identity of the process does", (s, v) =>
            s with { UsConnection = new Secret(v) }) with { IsSecret = true },
        Text("stores.us.region", "", "a region that the contracts allow, such as us or eastus",
            "another region than the store was made in is refused", (s, v) => s with { UsRegion = v }),
        PathOf("stores.uk.path", "", "a directory", "the table store", (s, v) => s with { UkPath = v }),
        Text("stores.uk.url", "", "https://ACCOUNT.blob.core.windows.net/CONTAINER",
            "the table store, where it is in Azure and not a directory", (s, v) => s with { UkUrl = v }),
        PathOf("stores.uk.connection-string-file", "", "a file",
            "opens the container by a connection string; without one the identity of the process does", (s, v) =>
            s with { UkConnectionFile = v }),
        Text("stores.uk.connection-string", "", "a connection string, in the environment only",
            "opens the container; without one the identity of the process does", (s, v) =>
            s with { UkConnection = new Secret(v) }) with { IsSecret = true },
        Text("stores.uk.region", "", "a region that the contracts allow, such as uk or uksouth",
            "another region than the store was made in is refused", (s, v) => s with { UkRegion = v }),
        Span("stores.timeout", "30s", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1),
            "what a request to Azure may take beside a second for each MB that it sends; shorter: an outage is seen sooner", (s, v) =>
            s with { StoreTimeout = v }),
        PathOf("keys", "", "a directory outside both stores", "holds the installation's key; lost, rows cannot be verified", (s, v) =>
            s with { Keys = v }),
        PathOf("names", "", "a directory outside both stores; `names` beside the folder of keys where it is not set",
            "holds the names of the files that this machine reads; lost, reports name files by their identity", (s, v) =>
            s with { Names = v }),
        Text("push.url", "http://127.0.0.1:8080", "http://127.0.0.1:PORT, or https://ADDRESS:PORT",
            "where pushes are taken; plain http on loopback only", (s, v) => s with { PushUrl = v }),
        Text("push.health", PipelineSettings.DefaultPushHealth, "http://127.0.0.1:PORT, or off",
            "where /healthz and /readyz are answered beside push.url, whatever clients do there", (s, v) => s with { PushHealth = v }),
        Number("push.connections", "512", 16, 65_536, "connections at once; at the limit those that have not logged in make room",
            (s, v) => s with { PushConnections = v }),
        Number("push.connections-per-address", "128", 2, 65_536,
            "the same of one client address, half of them before a login; for a proxy: more",
            (s, v) => s with { PushConnectionsPerAddress = v }),
        PathOf("push.certificate", "", "a PEM file", "the certificate for https, and its chain behind it; read again when it changes",
            (s, v) => s with { PushCertificate = v }),
        PathOf("push.key", "", "a PEM file", "the certificate's key, where it is not in the same file", (s, v) => s with { PushKey = v }),
        Bytes("seal.bytes", "64MiB", 1 << 20, 256 << 20, "larger: fewer and larger segments, more memory", (s, v) =>
            s with { SealBytes = v }),
        Span("seal.age", "5m", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), "shorter: fresher tables, more log entries", (s, v) =>
            s with { SealAge = v }),
        Bytes("seal.budget", "64MiB", 1 << 20, 1 << 30, "the most bytes of frames in memory; not below seal.bytes", (s, v) =>
            s with { SealBudget = v }),
        Number("flush.puts-per-day", "0", 0, 10_000_000, "requests a day and shard, 0: unlimited; fewer: acknowledgements wait longer",
            (s, v) => s with { FlushPutsPerDay = v }, v => v is 0 or >= 1_440, "0 or 1440 to 10000000 requests a day"),
        Number("flush.burst", "600", 1, 100_000, "captures that may follow at once before puts-per-day is felt", (s, v) =>
            s with { FlushBurst = v }),
        Span("compact.period", "1h", TimeSpan.Zero, TimeSpan.FromHours(168),
            "how often `run` merges small segments, 0s: never; longer: more files for readers to open, fewer rows rewritten", (s, v) =>
            s with { CompactPeriod = v }),
        Span("compact.grace", "168h", TimeSpan.FromSeconds(1), TimeSpan.FromHours(8760),
            "how long segments that a compaction replaced stay; shorter: readers of older versions fail sooner", (s, v) =>
            s with { CompactGrace = v }),
        Span("period", "1m", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1),
            "how often a shipper looks at every shard; shorter: more requests", (s, v) => s with { Period = v }),
        Text("metrics.url", "", "http://127.0.0.1:PORT, or https://ADDRESS:PORT with the certificate of push",
            "where `run`, `ingest` and `ship` serve /metrics; without it nowhere", (s, v) => s with { MetricsUrl = v }),
        .. KafkaKeys.All,
    ];

    public static SettingKey? Find(string name) => All.FirstOrDefault(key => key.Name == name);

    /// <summary>"64MiB", "1GB", "1048576".</summary>
    public static long? ParseBytes(string text)
    {
        ReadOnlySpan<(string Unit, long Factor)> units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("kB", 1_000),
            ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1), ("", 1)];
        foreach (var (unit, factor) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal))
            {
                return long.TryParse(text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
                    out var n) && n < 1L << 33 ? n * factor : null;
            }
        }
        return null;
    }

    /// <summary>"30s", "5m", "1h", "500ms".</summary>
    public static TimeSpan? ParseSpan(string text)
    {
        ReadOnlySpan<(string Unit, double Seconds)> units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];
        foreach (var (unit, seconds) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal))
            {
                return int.TryParse(text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
                    out var n) ? TimeSpan.FromSeconds(n * seconds) : null;
            }
        }
        return null;
    }

    private static SettingKey Text(string name, string standard, string range, string consequence, Func<PipelineSettings, string,
        PipelineSettings> apply) =>
        new(name, standard, range, consequence, (settings, value) => value.Length > 0 ? apply(settings, value) : null);

    private static SettingKey PathOf(string name, string standard, string range, string consequence, Func<PipelineSettings, string,
        PipelineSettings> apply) => Text(name, standard, range, consequence, apply) with { IsPath = true };

    private static SettingKey Bytes(string name, string standard, long least, long most, string consequence, Func<PipelineSettings, long,
        PipelineSettings> apply) =>
        new(name, standard, $"bytes, {least >> 20}MiB to {most >> 20}MiB", consequence, (settings, value) => ParseBytes(value) is { } n
            && n >= least && n <= most ? apply(settings, n) : null);

    private static SettingKey Span(string name, string standard, TimeSpan least, TimeSpan most, string consequence, Func<PipelineSettings,
        TimeSpan, PipelineSettings> apply) =>
        new(name, standard, $"a time with its unit, {least.TotalSeconds}s to {most.TotalHours}h", consequence, (settings, value) =>
            ParseSpan(value) is { } t && t >= least && t <= most ? apply(settings, t) : null);

    private static SettingKey Number(string name, string standard, int least, int most, string consequence, Func<PipelineSettings, int,
        PipelineSettings> apply, Func<int, bool>? valid = null, string? range = null) =>
        new(name, standard, range ?? $"a number, {least} to {most}", consequence,
            (settings, value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= least && n <= most
                && valid?.Invoke(n) != false ? apply(settings, n) : null);
}
