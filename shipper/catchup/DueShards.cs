namespace Pipeline.Shipper.Catchup;

/// <summary>The shards that the capture store is to be read for, and up to which capture. One thread.</summary>
internal sealed class DueShards
{
    private readonly SortedDictionary<string, long?> _upTo = new(StringComparer.Ordinal);

    public int Count => _upTo.Count;

    public bool Contains(string shard) => _upTo.ContainsKey(shard);

    /// <param name="upTo">A capture's number; null: the head, which an earlier null stays.</param>
    public void Add(string shard, long? upTo) =>
        _upTo[shard] = upTo is null || _upTo.TryGetValue(shard, out var due) && due is null ? null
            : Math.Max(_upTo.GetValueOrDefault(shard) ?? 0, upTo.Value);

    /// <summary>
    /// Those that are due now; what becomes due meanwhile is of the next call. Each is removed before it is read, so that reading may make
    /// it due again.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, long?>> All() => [.. _upTo];

    public void Remove(string shard) => _upTo.Remove(shard);
}
