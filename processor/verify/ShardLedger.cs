namespace Pipeline.Processor.Verify;

/// <summary>
/// What one table's commits took of one shard, in the order of the log. Ranges that end below the lowest capture that still stands are kept as one, since nothing is left
/// to compare each with: so memory follows the captures that have not expired, some 80 bytes for each commit of theirs.
/// </summary>
internal sealed class ShardLedger(long standsFrom)
{
    private readonly List<ShippedRange> _ranges = [];

    /// <summary>All ranges below the lowest standing capture, joined; null where there are none.</summary>
    public ShippedRange? Expired { get; private set; }

    public IReadOnlyList<ShippedRange> Ranges => _ranges;

    /// <summary>The number of the last capture shipped; −1 before the first.</summary>
    public long ShippedTo { get; private set; } = -1;

    public Tally Total { get; private set; }

    /// <summary>Takes the next range, or says why it does not follow the one before; it is counted all the same.</summary>
    public string? Add(ShippedRange range)
    {
        var fault = range.From > range.To ? $"ships captures {range.From} to {range.To}, a range that ends before it begins"
            : range.From <= ShippedTo ? $"ships captures {range.From} to {range.To}, though entries before it had shipped up to {ShippedTo}"
            : range.From > ShippedTo + 1 ? $"ships captures {range.From} to {range.To}, though entries before it had shipped only up to {ShippedTo}"
            : null;
        Total += range.Tally;
        if (range.To <= ShippedTo)
        {
            // Wholly behind: there is no place for it in the merge, and the fault names it.
            return fault;
        }
        ShippedTo = range.To;
        if (range.To < standsFrom)
        {
            Expired = Expired is { } before ? range with { From = before.From, Tally = before.Tally + range.Tally } : range;
        }
        else
        {
            _ranges.Add(range);
        }
        return fault;
    }
}
