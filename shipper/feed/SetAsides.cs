using Pipeline.Shipper.Events;

namespace Pipeline.Shipper.Feed;

/// <summary>A message that was left where it lies, and why.</summary>
public sealed record SetAside(FeedPosition Position, string Reason);

/// <summary>
/// What was set aside: counted by reason, and the newest hundred by position. Any number of foreign messages costs no more than that.
/// </summary>
public sealed class SetAsides
{
    public const int Remembered = 100;

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly Queue<SetAside> _newest = new();

    /// <summary>Messages by reason, since this process began.</summary>
    public IReadOnlyDictionary<string, long> Counts
    {
        get
        {
            lock (_lock)
            {
                return new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>The newest, oldest of them first.</summary>
    public IReadOnlyList<SetAside> Newest
    {
        get
        {
            lock (_lock)
            {
                return [.. _newest];
            }
        }
    }

    public void Add(SetAside message)
    {
        lock (_lock)
        {
            _counts[message.Reason] = _counts.GetValueOrDefault(message.Reason) + 1;
            _newest.Enqueue(message);
            if (_newest.Count > Remembered)
            {
                _newest.Dequeue();
            }
        }
    }
}
