using Pipeline.Shipper.Events;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// What rounds saw of the shards' heads, and which of it is late (rules 14 and 15): what is ours and was already there at the round before
/// and has not come;
/// of another's shards, what stayed unshipped for two seal ages. Pure: no clock, no store.
/// </summary>
public sealed class HeadHistory
{
    private readonly Dictionary<string, ObservedHead> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (ObservedHead ObservedHead, TimeSpan At)> _waiting = new(StringComparer.Ordinal);

    /// <summary>The newest that is known of each shard: the next look begins behind it.</summary>
    public IReadOnlyDictionary<string, ObservedHead> Known => _known;

    /// <summary>A capture came, or a look saw one.</summary>
    public void Saw(ObservedHead observed)
    {
        if (!_known.TryGetValue(observed.Shard, out var known) || known.Head < observed.Head)
        {
            _known[observed.Shard] = observed;
        }
    }

    /// <summary>
    /// One round. Returns what is late: each has been seen by an earlier round, at least <paramref name="patience"/> ago, and has not come.
    /// </summary>
    /// <param name="looked">The heads as this round saw them.</param>
    /// <param name="now">By a clock that never goes back.</param>
    /// <param name="taken">The number of the last capture of a shard (first) that has come for a dataset (second): shipped, or in
    /// memory.</param>
    public IReadOnlyList<ObservedHead> Round(IEnumerable<ObservedHead> looked, TimeSpan now, Func<string, string, long?> taken, Func<string,
        TimeSpan> patience)
    {
        var late = new List<ObservedHead>();
        foreach (var observed in looked)
        {
            Saw(observed);
            if (_waiting.TryGetValue(observed.Shard, out var waiting) && !Came(waiting.ObservedHead, taken))
            {
                if (now - waiting.At >= patience(observed.Shard))
                {
                    late.Add(waiting.ObservedHead);
                    // What was there at this round is late at the next, while this one is being read.
                    _waiting[observed.Shard] = (observed, now);
                }
            }
            else if (Came(observed, taken))
            {
                _waiting.Remove(observed.Shard);
            }
            else
            {
                _waiting[observed.Shard] = (observed, now);
            }
        }
        return late;
    }

    private static bool Came(ObservedHead observed, Func<string, string, long?> taken) =>
        observed.Newest.All(newest => taken(observed.Shard, newest.Key) is { } number && number >= newest.Value);
}
