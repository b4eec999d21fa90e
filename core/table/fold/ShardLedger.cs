using Pipeline.Core.Captures;

namespace Pipeline.Core.Table.Fold;

/// <summary>
/// What one table's commits in force took of one shard, by capture number. Ranges that end below the lowest capture that is read are kept
/// as one, since nothing is left
/// to compare each with: so memory follows the captures that have not expired, some 80 bytes for each commit of theirs.
/// </summary>
public sealed class ShardLedger(long standsFrom)
{
    private readonly List<ShippedRange> _ranges = [];
    private readonly List<UndoneRange> _undone = [];
    private readonly List<ShippedRange> _repaired = [];

    /// <summary>All ranges below the lowest standing capture, joined.</summary>
    public Tally Expired { get; private set; }

    /// <summary>Rising, and none overlaps another.</summary>
    public IReadOnlyList<ShippedRange> Ranges => _ranges;

    /// <summary>The number of the last capture shipped; −1 before the first.</summary>
    public long ShippedTo { get; private set; } = -1;

    public ShippedLink? Shipped { get; private set; }

    public Tally Total { get; private set; }

    /// <summary>Goes on from what a receipt says.</summary>
    public static ShardLedger Resume(VerifiedLedger from, long standsFrom)
    {
        var ledger = new ShardLedger(standsFrom) { ShippedTo = from.ShippedTo, Shipped = new ShippedLink(from.ShippedTo, from.Bits63),
            Total = from.Total.ToTally() };
        ledger.Expired = ledger.Total;
        foreach (var range in from.Ranges)
        {
            ledger.Expired -= range.Took.ToTally();
            ledger.Keep(new ShippedRange(range.From, range.To, range.Took.ToTally(), range.Version, range.Bits63 is { } bits
                ? new ShippedLink(range.To, bits) : null));
        }
        return ledger;
    }

    public VerifiedLedger ToReceipt(long through) => new(ShippedTo, Shipped!.Value.Bits63, VerifiedTally.Of(Total),
        [.. _ranges.Where(r => r.To > through)
            .Select(r => new VerifiedRange(r.From, r.To, VerifiedTally.Of(r.Tally), r.Version, r.Link?.Bits63))]);

    /// <summary>Takes the range of the next shipment, or says why it does not follow the one before; it is counted all the same.</summary>
    public string? Add(ShippedRange range)
    {
        var (fault, behind) = (Follows(range), range.To <= ShippedTo);
        Total += range.Tally;
        Move(range);
        if (!behind)
        {
            Keep(range);
        }
        // Wholly behind: there is no place for it in the merge, and the fault names it.
        return fault;
    }

    /// <summary>A shipment that a later entry took back: what is shipped moved with it all the same.</summary>
    public string? Undo(ShippedRange range, TableRestore by)
    {
        var fault = Follows(range);
        Move(range);
        // Neighbours are one, since a repair brings them as one.
        if (_undone.Count > 0 && _undone[^1].Range.To + 1 == range.From)
        {
            _undone[^1] = new UndoneRange(new CaptureRange(_undone[^1].Range.From, range.To), _undone[^1].Tally + range.Tally, by);
        }
        else
        {
            _undone.Add(new UndoneRange(new CaptureRange(range.From, range.To), range.Tally, by));
        }
        return fault;
    }

    /// <summary>What a repair brought lies where no commit in force has anything.</summary>
    public string? Repair(ShippedRange range)
    {
        Total += range.Tally;
        if (range.From > range.To || range.To > ShippedTo)
        {
            return $"repairs captures {range.From} to {range.To}, of which {ShippedTo} is the last shipped";
        }
        if (_ranges.FirstOrDefault(r => r.From <= range.To && range.From <= r.To) is { Version: > 0 } other)
        {
            return $"repairs captures {range.From} to {range.To}, which entry {other.Version} had brought";
        }
        _repaired.Add(range);
        Keep(range);
        return null;
    }

    /// <summary>The entry that took this capture back.</summary>
    public TableRestore? UndoneBy(long number) => _undone.LastOrDefault(u => u.Range.Contains(number))?.By;

    /// <summary>What was taken back and not brought again: a repair lists the captures that have records, so sums are compared, not
    /// numbers.</summary>
    public IEnumerable<UndoneRange> Uncovered() => _undone.Where(undone =>
        _repaired.Where(repaired => repaired.From >= undone.Range.From && repaired.To <= undone.Range.To)
            .Aggregate(default(Tally), (sum, repaired) => sum + repaired.Tally) != undone.Tally);

    private string? Follows(ShippedRange range) => range.From > range.To
        ? $"ships captures {range.From} to {range.To}, a range that ends before it begins"
        : range.From <= ShippedTo ? $"ships captures {range.From} to {range.To}, though entries before it had shipped up to {ShippedTo}"
        : range.From > ShippedTo + 1
            ? $"ships captures {range.From} to {range.To}, though entries before it had shipped only up to {ShippedTo}"
        : null;

    private void Move(ShippedRange range)
    {
        if (range.To > ShippedTo)
        {
            (ShippedTo, Shipped) = (range.To, range.Link);
        }
    }

    private void Keep(ShippedRange range)
    {
        if (range.To < standsFrom)
        {
            Expired += range.Tally;
            return;
        }
        var at = _ranges.Count;
        while (at > 0 && _ranges[at - 1].From > range.From)
        {
            at--;
        }
        _ranges.Insert(at, range);
    }
}
