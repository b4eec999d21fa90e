using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Shipper.Events;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// What the fast path tells the ship loop, in the order in which it happened. Immutable: made on the feed's thread, read on the loop's.
/// </summary>
public abstract record FeedEvent
{
    /// <summary>Bytes that the event keeps in memory.</summary>
    public virtual int Bytes => 0;

    /// <summary>A message that is a capture of our store. Its hash was computed from what came.</summary>
    public sealed record Arrived(FeedPosition Position, Capture Capture) : FeedEvent
    {
        public override int Bytes => Capture.Bytes.Length;
    }

    /// <summary>A message that is not a capture of ours: skipped and reported. Never holds its content.</summary>
    public sealed record SetAside(FeedPosition Position, string Reason) : FeedEvent
    {
        /// <summary>A flood of them fills the queue as captures do, and waits on the topic.</summary>
        public override int Bytes => 128;
    }

    /// <summary>
    /// These partitions, of <paramref name="Count"/> that the topic has, are ours from now on, beside those that we have.
    /// </summary>
    public sealed record Assigned(IReadOnlyList<int> Partitions, int Count) : FeedEvent;

    /// <summary>
    /// These partitions are another's from now on. <paramref name="Lost"/>: the group gave them away before we were asked.
    /// </summary>
    public sealed record Revoked(IReadOnlyList<int> Partitions, bool Lost) : FeedEvent;

    /// <summary>
    /// Whether the broker can be reached. While it cannot, nobody's messages come, and the catch-up takes everybody's shards.
    /// </summary>
    public sealed record Connection(bool Up) : FeedEvent;

    /// <summary>The feed itself ended, which is a fault of this program. No message can make it.</summary>
    public sealed record Stopped(PipelineException Why) : FeedEvent;
}
