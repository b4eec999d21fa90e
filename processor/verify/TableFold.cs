using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table;

namespace Pipeline.Processor.Verify;

/// <summary>
/// A table's log, entry by entry: the chain, the two marginals of every commit, the live files. Pure; does not stop at a fault but names it and goes on,
/// since whoever restores a table needs all of them.
/// </summary>
internal sealed class TableFold(Contract contract, string captureStore, string kid, string where, Func<string, long> standsFrom)
{
    private readonly Dictionary<string, SegmentFile> _live = new(StringComparer.Ordinal);
    private readonly SortedDictionary<UtcDay, Sums> _dates = [];
    private readonly SortedDictionary<string, ShardLedger> _ledgers = new(StringComparer.Ordinal);
    private readonly List<string> _differences = [];
    private Sha256? _below;
    private TableMetadata? _metadata;
    private TableProtocol? _protocol;
    private TableCommit? _changedBy;

    public string Dataset => contract.Dataset;

    public long Version { get; private set; } = -1;

    public IReadOnlyDictionary<string, SegmentFile> Live => _live;

    /// <summary>Per date, what all commits together say that they brought.</summary>
    public IReadOnlyDictionary<UtcDay, Sums> Dates => _dates;

    public IReadOnlyDictionary<string, ShardLedger> Ledgers => _ledgers;

    public List<string> Differences => _differences;

    /// <summary>Folds the next entry in. Its added files have their rows, from their footers where the log does not tell; −1 where those are gone too.</summary>
    /// <exception cref="PipelineException">78: it was written with another key or for another capture store (rules 9 and 28).</exception>
    public void Apply(TableCommit entry)
    {
        if (entry.Metadata is not null || entry.Protocol is not null)
        {
            (_metadata, _protocol, _changedBy) = (entry.Metadata ?? _metadata, entry.Protocol ?? _protocol, entry.Foreign ? entry : null);
        }
        CheckOrigin(entry);
        CheckMarginals(entry);
        Ship(entry);
        Fold(entry);
        _below = entry.Hash;
        Version = entry.Version;
    }

    /// <summary>What holds only at the log's end: the rules that the table stands under, and rows per date by the log against the marginals.</summary>
    public void Finish()
    {
        if (Version < 0)
        {
            return;
        }
        try
        {
            TableGuard.Check(where, contract, captureStore, kid, _protocol, _metadata, _changedBy);
        }
        catch (PipelineException e)
        {
            _differences.Add(e.Message);
        }
        var rows = _live.Values.GroupBy(file => file.Date).ToDictionary(files => files.Key, files => files.ToList());
        foreach (var date in rows.Keys.Concat(_dates.Keys).Distinct().Order())
        {
            var (files, declared) = (rows.GetValueOrDefault(date) ?? [], _dates.GetValueOrDefault(date));
            if (files.All(file => file.Rows >= 0) && files.Sum(file => file.Rows) is var held && held != declared.Rows)
            {
                _differences.Add($"{where}, date {date}: its {files.Count} live files have {held} rows by the log, its commits brought {declared.Rows}: {Off(held - declared.Rows)}.");
            }
        }
    }

    public TableFacts ToFacts(Sums? read, long unreferenced) => new()
    {
        Dataset = Dataset, Version = Version, ShippedByShard = _ledgers.ToDictionary(l => l.Key, l => l.Value.Total),
        Files = _live.Count, Bytes = _live.Values.Sum(file => file.Size), Rows = _live.Values.Sum(file => Math.Max(0, file.Rows)), Read = read, Unreferenced = unreferenced, Differences = _differences,
    };

    private void CheckOrigin(TableCommit entry)
    {
        if (entry.Foreign)
        {
            foreach (var id in entry.Txn.Keys.Where(id => id.StartsWith("pipeline/", StringComparison.Ordinal)))
            {
                Differ(entry, $"sets txn '{id}', which only this program may set");
            }
            return;
        }
        if (entry.Store != captureStore || entry.Kid != kid)
        {
            throw new PipelineException(ExitCode.Configuration,
                $"{where}: entry {entry.Version} of the log is of capture store '{entry.Store}' and key '{entry.Kid}', expected '{captureStore}' and '{kid}'. Point the configuration at the store and the key that made this table.");
        }
        if (entry.Below != _below)
        {
            Differ(entry, $"names {Short(entry.Below)} as the sha256 of the entry below it, which is {Short(_below)}: one of the two was replaced");
        }
    }

    private void CheckMarginals(TableCommit entry)
    {
        var byShard = Sums.Of(entry.Shards.Select(shard => shard.Sums));
        var byDate = Sums.Of(entry.Dates.Select(date => date.Sums));
        if (byShard != byDate)
        {
            Differ(entry, $"declares {byShard.Rows} rows by shard and {byDate.Rows} by date, with sums that {(byShard.Hash == byDate.Hash ? "agree" : "differ")}");
        }
        foreach (var date in entry.Dates)
        {
            _dates[date.Date] = _dates.GetValueOrDefault(date.Date) + date.Sums;
        }
    }

    private void Ship(TableCommit entry)
    {
        foreach (var marginal in entry.Shards)
        {
            ShippedLink? link = entry.Shipped.TryGetValue(marginal.Shard, out var named) ? named : null;
            if (link?.Number != marginal.Range.To)
            {
                Differ(entry, $"takes captures {marginal.Range} of shard {marginal.Shard}, but sets it as shipped up to {link?.Number.ToString() ?? "nothing"}");
            }
            if (!_ledgers.TryGetValue(marginal.Shard, out var ledger))
            {
                _ledgers[marginal.Shard] = ledger = new ShardLedger(standsFrom(marginal.Shard));
            }
            if (ledger.Add(new ShippedRange(marginal.Range.From, marginal.Range.To, new Tally(marginal.Frames, marginal.Sums), entry.Version, link)) is { } fault)
            {
                Differ(entry, $"{fault} (shard {marginal.Shard})");
            }
        }
        foreach (var shard in entry.Shipped.Keys.Where(shard => entry.Shards.All(marginal => marginal.Shard != shard)))
        {
            Differ(entry, $"moves what is shipped of shard {shard} without saying what it took");
        }
    }

    /// <summary>Adds and removes files, and compares the rows that came and went, per date, with what the entry may change: its marginals, or nothing.</summary>
    private void Fold(TableCommit entry)
    {
        var net = new SortedDictionary<UtcDay, (long In, long Out)>();
        var unknown = new HashSet<UtcDay>();
        foreach (var removed in entry.Removed)
        {
            if (_live.Remove(removed.Path, out var file))
            {
                Count(net, unknown, file, -1);
            }
            else if (!entry.Foreign)
            {
                Differ(entry, $"removes {removed.Path}, which was not live");
            }
        }
        foreach (var added in entry.Added)
        {
            if (_live.Remove(added.Path, out var before))
            {
                Count(net, unknown, before, -1);
            }
            _live[added.Path] = added;
            Count(net, unknown, added, +1);
        }
        foreach (var date in net.Keys.Concat(entry.Dates.Select(d => d.Date)).Distinct().Order().Where(date => !unknown.Contains(date)))
        {
            var (taken, given) = (net.GetValueOrDefault(date).Out, net.GetValueOrDefault(date).In);
            var declared = entry.Dates.Where(d => d.Date == date).Sum(d => d.Sums.Rows);
            if (given - taken != declared)
            {
                Differ(entry, $"changed date {date} by {given - taken} rows ({given} added, {taken} removed), expected {declared}");
            }
        }
    }

    private static void Count(SortedDictionary<UtcDay, (long In, long Out)> net, HashSet<UtcDay> unknown, SegmentFile file, int sign)
    {
        if (file.Rows < 0)
        {
            unknown.Add(file.Date);
            return;
        }
        var (given, taken) = net.GetValueOrDefault(file.Date);
        net[file.Date] = sign > 0 ? (given + file.Rows, taken) : (given, taken + file.Rows);
    }

    private void Differ(TableCommit entry, string what) =>
        _differences.Add($"{where}: entry {entry.Version} of the log{(entry.Foreign ? $", by '{Writer(entry)}'," : "")} {what}.");

    internal static string Off(long rows) => rows < 0 ? $"{-rows} rows are missing" : $"{rows} rows are too many";

    private static string Writer(TableCommit entry) => entry.Engine.Length > 0 ? entry.Engine : entry.Operation.Length > 0 ? entry.Operation : "an unknown engine";

    private static string Short(Sha256? hash) => hash is { } value ? value.ToString()[..12] : "none";
}
