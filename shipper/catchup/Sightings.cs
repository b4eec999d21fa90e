using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Catchup;

/// <summary>A shard's newest capture at some instant, and each dataset's newest up to there, by number. Head −1: the store has nothing of it.</summary>
public sealed record Sighting(string Shard, long Head, IReadOnlyDictionary<string, long> Newest)
{
    public static Sighting Of(CaptureHeader header)
    {
        var newest = header.Links.ToDictionary(l => l.Key, l => l.Value.Number, StringComparer.Ordinal);
        foreach (var frame in header.Frames)
        {
            newest[frame.Dataset] = header.Number;
        }
        return new(header.Shard, header.Number, newest);
    }
}

/// <summary>
/// What rounds saw of the shards' heads, and which of it is late (rules 14 and 15): what is ours and was already there at the round before and has not come;
/// of another's shards, what stayed unshipped for two seal ages. Pure: no clock, no store.
/// </summary>
public sealed class Sightings
{
    private readonly Dictionary<string, Sighting> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Sighting Sighting, TimeSpan At)> _waiting = new(StringComparer.Ordinal);

    /// <summary>The newest that is known of each shard: the next look begins behind it.</summary>
    public IReadOnlyDictionary<string, Sighting> Known => _known;

    /// <summary>A capture came, or a look saw one.</summary>
    public void Saw(Sighting sighting)
    {
        if (!_known.TryGetValue(sighting.Shard, out var known) || known.Head < sighting.Head)
        {
            _known[sighting.Shard] = sighting;
        }
    }

    /// <summary>One round. Returns what is late: each has been seen by an earlier round, at least <paramref name="patience"/> ago, and has not come.</summary>
    /// <param name="looked">The heads as this round saw them.</param>
    /// <param name="now">By a clock that never goes back.</param>
    /// <param name="taken">The number of the last capture of a shard (first) that has come for a dataset (second): shipped, or in memory.</param>
    public IReadOnlyList<Sighting> Round(IEnumerable<Sighting> looked, TimeSpan now, Func<string, string, long?> taken, Func<string, TimeSpan> patience)
    {
        var late = new List<Sighting>();
        foreach (var sighting in looked)
        {
            Saw(sighting);
            if (_waiting.TryGetValue(sighting.Shard, out var waiting) && !Came(waiting.Sighting, taken))
            {
                if (now - waiting.At >= patience(sighting.Shard))
                {
                    late.Add(waiting.Sighting);
                    // What was there at this round is late at the next, while this one is being read.
                    _waiting[sighting.Shard] = (sighting, now);
                }
            }
            else if (Came(sighting, taken))
            {
                _waiting.Remove(sighting.Shard);
            }
            else
            {
                _waiting[sighting.Shard] = (sighting, now);
            }
        }
        return late;
    }

    private static bool Came(Sighting sighting, Func<string, string, long?> taken) =>
        sighting.Newest.All(newest => taken(sighting.Shard, newest.Key) is { } number && number >= newest.Value);
}
