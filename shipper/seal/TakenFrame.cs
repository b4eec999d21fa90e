using Pipeline.Core.Captures;
using Pipeline.Core.Records;

namespace Pipeline.Shipper.Seal;

/// <summary>
/// A frame that a table took and whose commit is not confirmed: its capture, the dataset's capture before it, and its bytes. Many thousands
/// of them wait at once,
/// each with up to hundreds of dates: of its entry in the header only numbers are kept.
/// </summary>
public sealed class TakenFrame
{
    private readonly (UtcDay Date, Sums Sums)[] _dates;

    /// <param name="byFeed">It came as a message: where it does not hold what it declares, the capture store is read before that is called
    /// a difference.</param>
    public TakenFrame(string shard, Link link, Link? before, FrameEntry entry, ReadOnlyMemory<byte> bytes, bool byFeed = false)
    {
        (Shard, Link, Before, Rows, Bytes, ByFeed) = (shard, link, before, entry.Rows, bytes, byFeed);
        _dates = [.. entry.Dates.Select(d => (UtcDay.Parse(d.Key), d.Value.Sums))];
    }

    public string Shard { get; }

    public Link Link { get; }

    public Link? Before { get; }

    public long Rows { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    public bool ByFeed { get; }

    /// <summary>What it declares of each date, in order of the dates.</summary>
    public IReadOnlyList<(UtcDay Date, Sums Sums)> Dates => _dates;

    public Sums Sums => Sums.Of(_dates.Select(d => d.Sums));

    /// <summary>Whether it declares rows of a date of which <paramref name="wanted"/> is true.</summary>
    public bool HasAny(Func<UtcDay, bool> wanted) => Array.Exists(_dates, d => wanted(d.Date));
}
