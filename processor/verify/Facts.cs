using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>What the walk over one shard's captures found.</summary>
internal sealed record ShardFacts
{
    public required string Shard { get; init; }
    public long? First { get; init; }
    public long? Head { get; init; }
    public long Captures { get; init; }
    public long Snapshots { get; init; }
    public ReadTotals Totals { get; init; } = new();
    /// <summary>The sha256 of every contract that a capture names.</summary>
    public IReadOnlyCollection<string> Contracts { get; init; } = [];
    /// <summary>The newest capture, where it could be read.</summary>
    public Link? HeadLink { get; init; }
    public IReadOnlyDictionary<string, DatasetFacts> Datasets { get; init; } = new Dictionary<string, DatasetFacts>();
    /// <summary>Dataset → the rows that the shard's withdrawals take away, and their sum.</summary>
    public IReadOnlyDictionary<string, Sums> Withdrawn { get; init; } = new Dictionary<string, Sums>();
    public IReadOnlyList<Fork> Forks { get; init; } = [];
    public IReadOnlyList<ReportedRange> Missing { get; init; } = [];
    public Findings Findings { get; init; } = new();
    /// <summary>The newest snapshot that was compared and found right.</summary>
    public VerifiedShard? Through { get; init; }
}

/// <summary>One dataset of one shard: what was captured in all, and what lies above everything that the table has shipped.</summary>
internal sealed record DatasetFacts(Tally Captured, Tally Pending, CaptureRange? PendingRange);

/// <summary>What the table's log, and its files, were found to be.</summary>
internal sealed record TableFacts
{
    public required string Dataset { get; init; }
    public required long Version { get; init; }
    public required IReadOnlyDictionary<string, Tally> ShippedByShard { get; init; }
    /// <summary>Shard → the rows that withdrawals took out of the table, and their sum.</summary>
    public IReadOnlyDictionary<string, Sums> WithdrawnByShard { get; init; } = new Dictionary<string, Sums>();
    public long Files { get; init; }
    public long Bytes { get; init; }
    public long Rows { get; init; }
    /// <summary>What Parquet itself holds; null where it was not read.</summary>
    public Sums? Read { get; init; }
    public long Unreferenced { get; init; }
    /// <summary>What a restore took back and no repair brought again.</summary>
    public IReadOnlyList<ReportedRange> Undone { get; init; } = [];
    /// <summary>The sha256 of every contract that an entry names.</summary>
    public IReadOnlyCollection<string> Contracts { get; init; } = [];
    public Findings Findings { get; init; } = new();

    /// <param name="read">Sums of the rows that Parquet itself holds, over all dates; null where it was not read.</param>
    /// <param name="findings">Those of the walk; the fold's own are added.</param>
    /// <param name="unreferenced">Segments that no live entry names.</param>
    public static TableFacts Of(TableFold fold, Findings findings, Sums? read, long unreferenced) => new()
    {
        Dataset = fold.Dataset, Version = fold.Version, ShippedByShard = fold.Ledgers.ToDictionary(l => l.Key, l => l.Value.Total),
        WithdrawnByShard = fold.Withdrawn, Files = fold.Live.Count, Bytes = fold.Live.Values.Sum(file => file.Size),
            Rows = fold.Live.Values.Sum(file => Math.Max(0, file.Rows)),
        Read = read, Unreferenced = unreferenced, Contracts = fold.Contracts, Findings = findings,
        Undone = [.. fold.Ledgers.SelectMany(ledger => ledger.Value.Uncovered()
            .Select(undone => new ReportedRange(fold.Dataset, ledger.Key, undone.Range.From, undone.Range.To, undone.Tally.Sums.Rows)))],
    };
}
