using System.Text;
using Pipeline.Shipper.Feed;

namespace Pipeline.Tests.Fakes;

/// <summary>What goes wrong on a topic. Chances from 0 to 1.</summary>
public sealed record SimulatedTopicFaults
{
    public double Lost { get; init; }
    public double Doubled { get; init; }
    /// <summary>A rebalance hands the partition over at an offset drawn between the topic's start and what was committed.</summary>
    public double OffsetsReset { get; init; }
    /// <summary>The most time between two messages of one member: so partitions overtake each other, and never themselves.</summary>
    public TimeSpan Latency { get; init; }
}

/// <summary>
/// One topic and one consumer group, on the simulation's thread: messages lie in partitions in the order in which they were published, and
/// come to whoever has the partition now,
/// from the committed offset on. Everything that a broker may do to a message but to change it.
/// </summary>
public sealed class SimulatedTopic(string name, int partitions, TimeProvider time, Random random, SimulatedTopicFaults faults)
{
    private readonly List<List<(byte[] Key, byte[] Value)>> _logs = [.. Enumerable.Range(0, partitions)
        .Select(_ => new List<(byte[], byte[])>())];
    private readonly Dictionary<int, SimulatedFeed> _owners = [];
    private readonly Dictionary<int, long> _committed = [], _starts = [];
    private readonly List<SimulatedFeed> _members = [];

    public string Name => name;

    public SimulatedTopicFaults Faults { get; set; } = faults;

    public int Partitions => _logs.Count;

    public long Messages => _logs.Sum(log => (long)log.Count);

    /// <summary>A message as the publisher sends it; whether it arrives, and how often, the faults decide.</summary>
    public void Publish(string shard, ReadOnlyMemory<byte> value)
    {
        if (random.NextDouble() >= Faults.Lost)
        {
            Put(shard, value.ToArray());
            if (random.NextDouble() < Faults.Doubled)
            {
                Put(shard, value.ToArray());
            }
        }
    }

    /// <summary>A message by anybody, to the partition that its key belongs to.</summary>
    public void Put(string key, byte[] value) => _logs[Murmur2.Partition(key, _logs.Count)].Add((Encoding.UTF8.GetBytes(key), value));

    /// <summary>Any message that lies on the topic; null where there is none.</summary>
    public (string Key, byte[] Value)? Draw(Random draw)
    {
        var all = _logs.SelectMany(log => log).ToList();
        return all.Count == 0 ? null : all[draw.Next(all.Count)] is var (key, value) ? (Encoding.UTF8.GetString(key), value) : null;
    }

    /// <summary>A consumer that joins; it has its share after the next rebalance.</summary>
    public SimulatedFeed Join(FeedQueue queue, MessageReader reader)
    {
        var member = new SimulatedFeed(this, queue, reader, time, new Random(random.Next()));
        _members.Add(member);
        Rebalance();
        return member;
    }

    /// <summary>A member that the group was rid of, and that goes on.</summary>
    public void Rejoin(SimulatedFeed member)
    {
        if (!_members.Contains(member))
        {
            _members.Add(member);
            Rebalance();
        }
    }

    /// <summary>The group is rid of a member, which may or may not hear of it.</summary>
    public void Leave(SimulatedFeed member)
    {
        if (_members.Remove(member))
        {
            Rebalance();
        }
    }

    /// <summary>Shares the partitions out anew: some move, some stay (cooperative). A member with none is possible.</summary>
    public void Rebalance()
    {
        for (var partition = 0; partition < _logs.Count; partition++)
        {
            var before = _owners.GetValueOrDefault(partition);
            var after = before is not null && _members.Contains(before) && random.Next(2) == 0 ? before : _members.Count == 0 ? null
                : _members[random.Next(_members.Count)];
            if (before != after)
            {
                Move(partition, before, after, lost: before is not null && !_members.Contains(before));
            }
        }
    }

    /// <summary>Deleted and made again under its name: empty, numbered from 0. What the group committed may be forgotten, or be the old
    /// topic's.</summary>
    public void Recreate(int count)
    {
        var stale = random.Next(2) == 0;
        foreach (var (partition, owner) in _owners.ToList())
        {
            Move(partition, owner, null, lost: true);
        }
        _logs.Clear();
        _logs.AddRange(Enumerable.Range(0, count).Select(_ => new List<(byte[], byte[])>()));
        _starts.Clear();
        if (!stale)
        {
            _committed.Clear();
        }
        Rebalance();
    }

    /// <summary>More partitions: from now on shards may lie elsewhere.</summary>
    public void Grow(int more)
    {
        _logs.AddRange(Enumerable.Range(0, more).Select(_ => new List<(byte[], byte[])>()));
        Rebalance();
    }

    /// <summary>The oldest messages are deleted, come or not.</summary>
    public void Truncate()
    {
        for (var partition = 0; partition < _logs.Count; partition++)
        {
            _starts[partition] = random.Next(_logs[partition].Count + 1);
        }
    }

    internal IEnumerable<int> PartitionsOf(SimulatedFeed member) => _owners.Where(o => o.Value == member).Select(o => o.Key).Order();

    internal (byte[] Key, byte[] Value)? Read(int partition, ref long offset)
    {
        // Out of range, either way: begin at the earliest (auto.offset.reset).
        var start = _starts.GetValueOrDefault(partition);
        if (offset < start || offset > _logs[partition].Count)
        {
            offset = start;
        }
        return offset < _logs[partition].Count ? _logs[partition][(int)offset] : null;
    }

    internal void Commit(SimulatedFeed member, int partition, long offset)
    {
        if (_owners.GetValueOrDefault(partition) == member)
        {
            _committed[partition] = offset;
        }
    }

    private void Move(int partition, SimulatedFeed? before, SimulatedFeed? after, bool lost)
    {
        before?.Revoked(partition, lost);
        _owners.Remove(partition);
        if (after is not null)
        {
            _owners[partition] = after;
            var from = _committed.GetValueOrDefault(partition);
            after.Assigned(partition, random.NextDouble() < Faults.OffsetsReset ? random.NextInt64(from + 1) : from, _logs.Count);
        }
    }
}
