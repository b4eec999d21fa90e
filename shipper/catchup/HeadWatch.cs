using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// Looks where the shards' heads are, by names and headers only: one probe for a shard of which there is nothing new, many shards at once. Touches no table, so the loop goes on meanwhile.
/// </summary>
internal sealed class HeadWatch(CaptureStore captures)
{
    private const int AtOnce = 32;
    private const int HeaderGuess = 16 << 10;

    /// <param name="known">What was seen before: the search begins behind it.</param>
    /// <param name="others">Shards that the tables know.</param>
    public async Task<IReadOnlyList<ObservedHead>> LookAsync(IReadOnlyDictionary<string, ObservedHead> known, IEnumerable<string> others, CancellationToken cancel)
    {
        var shards = new SortedSet<string>(others, StringComparer.Ordinal);
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            shards.Add(shard);
        }
        var seen = new List<ObservedHead>();
        foreach (var some in shards.Chunk(AtOnce))
        {
            seen.AddRange(await Task.WhenAll(some.Select(shard => LookAsync(shard, known.GetValueOrDefault(shard), cancel))));
        }
        return seen;
    }

    private async Task<ObservedHead> LookAsync(string shard, ObservedHead? known, CancellationToken cancel)
    {
        // Numbers have no gap above the newest snapshot, so the head is found by doubling and halving.
        var there = known?.Head ?? await captures.NewestSnapshotAsync(shard, cancel) ?? -1;
        var step = 1L;
        for (; await ExistsAsync(shard, there + step, cancel); step *= 2)
        {
            there += step;
        }
        for (var free = there + step; free - there > 1;)
        {
            var middle = there + (free - there) / 2;
            (there, free) = await ExistsAsync(shard, middle, cancel) ? (middle, free) : (there, middle);
        }
        if (there == known?.Head)
        {
            return known;
        }
        return there >= 0 && await HeaderAsync(shard, there, cancel) is { } header ? ObservedHead.Of(header) : new ObservedHead(shard, -1, new Dictionary<string, long>());
    }

    private async Task<bool> ExistsAsync(string shard, long number, CancellationToken cancel) =>
        await captures.Store.FindAsync(CaptureNames.Capture(shard, number), cancel) is not null;

    /// <summary>The header alone; null where it is gone or is no capture: what is wrong with it, the round that reads it whole says.</summary>
    private async Task<CaptureHeader?> HeaderAsync(string shard, long number, CancellationToken cancel)
    {
        var name = CaptureNames.Capture(shard, number);
        var bytes = await captures.Store.ReadRangeAsync(name, 0, HeaderGuess, cancel);
        try
        {
            if (bytes is not null && CaptureFile.HeaderLength(bytes, name) is var length && length > bytes.Length)
            {
                bytes = await captures.Store.ReadRangeAsync(name, 0, length, cancel);
            }
            return bytes is null ? null : captures.DecodeHeader(shard, number, bytes, name);
        }
        catch (Exception e) when (e is InvalidDataException or DifferenceException or ConfigurationException)
        {
            return null;
        }
    }
}
