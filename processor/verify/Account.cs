using Pipeline.Core.Captures;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>One dataset of one shard: its frames as they are walked, against the ranges that its table took, each compared where it
/// ends.</summary>
internal sealed class Account
{
    private readonly long _first;
    private int _next;
    private Tally _since;
    private Tally _waiting;
    private bool _blind;
    private bool _holed;
    private Tally? _firstRange;
    private CaptureRange? _pending;
    private CaptureRange? _untaken;
    private long _untakenRows;

    /// <param name="first">The lowest capture that stands.</param>
    public Account(string dataset, ShardLedger ledger, long first)
    {
        (Dataset, Ledger, _first) = (dataset, ledger, first);
        Base = first == 0 ? default(Tally) : null;
        // A range that begins among the expired captures is compared at the end, with what the snapshot kept of them.
        _blind = ledger.Ranges.Count > 0 && ledger.Ranges[0].From < first;
    }

    public string Dataset { get; }

    public ShardLedger Ledger { get; }

    /// <summary>What lies below the captures that were walked; null until a snapshot tells.</summary>
    public Tally? Base { get; set; }

    /// <summary>What the walked captures hold.</summary>
    public Tally Walked { get; private set; }

    public Tally Captured => Walked + (Base ?? default);

    public void Frame(long number, Tally frame)
    {
        Walked += frame;
        if (_blind || _next < Ledger.Ranges.Count && number >= Ledger.Ranges[_next].From)
        {
            _since += frame;
        }
        else if (number > Ledger.ShippedTo)
        {
            _pending = new CaptureRange(_pending?.From ?? number, number);
            _waiting += frame;
        }
        else
        {
            // At or below what is shipped, and in no commit's range: no entry in force has it.
            _untaken = new CaptureRange(_untaken?.From ?? number, number);
            _untakenRows += frame.Sums.Rows;
        }
    }

    /// <summary>All of capture <paramref name="link"/> is counted: the range that ends with it is compared.</summary>
    public void Reached(Link link, ShardFold fold)
    {
        if (link.Number == Ledger.ShippedTo && Ledger.Shipped is { } last && !last.Matches(link))
        {
            Forked(link, fold, "what is shipped");
        }
        if (_next >= Ledger.Ranges.Count || Ledger.Ranges[_next].To != link.Number)
        {
            return;
        }
        var range = Ledger.Ranges[_next++];
        NameUntaken(fold, $"though entry {range.Version} took later ones");
        if (range.Link is { } shipped && !shipped.Matches(link))
        {
            Forked(link, fold, $"entry {range.Version}");
        }
        if (_blind)
        {
            _firstRange ??= _holed ? null : Walked;
        }
        else if (_since != range.Tally)
        {
            fold.Missing(Dataset, range.From, range.To, _since.Sums.Rows,
                Unlike(_since, range.Tally, $"entry {range.Version} of the table took"));
        }
        (_since, _blind) = (default, false);
    }

    public void Hole(long from, long to, ShardFold fold)
    {
        NameUntaken(fold, "though later ones are shipped");
        _holed = true;
        while (_next < Ledger.Ranges.Count && Ledger.Ranges[_next].To <= to)
        {
            _next++;
        }
        _since = default;
        _blind = _next < Ledger.Ranges.Count && Ledger.Ranges[_next].From <= to;
    }

    public void Finish(long? head, ShardFold fold)
    {
        NameUntaken(fold, "though later ones are shipped");
        if (_next < Ledger.Ranges.Count || head is null && Ledger.ShippedTo >= 0 || !_holed && head < Ledger.ShippedTo)
        {
            if (!_holed && (head ?? -1) is var newest && newest < Ledger.ShippedTo)
            {
                fold.Findings.AddDeleted(CaptureNames.Capture(fold.Shard, newest + 1),
                    $"captures {newest + 1} to {Ledger.ShippedTo} of shard {fold.Shard} are gone, though the table of {Dataset} has " +
                        $"shipped them");
            }
            fold.Fork((head ?? -1)
                + 1, $"the table of {Dataset} has shipped up to capture {Ledger.ShippedTo}, the store's newest is " +
                $"{head?.ToString() ?? "none"}; the capture store was rolled back, or captures were deleted");
        }
        else if (_first > 0 && !_holed && Base is { } expired)
        {
            CheckExpired(expired, fold);
        }
    }

    public DatasetFacts ToFacts() => new(Captured, _waiting, _pending);

    /// <summary>What has expired, by the snapshot, must be what commits took of it; a range that reaches above the first standing capture
    /// is compared with its rest.</summary>
    private void CheckExpired(Tally expired, ShardFold fold)
    {
        var (found, took, to) = (expired, Ledger.Expired, _first - 1);
        if (_firstRange is { } rest)
        {
            (found, took, to) = (expired + rest, took + Ledger.Ranges[0].Tally, Ledger.Ranges[0].To);
        }
        if (found != took)
        {
            var from = Ledger.Ranges.Count == 0 && took.Frames < found.Frames ? Ledger.ShippedTo + 1 : 0;
            fold.Missing(Dataset, from, to, found.Sums.Rows - (from > 0 ? took.Sums.Rows : 0), "their beginning has expired; "
                + Unlike(found, took, "the table's commits took"));
        }
    }

    private void NameUntaken(ShardFold fold, string though)
    {
        if (_untaken is { } gap)
        {
            fold.Missing(Dataset, gap.From, gap.To, _untakenRows, Ledger.UndoneBy(gap.From) is { } by
                ? $"entry {by.Entry} of the log, by '{by.Writer}', took the table back to version {by.To}, before they were in it, and " +
                    $"no later entry brought them again; run " +
                    $"`pipeline repair --shard {fold.Shard} --from {gap.From} --to {gap.To} --dry-run`"
                : $"no entry of the table's log took them, {though}");
            (_untaken, _untakenRows) = (null, 0);
        }
    }

    private void Forked(Link link, ShardFold fold, string who) =>
        fold.Fork(link.Number,
            $"the table of {Dataset} took another capture of this number ({who}); the capture store or the table was rolled back, or " +
            $"the capture was changed");

    private static string Unlike(Tally captured, Tally took, string who) =>
        $"the captures hold {captured.Sums.Rows} records in {captured.Frames} frames, {who} {took.Sums.Rows} in " +
            $"{took.Frames}{(captured.Sums.Rows == took.Sums.Rows ? ", with other sums" : "")}";
}
