namespace Pipeline.Cli.Telemetry;

/// <summary>What a metric is to its reader: a count since the start of the process, a value now, or a distribution.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>One metric of this program.</summary>
/// <param name="Name">With dots, as OTLP carries it.</param>
/// <param name="Unit">By UCUM: `s`, `By`, or what is counted, in braces.</param>
/// <param name="Labels">Names of labels. Their values are configuration or a closed list of the code: never what a line, a message or a
/// request holds.</param>
/// <param name="MaxSeries">Maximum number of label sets; further ones are summed under `_other`.</param>
internal sealed record Metric(string Name, MetricKind Kind, string Unit, string[] Labels, int MaxSeries, string Meaning)
{
    /// <summary>The unit in words.</summary>
    public string UnitText => Unit switch { "By" => "bytes", "s" => "seconds", "{state}" => "0 or 1", _ => Unit.Trim('{', '}') + "s" };

    /// <summary>As Prometheus knows it.</summary>
    public string Exported => Name.Replace('.', '_') + (Kind == MetricKind.Counter ? "_total" : "");
}

/// <summary>Every metric there is. `docs/metrics.md` has the same table; a test compares both with what a running program
/// exports.</summary>
internal static class Metrics
{
    /// <summary>The meter's name.</summary>
    public const string Meter = "Pipeline";

    /// <summary>Shards, and sources, that have series of their own; the others of a process share one.</summary>
    public const int MaxNames = 1_000;

    private const int PerName = MaxNames + 1, Few = 64;

    // Lines in.
    public static readonly Metric Captures = Counter("captures", "{capture}", ["shard"], PerName,
        "captures with lines, durable and acknowledged");
    public static readonly Metric CaptureBytes = Counter("capture.bytes", "By", [], 1, "their bytes");
    public static readonly Metric Lines = Counter("lines", "{line}", ["source"], PerName,
        "lines in acknowledged captures: the sum of records, rejections and duplicates");
    public static readonly Metric Records = Counter("records", "{record}", ["dataset"], Few, "records in acknowledged captures");
    public static readonly Metric Rejections = Counter("rejections", "{line}", ["source", "reason"], PerName * 9,
        "lines that became no record, by the first check that failed");
    public static readonly Metric Duplicates = Counter("duplicates", "{line}", ["source"], PerName,
        "lines that a format's rule recognised as rows of one request");
    public static readonly Metric KnownContents = Counter("known.contents", "{file}", [], 1,
        "files that are not read because another source has their content; the log names both");
    public static readonly Metric Notes = Counter("notes", "{event}", ["source", "note"], PerName * 7,
        "what rejects nothing: bad-id and long-id, what may be a loss, push-gap, push-other-body, truncated and edited, and lines that " +
            "may be doubled, rewound");
    public static readonly Metric Pushes = Counter("push.requests", "{request}", ["status"], Few,
        "requests for /v1/lines by the status they were answered with; 0: the client was gone");
    public static readonly Metric StoppedShards = Counter("stopped_shards", "{shard}", ["reason"], 4,
        "shards of this process that stopped while the others go on; the log names them");
    public static readonly Metric Fenced = Counter("fenced", "{event}", [], 1,
        "a newer process has a shard of this one, which stops hosting that shard");
    public static readonly Metric LoginsRefused = Counter("push.refused.logins", "{request}", ["error"], Few,
        "pushes answered with 401 or 403, by the code of the answer");
    public static readonly Metric ConnectionsCut = Counter("push.cut.connections", "{connection}", ["reason"], Few,
        "connections to the push endpoint that were cut: full, displaced (made room before a login), no-login (none in time)");

    // Kafka, the fast path.
    public static readonly Metric Published = Counter("published.captures", "{capture}", [], 1, "captures that the brokers confirmed");
    public static readonly Metric PublishedBytes = Counter("published.bytes", "By", [], 1, "their bytes");
    public static readonly Metric Skipped = Counter("skipped.publications", "{capture}", ["reason"], Few,
        "captures that were not published, which catch-up ships");
    public static readonly Metric PublishQueue = Gauge("publish.queue.bytes", "By", [], 1,
        "bytes of captures that wait for the brokers' answer");
    public static readonly Metric Producers = Counter("producer.restarts", "{event}", [], 1, "producers that broke and were replaced");
    public static readonly Metric BrokerUp = Gauge("broker.up", "{state}", [], 1,
        "1: this shipper's topic can be reached; 0: it cannot, or there is no Kafka");
    public static readonly Metric Partitions = Gauge("partitions.assigned", "{partition}", [], 1,
        "partitions that the group gave to this shipper");
    public static readonly Metric SetAside = Counter("set.aside", "{message}", ["reason"], Few, "messages that were left where they lie");

    // Captures out.
    public static readonly Metric LagCaptures = Gauge("lag.captures", "{capture}", ["shard", "dataset"], PerName * 8,
        "from the last shipped capture to the newest one known that has records of the dataset");
    public static readonly Metric LagRecords = Gauge("lag.records", "{record}", ["shard", "dataset"], PerName * 8,
        "records known to be captured and not in the table; of captures seen by their head alone, none");
    public static readonly Metric LagSeconds = Gauge("lag.seconds", "s", ["shard", "dataset"], PerName * 8,
        "for how long the oldest capture known to be unshipped has been known; 0: nothing is unshipped");
    public static readonly Metric Freshness = new("pipeline.freshness.seconds", MetricKind.Histogram, "s", ["dataset"], Few,
        "from captured, or first known of, to in the table, once a capture");
    public static readonly Metric Taken = Counter("taken.captures", "{capture}", ["dataset", "from"], Few,
        "captures that a table took into memory, from the topic or from the store; beside Kafka, `store` is what catch-up brought");
    public static readonly Metric Commits = Counter("commits", "{commit}", ["dataset", "reason"], Few, "commits, by why they were sealed");
    public static readonly Metric Shipped = Counter("shipped.records", "{record}", ["dataset"], Few, "records committed");
    public static readonly Metric Segments = Counter("segments", "{segment}", ["dataset"], Few, "segments committed");
    public static readonly Metric SegmentBytes = Counter("segment.bytes", "By", ["dataset"], Few, "their bytes");
    public static readonly Metric Conflicts = Counter("conflicts", "{commit}", ["dataset"], Few,
        "commits that found a shard moved by another shipper");
    public static readonly Metric Gaps = Counter("gaps", "{gap}", ["dataset"], Few,
        "runs of captures that had not come when a later one did");
    public static readonly Metric Repairs = Counter("repairs", "{capture}", ["dataset"], Few,
        "captures that lay in such a gap, and were to be read from the store");
    public static readonly Metric Forks = Counter("forks", "{shard}", [], 1, "shards that were stopped by a fork; the log names them");
    public static readonly Metric Damaged = Counter("damaged", "{shard}", [], 1,
        "shards that were stopped by a damaged object; the log names it");
    public static readonly Metric BacklogBytes = Gauge("backlog.bytes", "By", ["dataset"], Few,
        "bytes of frames in memory that wait for their commit");
    public static readonly Metric BacklogCaptures = Gauge("backlog.captures", "{capture}", ["dataset"], Few,
        "captures that these frames are of");

    // Stores.
    public static readonly Metric StoreRequests = Counter("store.requests", "{request}", ["store", "operation", "outcome"], 2 * 7 * 7,
        "requests to a store and how they ended");
    public static readonly Metric StoreOutage = Gauge("store.outage.seconds", "s", ["store"], Few,
        "for how long a store has answered nothing but faults; 0: its last answer was none");

    public static IReadOnlyList<Metric> All { get; } =
    [
        Captures, CaptureBytes, Lines, Records, Rejections, Duplicates, KnownContents, Notes, Pushes, LoginsRefused, ConnectionsCut, Fenced,
            StoppedShards,
        Published, PublishedBytes, Skipped, PublishQueue, Producers, BrokerUp, Partitions, SetAside,
        LagCaptures, LagRecords, LagSeconds, Freshness, Taken, Commits, Shipped, Segments, SegmentBytes, Conflicts, Gaps, Repairs, Forks,
            Damaged, BacklogBytes, BacklogCaptures,
        StoreRequests, StoreOutage,
    ];

    private static Metric Counter(string name, string unit, string[] labels, int most, string meaning) =>
        new("pipeline." + name, MetricKind.Counter, unit, labels, most, meaning);

    private static Metric Gauge(string name, string unit, string[] labels, int most, string meaning) =>
        new("pipeline." + name, MetricKind.Gauge, unit, labels, most, meaning);
}
