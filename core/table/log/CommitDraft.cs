using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Core.Table.Log;

/// <summary>What a committer wants to write, and what it read to come to that (rule 19).</summary>
public sealed record CommitDraft
{
    public required CommitKind Kind { get; init; }

    /// <summary>Why it was sealed: size, age, start, final, stop.</summary>
    public required string Reason { get; init; }

    /// <summary>Per shard the shipped link that the draft stands on; null: the shard had none.</summary>
    public IReadOnlyDictionary<string, ShippedLink?> ReadShipped { get; init; } = new Dictionary<string, ShippedLink?>();

    /// <summary>Per shard the link of the last capture whose records are in the added segments.</summary>
    public IReadOnlyDictionary<string, Link> NewShipped { get; init; } = new Dictionary<string, Link>();

    public IReadOnlyList<SegmentFile> Add { get; init; } = [];

    /// <summary>Files that must be live when the commit lands.</summary>
    public IReadOnlyList<SegmentFile> Remove { get; init; } = [];

    public IReadOnlyList<ShardTotal> Shards { get; init; } = [];

    public IReadOnlyList<DateTotal> Dates { get; init; } = [];

    /// <summary>Of a withdrawal only: the table's metadata from this commit on.</summary>
    public TableMetadata? Metadata { get; init; }

    /// <summary>Of a withdrawal only: its shard, and the capture that is its receipt; null in the commit that closes it.</summary>
    public (string Shard, long Capture)? Withdraws { get; init; }

    /// <summary>What is wrong with the draft whatever the table holds: null where nothing is. A fault here is a fault of the
    /// caller.</summary>
    public string? Fault()
    {
        var added = Add.Sum(file => file.Rows);
        if (Add.Any(file => file.Rows < 1 || file.Size < 1) || Add.Select(file => file.Path).Distinct().Count() != Add.Count)
        {
            return "every added file has rows and a size, and is named once";
        }
        return Kind switch
        {
            CommitKind.Ship => RowsFault(added) ?? ShipFault(),
            CommitKind.Repair => RowsFault(added) ?? RepairFault(),
            CommitKind.Withdraw => WithdrawFault(added),
            CommitKind.Compact => Shards.Count + Dates.Count + NewShipped.Count > 0 ? "a compaction ships nothing"
                : Remove.Count == 0 || Remove.Any(file => file.Rows < 0) || Remove.Sum(file => file.Rows) != added
                    ? $"a compaction that takes {Remove.Sum(file => file.Rows)} rows and gives {added}"
                : null,
            _ => $"a draft of kind {Kind}",
        };
    }

    private string? RowsFault(long added)
    {
        var byShard = Sums.Of(Shards.Select(shard => shard.Sums));
        var byDate = Sums.Of(Dates.Select(date => date.Sums));
        if (byShard != byDate || byDate.Rows != added || Remove.Count > 0)
        {
            return $"rows by shard {byShard.Rows}, by date {byDate.Rows}, in files {added}, with sums that " +
                $"{(byShard.Hash == byDate.Hash ? "agree" : "differ")}; what brings rows removes nothing";
        }
        var perDate = Add.GroupBy(file => file.Date).ToDictionary(files => files.Key, files => files.Sum(file => file.Rows));
        if (Dates.Select(date => date.Date).Distinct().Count() != Dates.Count
            || Dates.Any(date => perDate.GetValueOrDefault(date.Date) != date.Sums.Rows))
        {
            return "the files of a date hold other rows than its total says";
        }
        return null;
    }

    /// <summary>A withdrawal says what it takes away, in negative totals; the commit that closes it takes nothing.</summary>
    private string? WithdrawFault(long added)
    {
        var (byShard, byDate) = (Sums.Of(Shards.Select(shard => shard.Sums)), Sums.Of(Dates.Select(date => date.Sums)));
        return Metadata is null || NewShipped.Count > 0 || Withdraws is null && Add.Count + Remove.Count + Dates.Count > 0
            ? "a withdrawal without metadata or receipt, or that ships"
            : byShard != byDate || byDate.Rows != added - Remove.Sum(file => file.Rows) || Dates.Any(date => date.Sums.Rows >= 0)
                ? $"a withdrawal of {byShard.Rows} rows by shard, {byDate.Rows} by date, {added - Remove.Sum(file => file.Rows)} in files"
            : null;
    }

    private string? ShipFault()
    {
        foreach (var shard in Shards)
        {
            if (!ReadShipped.TryGetValue(shard.Shard, out var read) || !NewShipped.TryGetValue(shard.Shard, out var link))
            {
                return $"shard {shard.Shard} has a total but no shipped link read and written";
            }
            if (shard.Range.To != link.Number || shard.Range.From > shard.Range.To || shard.Range.From <= (read?.Number ?? -1))
            {
                return $"shard {shard.Shard} ships {shard.Range} over {read?.Number ?? -1} up to {link.Number}";
            }
        }
        return NewShipped.Count == Shards.Count && Shards.Select(shard => shard.Shard).Distinct().Count() == Shards.Count ? null
            : "a shard moves without a total, or twice";
    }

    /// <summary>A repair moves nothing, and lies at or below what is shipped; of one shard it may bring several ranges.</summary>
    private string? RepairFault()
    {
        var last = new Dictionary<string, long>();
        foreach (var shard in Shards)
        {
            if (!ReadShipped.TryGetValue(shard.Shard, out var read) || read is not { } shipped)
            {
                return $"shard {shard.Shard} is repaired and has nothing shipped";
            }
            if (shard.Range.From > shard.Range.To || shard.Range.To > shipped.Number
                || shard.Range.From <= last.GetValueOrDefault(shard.Shard, -1))
            {
                return $"shard {shard.Shard} is repaired at {shard.Range}, with {shipped.Number} shipped, after " +
                    $"{last.GetValueOrDefault(shard.Shard, -1)}";
            }
            last[shard.Shard] = shard.Range.To;
        }
        return NewShipped.Count > 0 ? "a repair moves nothing that is shipped" : Add.Count == 0 ? "a repair that brings nothing" : null;
    }
}
