using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Shipper.Events;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// Looks where the shards' heads are, by names and headers only: two probes for a shard of which there is nothing new, many shards at once.
/// Touches no table, so the loop goes on meanwhile.
/// </summary>
internal sealed class HeadWatch(CaptureStore captures)
{
    private const int AtOnce = 32;

    /// <param name="known">What was seen before: the search begins behind it.</param>
    /// <param name="others">Shards that the tables know.</param>
    public async Task<IReadOnlyList<ObservedHead>> LookAsync(IReadOnlyDictionary<string, ObservedHead> known, IEnumerable<string> others,
        CancellationToken cancel)
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
        try
        {
            // The store first, not memory: what was known must still stand.
            if (known is { Head: >= 0 }
                && await KnownHead.ContradictionAsync(captures, shard, known.Head, known.Mark, cancel) is { } contradiction)
            {
                return known with { Contradiction = contradiction };
            }
            var there = await NewestAsync(shard, known?.Head ?? await captures.NewestSnapshotAsync(shard, cancel) ?? -1, cancel);
            return there == known?.Head ? known
                : there >= 0 && await captures.HeaderAsync(shard, there, cancel) is { } header ? ObservedHead.Of(header) : Nothing(shard);
        }
        catch (Exception e) when (e is DifferenceException or ConfigurationException)
        {
            // What is wrong with it, the reading that reads it whole says.
            return Nothing(shard);
        }
    }

    /// <summary>Numbers have no gap above the newest snapshot, so the head is found by doubling and halving.</summary>
    private async Task<long> NewestAsync(string shard, long there, CancellationToken cancel)
    {
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
        return there;
    }

    private static ObservedHead Nothing(string shard) => new(shard, -1, new Dictionary<string, long>());

    private async Task<bool> ExistsAsync(string shard, long number, CancellationToken cancel) =>
        await captures.Store.FindAsync(CaptureNames.Capture(shard, number), cancel) is not null;
}
