using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Feed;

/// <summary>Where a message lies on the topic.</summary>
public readonly record struct FeedPosition(string Topic, int Partition, long Offset)
{
    public override string ToString() => $"{Topic}/{Partition}@{Offset}";
}

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

    /// <summary>A message that is none: left where it lies, and named. Never holds what the message held.</summary>
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

/// <summary>Why a message was set aside: a closed list, for counters and logs.</summary>
public static class SetAsideReason
{
    /// <summary>Empty, not a capture, or its header cannot be read.</summary>
    public const string Unparsable = "unparsable";
    /// <summary>A capture of another store (rule 9).</summary>
    public const string ForeignStore = "foreign-store";
    /// <summary>A capture made under another key (rule 28).</summary>
    public const string ForeignKey = "foreign-key";
    /// <summary>
    /// It says our store and key, and its code does not prove it: forged, changed, or of 0.1.0, which had no code. Catch-up brings what is
    /// ours.
    /// </summary>
    public const string Unauthenticated = "unauthenticated";
    /// <summary>Its header is ours, and its blocks are not what the header was made with.</summary>
    public const string Damaged = "damaged";
    /// <summary>It says that it is of a later version: were it ours, catch-up would find it in the store and stop there.</summary>
    public const string LaterVersion = "later-version";
    /// <summary>The message's key is not the shard that the capture names.</summary>
    public const string WrongKey = "wrong-key";
    /// <summary>What the table took and what the message says cannot both be true: the capture store decides.</summary>
    public const string Contradiction = "contradiction";

    public static IReadOnlyList<string> All { get; } =
        [Unparsable, ForeignStore, ForeignKey, Unauthenticated, Damaged, LaterVersion, WrongKey, Contradiction];
}
