using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table;

namespace Pipeline.Shipper.Withdraw;

/// <summary>
/// The rows of withdrawn captures, as a count of each row's hash by UTC date: equal rows are the same to every reader, so it does not
/// matter which of them goes. Some 60 bytes a row; one date is looked at after the other. Not safe for use from two threads at once.
/// </summary>
internal sealed class WithdrawnRows
{
    private readonly SortedDictionary<UtcDay, Dictionary<UInt128, int>> _left = [];
    private readonly SortedDictionary<UtcDay, Sums> _dates = [];
    private readonly List<ShardTotal> _shards = [];

    public IReadOnlyCollection<UtcDay> Dates => _dates.Keys;

    /// <summary>What goes, as a commit declares it: negative.</summary>
    public IReadOnlyList<DateTotal> DateTotals => [.. _dates.Select(date => new DateTotal(date.Key, Sums.Zero - date.Value))];

    public IReadOnlyList<ShardTotal> ShardTotals => _shards;

    /// <summary>Reads the frames of the captures again.</summary>
    /// <exception cref="DifferenceException">A capture is gone, cannot be decoded, or holds other rows than the receipt says.</exception>
    public static async Task<WithdrawnRows> ReadAsync(CaptureStore captures, string shard, Withdrawn withdrawn, Contract contract,
        RowHash hash, CancellationToken cancel)
    {
        var rows = new WithdrawnRows();
        foreach (var range in withdrawn.Captures)
        {
            var (frames, sums) = (0L, Sums.Zero);
            for (var number = range.From; number <= range.To; number++)
            {
                var capture = await captures.ReadAsync(shard, number, cancel) ?? throw new DifferenceException(
                    $"shard {shard}: capture {number} in {captures.Store.Location} is gone, and capture {withdrawn.Capture} withdraws it. "
                    + "Restore it from a copy, then run `pipeline withdraw` again.");
                if (capture.Header.FrameOf(contract.Dataset) is { } frame)
                {
                    frames++;
                    sums += rows.Add(capture, frame, contract, hash);
                }
            }
            if (sums.Rows > 0)
            {
                rows._shards.Add(new ShardTotal(shard, range, frames, Sums.Zero - sums));
            }
        }
        var (found, declared) = (Sums.Of(rows._dates.Values), withdrawn.Records[contract.Dataset].Sums);
        return found == declared ? rows : throw new DifferenceException(
            $"shard {shard}: the captures that capture {withdrawn.Capture} withdraws hold {found.Rows} rows of {contract.Dataset}, it "
            + $"declares {declared.Rows}{(found.Rows == declared.Rows ? ", with other sums" : "")}. Run `pipeline verify --deep`.");
    }

    /// <summary>Rows of this date that were not found yet.</summary>
    public long Left(UtcDay date) => _left[date].Values.Sum(count => (long)count);

    /// <summary>Begins the search of a date anew.</summary>
    public Dictionary<UInt128, int> Search(UtcDay date) => new(_left[date]);

    public void Found(UtcDay date, Dictionary<UInt128, int> left) => _left[date] = left;

    private Sums Add(Capture capture, FrameEntry frame, Contract contract, RowHash hash)
    {
        var sums = Sums.Zero;
        try
        {
            foreach (var batch in FrameDecoder.Decode(contract, capture.Frame(frame), frame.Rows))
            {
                var each = hash.Each(batch);
                for (var row = 0; row < batch.Rows; row++)
                {
                    var date = UtcDay.Of(batch.Time[row]);
                    if (!_left.TryGetValue(date, out var counts))
                    {
                        _left[date] = counts = [];
                    }
                    counts[each[row]] = counts.GetValueOrDefault(each[row]) + 1;
                    _dates[date] = _dates.GetValueOrDefault(date) + new Sums(1, each[row]);
                    sums += new Sums(1, each[row]);
                }
            }
        }
        catch (Exception e) when (e is not (OutOfMemoryException or PipelineException))
        {
            // The reader's message could hold bytes of a row: only its type is told.
            throw new DifferenceException(
                $"shard {capture.Header.Shard}: capture {capture.Link.Number}: its frame of {contract.Dataset} cannot be decoded "
                + $"({e.GetType().Name}). Restore it from a copy, then run `pipeline withdraw` again.");
        }
        return sums;
    }
}
