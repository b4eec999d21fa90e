using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Tables;

/// <summary>
/// The frames of one table that wait for their commit, per shard a gap-free run above what is shipped (rules 16 and 17). One thread.
/// </summary>
public sealed class Backlog
{
    private readonly SortedDictionary<string, List<TakenFrame>> _runs = new(StringComparer.Ordinal);

    /// <summary>Bytes of all frames.</summary>
    public long Bytes { get; private set; }

    public int Count { get; private set; }

    /// <summary>When the oldest frame came, as a TimeProvider timestamp; of no meaning while there are none.</summary>
    public long Since { get; private set; }

    public IEnumerable<TakenFrame> Frames => _runs.Values.SelectMany(run => run);

    /// <summary>The newest frame of a shard, or null.</summary>
    public TakenFrame? Last(string shard) => _runs.TryGetValue(shard, out var run) ? run[^1] : null;

    /// <summary>Whether a frame of the shard's capture, or of one before it, waits here.</summary>
    public bool Holds(string shard, long number) => _runs.TryGetValue(shard, out var run) && run[0].Link.Number <= number;

    public void Add(TakenFrame frame, long now)
    {
        if (!_runs.TryGetValue(frame.Shard, out var run))
        {
            _runs[frame.Shard] = run = [];
        }
        if (run.Count > 0 && frame.Before != run[^1].Link)
        {
            throw new InvalidOperationException($"shard {frame.Shard}: capture {frame.Link.Number} does not follow {run[^1].Link.Number}");
        }
        run.Add(frame);
        Bytes += frame.Bytes.Length;
        if (Count++ == 0)
        {
            Since = now;
        }
    }

    /// <summary>Takes a shard's frames out, for instance to offer them again.</summary>
    public IReadOnlyList<TakenFrame> Remove(string shard)
    {
        if (!_runs.Remove(shard, out var run))
        {
            return [];
        }
        Bytes -= run.Sum(f => (long)f.Bytes.Length);
        Count -= run.Count;
        return run;
    }

    public IReadOnlyList<TakenFrame> RemoveAll() => [.. _runs.Keys.ToList().SelectMany(Remove)];

    /// <summary>Where a shard stands: its newest frame here, else what the table says.</summary>
    public ShippedLink? Taken(string shard, TableState table) =>
        Last(shard) is { } last ? ShippedLink.From(last.Link) : table.Shipped.TryGetValue(shard, out var shipped) ? shipped : null;
}
