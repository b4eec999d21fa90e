using Pipeline.Core.Captures;
using Pipeline.Core.Table;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// A shard whose captures between what the tables took and what came are being read from the capture store, while other shards go on. Reads
/// only: what is read is offered by the loop,
/// and so is what came meanwhile, which waits here.
/// </summary>
internal sealed class Gap(long upTo, Task<IReadOnlyList<Capture>?> reading)
{
    /// <summary>A larger gap is left to the catch-up, which reads piece by piece and makes room in between.</summary>
    private const int MaxCaptures = 64;
    private const long MaxBytes = 4 << 20;

    private readonly List<FeedEvent.Arrived> _parked = [];
    private long _bytes;

    /// <summary>The newest capture that came: up to there the store has to be read.</summary>
    public long UpTo { get; private set; } = upTo;

    /// <summary>In order; null where the gap is too large, or the store has something else there.</summary>
    public Task<IReadOnlyList<Capture>?> Reading => reading;

    public IReadOnlyList<FeedEvent.Arrived> Parked => _parked;

    /// <summary>Keeps what came meanwhile; false where it is too much.</summary>
    public bool TryPark(FeedEvent.Arrived arrived)
    {
        UpTo = Math.Max(UpTo, arrived.Capture.Link.Number);
        if (_bytes > 0 && _bytes + arrived.Bytes > MaxBytes)
        {
            return false;
        }
        _bytes += arrived.Bytes;
        _parked.Add(arrived);
        return true;
    }

    /// <summary>Reads along the links, newest first.</summary>
    /// <param name="missing">Per dataset, the capture that is missing last, and what its table took.</param>
    /// <param name="done">Called when it is read, or is not.</param>
    public static async Task<IReadOnlyList<Capture>?> ReadAsync(CaptureStore captures, string shard,
        IReadOnlyList<(string Dataset, Link Last, ShippedLink? Taken)> missing, Action done, CancellationToken cancel)
    {
        try
        {
            var read = new SortedDictionary<long, Capture>();
            var bytes = 0L;
            foreach (var (dataset, last, taken) in missing)
            {
                for (Link? at = last; at is { } link && (taken is null || link.Number > taken.Value.Number);)
                {
                    if (!read.TryGetValue(link.Number, out var capture))
                    {
                        capture = await captures.ReadAsync(shard, link.Number, cancel);
                        if (capture is null || read.Count == MaxCaptures || (bytes += capture.Bytes.Length) > MaxBytes)
                        {
                            return null;
                        }
                        read.Add(link.Number, capture);
                    }
                    if (capture.Link != link)
                    {
                        return null;
                    }
                    at = capture.Header.Links.TryGetValue(dataset, out var before) ? before : null;
                }
            }
            return [.. read.Values];
        }
        finally
        {
            done();
        }
    }
}
