namespace Pipeline.Shipper.Feed;

/// <summary>What a partition is to this shipper.</summary>
public enum PartitionState
{
    /// <summary>Never ours, or of no topic that we know.</summary>
    Elsewhere,
    /// <summary>Ours: what arrives on it is taken.</summary>
    Assigned,
    /// <summary>It was ours and was given up when the group asked: what arrives late is not taken.</summary>
    Revoked,
    /// <summary>It was ours, and the group had given it away before we heard: likewise.</summary>
    Lost,
}

/// <summary>
/// Which partitions are ours, which shards came on them, and up to where each one is shipped. One thread, no I/O. Nothing here decides what
/// is true:
/// it decides who works, and how far Kafka need not go back (rules 15, 17 and 18).
/// </summary>
public sealed class Assignment
{
    private readonly Dictionary<int, PartitionState> _states = [];
    private readonly Dictionary<string, int> _shards = new(StringComparer.Ordinal);
    private readonly Dictionary<int, Passage> _passages = [];
    private int _count;

    /// <summary>Whether any partition is ours.</summary>
    public bool HasAny => _states.ContainsValue(PartitionState.Assigned);

    public PartitionState StateOf(int partition) => _states.GetValueOrDefault(partition);

    /// <summary>
    /// Whether the shard's messages come to us: by the partition that its key belongs to, or the one that it last came on, which differ for
    /// a while when the topic has grown.
    /// </summary>
    public bool Owns(string shard) =>
        _count > 0 && StateOf(Murmur2.Partition(shard, _count)) == PartitionState.Assigned || _shards.TryGetValue(shard, out var last)
            && StateOf(last) == PartitionState.Assigned;

    public void Assign(IEnumerable<int> partitions, int count)
    {
        _count = count;
        foreach (var partition in partitions)
        {
            _states[partition] = PartitionState.Assigned;
            // What it was told of before, somebody else may have gone on with.
            _passages.Remove(partition);
        }
    }

    /// <returns>The shards whose frames are to be let go: those that came on these partitions and on no other of ours since (rule
    /// 17).</returns>
    public IReadOnlyList<string> Revoke(IEnumerable<int> partitions, bool lost)
    {
        foreach (var partition in partitions)
        {
            _states[partition] = lost ? PartitionState.Lost : PartitionState.Revoked;
            _passages.Remove(partition);
        }
        var gone = _shards.Where(s => StateOf(s.Value) != PartitionState.Assigned).Select(s => s.Key).Order(StringComparer.Ordinal)
            .ToList();
        gone.ForEach(shard => _shards.Remove(shard));
        return gone;
    }

    /// <summary>A message came. False: its partition is not ours, leave it.</summary>
    public bool Arrived(int partition, long offset, string shard, long number)
    {
        if (StateOf(partition) != PartitionState.Assigned)
        {
            return false;
        }
        _shards[shard] = partition;
        Pass(partition, offset).Waiting.Enqueue((offset, shard, number));
        return true;
    }

    /// <summary>A message came that is nothing to wait for.</summary>
    public void Passed(int partition, long offset)
    {
        if (StateOf(partition) == PartitionState.Assigned)
        {
            Pass(partition, offset);
        }
    }

    /// <summary>
    /// Rule 18: per partition of ours, the offset of the first message that is still waited for, where it moved since the last call.
    /// </summary>
    /// <param name="held">Whether a table still holds frames of the shard's capture or of one before it.</param>
    public IReadOnlyDictionary<int, long> Shipped(Func<string, long, bool> held)
    {
        var moved = new Dictionary<int, long>();
        foreach (var (partition, passage) in _passages)
        {
            while (passage.Waiting.TryPeek(out var first) && !held(first.Shard, first.Number))
            {
                passage.Waiting.Dequeue();
            }
            var upTo = passage.Waiting.TryPeek(out var waiting) ? waiting.Offset : passage.Next;
            if (upTo > passage.Told)
            {
                moved[partition] = passage.Told = upTo;
            }
        }
        return moved;
    }

    private Passage Pass(int partition, long offset)
    {
        if (!_passages.TryGetValue(partition, out var passage) || offset < passage.Next - 1)
        {
            // New to us, or the partition begins again: it was re-created, or its offsets were set back.
            _passages[partition] = passage = new() { Told = offset };
        }
        passage.Next = offset + 1;
        return passage;
    }

    private sealed class Passage
    {
        public Queue<(long Offset, string Shard, long Number)> Waiting { get; } = new();
        public long Next { get; set; }
        public long Told { get; set; }
    }
}
