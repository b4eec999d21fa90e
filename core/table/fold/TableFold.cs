using System.IO.Hashing;
using System.Text;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Core.Table.Fold;

/// <summary>
/// A table's log, entry by entry: the chain, the two totals of every commit, the live files. Pure; does not stop at a fault but names it
/// and goes on,
/// since whoever restores a table needs all of them.
/// </summary>
/// <param name="restores">What an earlier walk of the same log found in <see cref="Restores"/>.</param>
public sealed class TableFold(Contract contract, string captureStore, string keyId, string where, Func<string, long> standsFrom,
    IReadOnlyList<TableRestore>? restores = null)
{
    private readonly IReadOnlyList<TableRestore> _restores = restores ?? [], _inForce = TableRestore.InForce(restores ?? []);
    private readonly Dictionary<UInt128, long> _points = [];
    private readonly List<TableRestore> _found = [];
    private readonly HashSet<UtcDay> _touched = [];
    private UInt128 _fingerprint;
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

    /// <summary>Per shard, the rows that withdrawals in force took away, and their sum.</summary>
    public SortedDictionary<string, Sums> Withdrawn { get; } = new(StringComparer.Ordinal);

    public List<string> Differences => _differences;

    /// <summary>The id in the table's metadata; null where there is no table.</summary>
    public string? TableId => _metadata?.Id;

    /// <summary>The sha256 of every contract that an entry names.</summary>
    public SortedSet<string> Contracts { get; } = new(StringComparer.Ordinal);

    /// <summary>Entries after which the live files are those of an earlier version.</summary>
    public IReadOnlyList<TableRestore> Restores => _found;

    /// <summary>Dates of which files came or went.</summary>
    public IReadOnlySet<UtcDay> Touched => _touched;

    /// <summary>The hash of the newest entry.</summary>
    public Sha256? Top => _below;

    /// <summary>Tells two sets of live files apart: a sum over them, whatever their order.</summary>
    public UInt128 Fingerprint => _fingerprint;

    /// <summary>Goes on from what a receipt says, over the state that the log has at that version; false where the two do not
    /// agree.</summary>
    public bool Resume(VerifiedTable receipt, TableState state, IEnumerable<SegmentFile> live)
    {
        foreach (var file in live)
        {
            _live[file.Path] = file;
            _fingerprint = unchecked(_fingerprint + PrintOf(file));
        }
        foreach (var (date, sums) in receipt.Dates)
        {
            _dates[UtcDay.Parse(date)] = sums.Sums;
        }
        foreach (var (shard, ledger) in receipt.Shards)
        {
            _ledgers[shard] = ShardLedger.Resume(ledger, standsFrom(shard));
        }
        foreach (var (shard, sums) in receipt.Withdrawn ?? [])
        {
            Withdrawn[shard] = sums.Sums;
        }
        (_metadata, _protocol, _below, Version) = (state.Metadata, state.Protocol, receipt.Entry, state.Version);
        _points[_fingerprint] = Version;
        return state.EntryHash == receipt.Entry && _live.Count == receipt.Files
            && receipt.Live == _fingerprint.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>What the next verification may begin with; <paramref name="through"/> tells up to which capture a shard's own was
    /// compared.</summary>
    public VerifiedTable ToReceipt(Func<string, long> through) => new(Version, _below!.Value, _live.Count,
        _fingerprint.ToString("x32", System.Globalization.CultureInfo.InvariantCulture),
        new(_dates.ToDictionary(d => d.Key.ToString(), d => DaySums.Of(d.Value)), StringComparer.Ordinal),
        new(_ledgers.Where(l => l.Value.Shipped is not null).ToDictionary(l => l.Key, l => l.Value.ToReceipt(through(l.Key))),
            StringComparer.Ordinal))
    {
        Withdrawn = Withdrawn.Count == 0 ? null : new(Withdrawn.ToDictionary(w => w.Key, w => DaySums.Of(w.Value)), StringComparer.Ordinal),
    };

    /// <summary>Folds the next entry in. Its added files have their rows, from their footers where the log does not tell; −1 where those
    /// are gone too.</summary>
    /// <exception cref="PipelineException">78: it was written with another key or for another capture store (rules 9 and 28).</exception>
    public void Apply(TableCommit entry)
    {
        if (entry.Metadata is not null || entry.Protocol is not null)
        {
            (_metadata, _protocol, _changedBy) = (entry.Metadata ?? _metadata, entry.Protocol ?? _protocol, entry.Foreign ? entry : null);
        }
        if (entry.Contract.Length > 0)
        {
            Contracts.Add(entry.Contract);
        }
        CheckOrigin(entry);
        CheckTotals(entry);
        if (entry.Kind == CommitKind.Withdraw)
        {
            Withdraw(entry);
        }
        else
        {
            Ship(entry);
        }
        Fold(entry);
        FindRestore(entry);
        _below = entry.Hash;
        Version = entry.Version;
    }

    /// <summary>What holds only at the log's end: the rules that the table stands under, and rows per date by the log against the
    /// totals.</summary>
    public void Finish()
    {
        if (Version < 0)
        {
            return;
        }
        try
        {
            TableGuard.Check(where, contract, captureStore, keyId, _protocol, _metadata, _changedBy);
        }
        catch (PipelineException e)
        {
            _differences.Add(e.Message);
        }
        if (_metadata?.Configuration.GetValueOrDefault(TableSchema.WithdrawsKey) is { } open)
        {
            _differences.Add($"{where}: the withdrawal of capture {open} was not completed. Run `pipeline withdraw` of its source again.");
        }
        var rows = _live.Values.GroupBy(file => file.Date).ToDictionary(files => files.Key, files => files.ToList());
        foreach (var date in rows.Keys.Concat(_dates.Keys).Distinct().Order())
        {
            var (files, declared) = (rows.GetValueOrDefault(date) ?? [], _dates.GetValueOrDefault(date));
            if (files.All(file => file.Rows >= 0) && files.Sum(file => file.Rows) is var held && held != declared.Rows)
            {
                _differences.Add(
                    $"{where}, date {date}: its {files.Count} live files have {held} rows by the log, its commits brought " +
                    $"{declared.Rows}: {Off(held - declared.Rows)}.");
            }
        }
    }

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
        if (entry.Store != captureStore || entry.KeyId != keyId)
        {
            throw new ConfigurationException(
                $"{where}: entry {entry.Version} of the log is of capture store '{entry.Store}' and key '{entry.KeyId}', expected " +
                $"'{captureStore}' and '{keyId}'. Point the configuration at the store and the key that made this table.");
        }
        if (entry.Below != _below)
        {
            Differ(entry, $"names {Short(entry.Below)} as the sha256 of the entry below it, which is {Short(_below)}: one of the two " +
                $"was replaced");
        }
    }

    private void CheckTotals(TableCommit entry)
    {
        var byShard = Sums.Of(entry.Shards.Select(shard => shard.Sums));
        var byDate = Sums.Of(entry.Dates.Select(date => date.Sums));
        if (byShard != byDate)
        {
            Differ(entry, $"declares {byShard.Rows} rows by shard and {byDate.Rows} by date, with sums that " +
                $"{(byShard.Hash == byDate.Hash ? "agree" : "differ")}");
        }
        foreach (var date in UndoneBy(entry) is null ? entry.Dates : [])
        {
            _dates[date.Date] = _dates.GetValueOrDefault(date.Date) + date.Sums;
        }
    }

    private void Ship(TableCommit entry)
    {
        foreach (var total in entry.Shards)
        {
            ShippedLink? link = entry.Shipped.TryGetValue(total.Shard, out var named) ? named : null;
            if (entry.Kind != CommitKind.Repair && link?.Number != total.Range.To)
            {
                Differ(entry, $"takes captures {total.Range} of shard {total.Shard}, but sets it as shipped up to " +
                    $"{link?.Number.ToString() ?? "nothing"}");
            }
            if (!_ledgers.TryGetValue(total.Shard, out var ledger))
            {
                _ledgers[total.Shard] = ledger = new ShardLedger(standsFrom(total.Shard));
            }
            var range = new ShippedRange(total.Range.From, total.Range.To, new Tally(total.Frames, total.Sums), entry.Version, link);
            if (Take(ledger, range, entry) is { } fault)
            {
                Differ(entry, $"{fault} (shard {total.Shard})");
            }
        }
        foreach (var shard in entry.Shipped.Keys.Where(shard => entry.Shards.All(total => total.Shard != shard)))
        {
            Differ(entry, $"moves what is shipped of shard {shard} without saying what it took");
        }
    }

    private void Withdraw(TableCommit entry)
    {
        foreach (var total in UndoneBy(entry) is null ? entry.Shards : [])
        {
            Withdrawn[total.Shard] = Withdrawn.GetValueOrDefault(total.Shard) - total.Sums;
        }
    }

    private string? Take(ShardLedger ledger, ShippedRange range, TableCommit entry) => (entry.Kind, UndoneBy(entry)) switch
    {
        (CommitKind.Repair, null) => ledger.Repair(range),
        (CommitKind.Repair, _) => null,
        (_, null) => ledger.Add(range),
        (_, { } by) => ledger.Undo(range, by),
    };

    private TableRestore? UndoneBy(TableCommit entry) => _inForce.FirstOrDefault(restore => restore.Undoes(entry.Version));

    private void FindRestore(TableCommit entry)
    {
        // Both are asked for: a DELETE that happens to leave what an earlier version had is named as what it is, by date and rows.
        if (entry.Foreign && entry.Operation.StartsWith("RESTORE", StringComparison.OrdinalIgnoreCase) && entry.DataChange
            && entry.Added.Count + entry.Removed.Count > 0 && _points.TryGetValue(_fingerprint, out var to) && to < entry.Version - 1)
        {
            _found.Add(new TableRestore(entry.Version, to, Writer(entry)));
        }
        _points[_fingerprint] = entry.Version;
    }

    private static UInt128 PrintOf(SegmentFile file) => XxHash128.HashToUInt128(Encoding.UTF8.GetBytes($"{file.Size} {file.Path}"));

    /// <summary>Adds and removes files, and compares the rows that came and went, per date, with what the entry may change: its totals, or
    /// nothing.</summary>
    private void Fold(TableCommit entry)
    {
        var net = new SortedDictionary<UtcDay, (long In, long Out)>();
        var unknown = new HashSet<UtcDay>();
        foreach (var removed in entry.Removed)
        {
            if (_live.Remove(removed.Path, out var file))
            {
                _fingerprint = unchecked(_fingerprint - PrintOf(file));
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
                _fingerprint = unchecked(_fingerprint - PrintOf(before));
                Count(net, unknown, before, -1);
            }
            _live[added.Path] = added;
            _fingerprint = unchecked(_fingerprint + PrintOf(added));
            Count(net, unknown, added, +1);
        }
        _touched.UnionWith(net.Keys.Concat(unknown));
        if (_restores.Any(restore => restore.Entry == entry.Version))
        {
            // What it took away is what it undid, which is not counted.
            return;
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

    public static string Off(long rows) => rows < 0 ? $"{-rows} rows are missing" : $"{rows} rows are too many";

    private static string Writer(TableCommit entry) => entry.Engine.Length > 0 ? entry.Engine : entry.Operation.Length > 0 ? entry.Operation
        : "an unknown engine";

    private static string Short(Sha256? hash) => hash is { } value ? value.ToString()[..12] : "none";
}
