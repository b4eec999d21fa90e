using Pipeline.Shipper.Catchup;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// The seam between the feed, which has a thread of its own, and the ship loop: events in order, bounded by the bytes that they hold. A
/// full queue takes no message: the feed
/// waits, then pauses its partitions and keeps polling, so that it stays in the group for as long as a store is out (rule 17). Nothing is
/// ever dropped from it.
/// </summary>
/// <param name="mostBytes">Bytes of messages. 1 MiB to 256 MiB; one message passes however large it is. More: fewer pauses, more
/// memory.</param>
public sealed class FeedQueue(long mostBytes = 16L << 20)
{
    private readonly object _lock = new();
    private readonly Queue<FeedEvent> _events = new();
    private Dictionary<int, long> _shipped = [];
    private long _bytes;

    /// <summary>Rung when the queue is no longer empty: the loop waits at it.</summary>
    public Notices Notices { get; } = new();

    /// <summary>Whether a message would be taken now.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_lock)
            {
                return _bytes < mostBytes;
            }
        }
    }

    /// <summary>
    /// Adds an event; false, and nothing done, where it comes of a message, taken or set aside, and the queue is full. Control events are
    /// always accepted; they are rare.
    /// </summary>
    public bool TryAdd(FeedEvent happened)
    {
        bool wake;
        lock (_lock)
        {
            if (happened.Bytes > 0 && _bytes >= mostBytes)
            {
                return false;
            }
            wake = _events.Count == 0;
            _events.Enqueue(happened);
            _bytes += happened.Bytes;
        }
        if (wake)
        {
            Notices.Ring();
        }
        return true;
    }

    /// <summary>
    /// The oldest event, left where it is: it is removed when it was dealt with, so that an outage in the middle loses nothing.
    /// </summary>
    public bool TryPeek(out FeedEvent happened)
    {
        lock (_lock)
        {
            return _events.TryPeek(out happened!);
        }
    }

    public void Remove()
    {
        lock (_lock)
        {
            _bytes -= _events.Dequeue().Bytes;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>On the feed's thread: returns when there is room, at the latest after the bound.</summary>
    public void WaitForRoom(TimeSpan bound)
    {
        lock (_lock)
        {
            if (_bytes >= mostBytes)
            {
                Monitor.Wait(_lock, bound);
            }
        }
    }

    /// <summary>
    /// The loop tells up to where each partition's captures are in the tables (rule 18): the offset of the first message that is not.
    /// </summary>
    public void Shipped(IReadOnlyDictionary<int, long> offsets)
    {
        lock (_lock)
        {
            foreach (var (partition, offset) in offsets)
            {
                _shipped[partition] = offset;
            }
        }
    }

    /// <summary>What <see cref="Shipped"/> was told since the last call; empty where nothing.</summary>
    public IReadOnlyDictionary<int, long> TakeShipped()
    {
        lock (_lock)
        {
            var taken = _shipped;
            _shipped = taken.Count == 0 ? taken : [];
            return taken;
        }
    }
}
