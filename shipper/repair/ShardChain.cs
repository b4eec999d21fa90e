using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;

namespace Pipeline.Shipper.Repair;

/// <summary>
/// A stretch of a shard's captures that is proven: from the first asked for up to one whose hash the table itself keeps, each naming the
/// sha256 of the one before. Holds a link and the sizes of each, never a capture.
/// </summary>
internal sealed class ShardChain
{
    private const int MaxNamed = 20;

    private readonly SortedDictionary<long, Proven> _items = [];

    /// <summary>A capture's link, and per dataset the length and rows of its frame.</summary>
    public sealed record Proven(Link Link, IReadOnlyDictionary<string, (long Bytes, long Rows)> Frames);

    public Proven this[long number] => _items[number];

    /// <param name="anchors">Links that tables keep at or above <paramref name="from"/>, the highest last; the captures are read up to the
    /// highest.</param>
    /// <exception cref="PipelineException">3: captures are gone, cannot be read, or are not what later ones or the table name; all are
    /// named, and nothing was changed.</exception>
    public static async Task<ShardChain> ReadAsync(CaptureStore captures, string shard, long from, IReadOnlyList<ShippedLink> anchors,
        CancellationToken cancel)
    {
        var chain = new ShardChain();
        var faults = new List<string>();
        Link? before = null;
        for (var number = from; number <= anchors.Max(a => a.Number); number++)
        {
            Capture? capture = null;
            try
            {
                capture = await captures.ReadAsync(shard, number, cancel);
                if (capture is null)
                {
                    faults.Add($"capture {number} is gone");
                }
            }
            catch (DifferenceException e)
            {
                faults.Add($"capture {number} cannot be read ({e.Message})");
            }
            if (capture is null)
            {
                before = null;
                continue;
            }
            if (before is { } last && capture.Header.Previous != last.Hash)
            {
                faults.Add($"capture {last.Number} has sha256 {last.Hash.ToString()[..12]}, and capture {number} names " +
                    $"{capture.Header.Previous?.ToString()[..12] ?? "none"} before it");
            }
            if (anchors.Any(anchor => anchor.Number == number && !anchor.Matches(capture.Link)))
            {
                faults.Add($"capture {number} is not the one that the table took");
            }
            chain._items[number] =
                new Proven(capture.Link, capture.Header.Frames.ToDictionary(f => f.Dataset, f => ((long)f.Length, f.Rows)));
            before = capture.Link;
        }
        return faults.Count == 0 ? chain : throw new DifferenceException(
            $"shard {shard} in {captures.Store.Location} cannot be repaired from capture {from} on: " +
            $"{string.Join("; ", faults.Take(MaxNamed))}{(faults.Count > MaxNamed ? $"; and {faults.Count - MaxNamed} more" : "")}. "
            + "Nothing was changed. Restore the captures that are named, or repair a range that ends below them.");
    }
}
