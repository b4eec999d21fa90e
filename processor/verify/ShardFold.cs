using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>
/// A shard's captures in order of their numbers, against the snapshots beside them and what each table says that it took (a merge by
/// number). Pure; holds one state, never the captures.
/// After a break (a hole, a fork) it goes on with the chain of hashes alone until a snapshot gives it a state again, so that one fault does
/// not hide another.
/// </summary>
internal sealed class ShardFold
{
    private readonly string _shard;
    private readonly SortedDictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private readonly ReadTotals _totals = new();
    private readonly SortedSet<string> _contracts = new(StringComparer.Ordinal);
    private readonly List<Fork> _forks = [];
    private readonly List<ReportedRange> _missing = [];
    private readonly long _first;
    private ShardState? _state;
    private Link? _last;
    private bool _whole;
    private long _captures, _snapshots;

    /// <param name="empty">The state before capture 0.</param>
    /// <param name="first">The lowest capture that stands; above 0 where earlier ones have expired.</param>
    /// <param name="ledgers">Per dataset, what its table took of this shard.</param>
    public ShardFold(ShardState empty, long first, IReadOnlyDictionary<string, ShardLedger> ledgers)
    {
        (_shard, _first, _whole) = (empty.Shard, first, first == 0);
        _state = first == 0 ? empty : null;
        foreach (var (dataset, ledger) in ledgers)
        {
            _accounts[dataset] = new Account(dataset, ledger, first);
        }
    }

    public string Shard => _shard;

    public Findings Findings { get; } = new();

    public ColdLedger Cold { get; } = new();

    /// <summary>The newest snapshot that was found to be the fold: where a later run may go on.</summary>
    public VerifiedShard? Through { get; private set; }

    /// <summary>The next capture. Its number follows the one before, or the hole before it.</summary>
    public void Apply(CaptureHeader header, Link link)
    {
        if (_state is not null)
        {
            if (_state.Apply(header, link) is { } fork)
            {
                Break(fork);
            }
            else
            {
                Cold.Apply(header, _state).ToList().ForEach(wrong => Differ($"capture {link.Number}: {wrong}."));
            }
        }
        else if (_last is { } last && last.Number == link.Number - 1 && header.Previous != last.Hash)
        {
            Break(new Fork(_shard, link.Number,
                $"it continues {header.Previous?.ToString() ?? "nothing"}, the capture before it is {last.Hash}"));
        }
        CheckLines(header, link);
        _totals.Add(header);
        _contracts.UnionWith(header.Contracts.Values);
        foreach (var frame in header.Frames)
        {
            AccountOf(frame.Dataset).Frame(link.Number, new Tally(1, frame.Sums));
        }
        foreach (var account in _accounts.Values)
        {
            account.Reached(link, this);
        }
        _last = link;
        _captures++;
    }

    /// <summary>The snapshot that stands beside the capture that was applied last, or alone above a hole or below the first
    /// capture.</summary>
    public void Snapshot(ShardState snapshot)
    {
        var head = snapshot.Head!.Value;
        _snapshots++;
        if (_last is { } last && last.Number == head.Number && last.Hash != head.Hash)
        {
            Differ($"snapshot {head.Number} is of capture {head}, the store has {last} there: one of the two was replaced.");
            return;
        }
        if (_state is not null)
        {
            if (!_state.ToJson().AsSpan().SequenceEqual(snapshot.ToJson()))
            {
                Differ($"snapshot {head.Number} is not the fold of the captures up to there: {Unlike(_state, snapshot)}.");
                return;
            }
            Through = VerifiedShard.Of(snapshot);
            return;
        }
        if (_whole)
        {
            if (_accounts.Values.Any(account => account.Captured != Of(snapshot, account.Dataset)))
            {
                Differ($"snapshot {head.Number} has other totals than the captures up to there.");
            }
        }
        else
        {
            Adopt(snapshot);
        }
        Cold.Adopt(snapshot);
        _state = snapshot;
        _last = head;
        Through = VerifiedShard.Of(snapshot);
    }

    /// <summary>Captures below the first that stands, which a snapshot still knows: nothing says that they may be gone.</summary>
    public void Expired(long from, long to) =>
        Findings.AddDeleted(CaptureNames.Capture(_shard, from),
            $"{Range(from, to)} of shard {_shard} are gone without a receipt, though later ones stand");

    /// <summary>Captures that are gone though later ones stand, or that cannot be read. <paramref name="next"/> is the header above them,
    /// which tells whose records were in them.</summary>
    /// <param name="gone">Why they must have been there; null where they cannot be read, which is named by object.</param>
    public void Hole(long from, long to, CaptureHeader? next, ShardState? snapshot, string? gone)
    {
        if (gone is not null)
        {
            Findings.AddDeleted(CaptureNames.Capture(_shard, from),
                $"{Range(from, to)} of shard {_shard} {(from == to ? "is" : "are")} gone, though {gone}");
        }
        foreach (var (dataset, last) in next?.Links.Select(l => (l.Key, l.Value.Number))
            ?? snapshot?.Datasets.Select(d => (d.Key, d.Value.Last.Number)) ?? [])
        {
            var shipped = AccountOf(dataset).Ledger.ShippedTo;
            if (last >= from && last > shipped)
            {
                _missing.Add(new ReportedRange(dataset, _shard, Math.Max(from, shipped + 1), Math.Min(to, last)));
            }
        }
        foreach (var account in _accounts.Values)
        {
            account.Hole(from, to, this);
        }
        (_state, _last, _whole) = (null, null, false);
    }

    public ShardFacts Finish(long? head)
    {
        foreach (var account in _accounts.Values)
        {
            account.Finish(head, this);
        }
        return new()
        {
            Shard = _shard, First = head is null ? null : _first, Head = head, Captures = _captures, Snapshots = _snapshots,
            Totals = _totals, Contracts = _contracts, HeadLink = head is { } at && _last is { } last && last.Number == at ? last : null,
            Withdrawn = _state is { } state ? _accounts.Keys.ToDictionary(dataset => dataset, state.WithdrawnOf) : [],
            Datasets = _accounts.ToDictionary(a => a.Key, a => a.Value.ToFacts()), Forks = _forks, Missing = _missing, Findings = Findings,
                Through = Through,
        };
    }

    internal void Fork(long number, string reason) => Name(new Fork(_shard, number, reason));

    internal void Missing(string dataset, long from, long to, long? records, string why)
    {
        _missing.Add(new ReportedRange(dataset, _shard, from, to, records));
        Differ($"dataset {dataset}, captures {new CaptureRange(from, to)}: {why}.");
    }

    private void Break(Fork fork)
    {
        Name(fork);
        _state = null;
    }

    private void Name(Fork fork)
    {
        if (_forks.All(known => known.Number != fork.Number))
        {
            _forks.Add(fork);
            Differ($"a fork at capture {fork.Number}: {fork.Reason}.");
        }
    }

    /// <summary>lines = records + rejections + duplicates, in every single capture.</summary>
    private void CheckLines(CaptureHeader header, Link link)
    {
        var (lines, other) = (0L, 0L);
        foreach (var read in header.Reads)
        {
            lines += read.Lines;
            other += read.Duplicates + (read.Rejected?.Values.Sum() ?? 0);
        }
        var records = header.Frames.Sum(frame => frame.Rows);
        if (lines != other + records || header.Frames.Any(frame => frame.Rows != frame.Sums.Rows))
        {
            Differ($"capture {link.Number}: it read {lines} lines, of which {other} were rejected or duplicates, and has {records} " +
                $"records ({header.Frames.Sum(f => f.Sums.Rows)} by date), expected {lines - other}.");
        }
    }

    /// <summary>The snapshot knows what has expired, and what was lost in a hole.</summary>
    private void Adopt(ShardState snapshot)
    {
        _totals.Adopt(snapshot);
        foreach (var dataset in snapshot.Datasets.Keys)
        {
            AccountOf(dataset);
        }
        foreach (var account in _accounts.Values)
        {
            account.Base = Of(snapshot, account.Dataset) - account.Walked;
        }
        _whole = true;
    }

    private Account AccountOf(string dataset)
    {
        if (!_accounts.TryGetValue(dataset, out var account))
        {
            _accounts[dataset] = account = new Account(dataset, new ShardLedger(_first), _first);
            account.Base = _whole ? default(Tally) : null;
        }
        return account;
    }

    private static Tally Of(ShardState state, string dataset) => state.Datasets.TryGetValue(dataset, out var totals)
        ? new(totals.Frames, totals.Sums) : default;

    private static string Unlike(ShardState fold, ShardState snapshot)
    {
        foreach (var dataset in fold.Datasets.Keys.Union(snapshot.Datasets.Keys)
            .Where(dataset => Of(fold, dataset) != Of(snapshot, dataset)))
        {
            return $"it has {Of(snapshot, dataset).Sums.Rows} records of {dataset} in {Of(snapshot, dataset).Frames} frames, the " +
                $"captures {Of(fold, dataset).Sums.Rows} in " +
                $"{Of(fold, dataset).Frames}{(Of(fold, dataset).Sums.Rows == Of(snapshot, dataset).Sums.Rows ? ", with other sums" : "")}";
        }
        var (a, b) = (fold.Sources.Values.Sum(s => s.Lines), snapshot.Sources.Values.Sum(s => s.Lines));
        return a != b ? $"it has {b} lines, the captures {a}" : "totals of lines and records agree; cursors, counters or links do not";
    }

    private static string Range(long from, long to) => from == to ? $"capture {from}" : $"captures {from} to {to}";

    private void Differ(string what) => Findings.Differences.Add($"shard {_shard}: {what}");
}
