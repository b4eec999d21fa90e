using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;

namespace Pipeline.Tests.Fakes;

/// <summary>One member of the group: hands on what lies on its partitions, one message at a time, in order within each; what the queue has
/// no room for waits.</summary>
public sealed class SimulatedFeed(SimulatedTopic topic, FeedQueue queue, MessageReader reader, TimeProvider time, Random random)
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    private readonly Dictionary<int, long> _positions = [];

    /// <summary>Messages handed on.</summary>
    public long Delivered { get; private set; }

    /// <summary>Runs until the token is cancelled, and then leaves the group. <paramref name="pass"/> holds it where its process is
    /// held.</summary>
    public async Task RunAsync(CancellationToken stop, Func<Task>? pass = null)
    {
        while (!stop.IsCancellationRequested)
        {
            if (pass is not null)
            {
                await pass();
            }
            Commit();
            await Task.Delay(DeliverOne() ? topic.Faults.Latency * random.NextDouble() : Idle, time, CancellationToken.None);
        }
        Commit();
        topic.Leave(this);
    }

    internal void Assigned(int partition, long from, int count)
    {
        _positions[partition] = from;
        queue.TryAdd(new FeedEvent.Assigned([partition], count));
    }

    internal void Revoked(int partition, bool lost)
    {
        _positions.Remove(partition);
        queue.TryAdd(new FeedEvent.Revoked([partition], lost));
    }

    private void Commit()
    {
        foreach (var (partition, offset) in queue.TakeShipped())
        {
            topic.Commit(this, partition, offset);
        }
    }

    private bool DeliverOne()
    {
        var mine = topic.PartitionsOf(this).ToArray();
        random.Shuffle(mine);
        foreach (var partition in mine)
        {
            var offset = _positions[partition];
            if (topic.Read(partition, ref offset) is { } message && queue.TryAdd(
                reader.Read(new FeedPosition(topic.Name, partition, offset), message.Key, message.Value)))
            {
                _positions[partition] = offset + 1;
                Delivered++;
                return true;
            }
        }
        return false;
    }
}
