using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Events;

/// <summary>What the shipper tells those around it. Numbers and names only.</summary>
public interface IShipEvents
{
    void Sealed(SealFacts facts);

    /// <summary>Another commit moved a shard that we hold frames of.</summary>
    void Conflict(string dataset, long version);

    /// <summary>A capture that had not come was read from the store.</summary>
    void Gap(string dataset, string shard, CaptureRange range);

    void Forked(Fork fork);

    /// <summary>
    /// An object of the shard is damaged or another's: the shard is stopped, and no other. The message names the object and what to do.
    /// </summary>
    void Damaged(string shard, DifferenceException why) { }

    /// <summary>A table took a capture's frame, which waits in memory from now on. Again, where it was let go and came again.</summary>
    /// <param name="table">The table as it was last read.</param>
    void Taken(string dataset, TakenFrame frame, TableState table) { }

    /// <summary>A round saw the shards' heads.</summary>
    void Looked(IReadOnlyList<ObservedHead> heads) { }

    /// <summary>A store does not answer; what was to be done is done later.</summary>
    void Waiting(Core.Store.StoreException fault);

    /// <summary>A message was left where it lies; the reason is one of <see cref="SetAsideReason"/>.</summary>
    void SetAside(FeedPosition position, string reason) { }

    /// <summary>The group gave us partitions; <paramref name="count"/>: all that the topic has.</summary>
    void Assigned(IReadOnlyList<int> partitions, int count) { }

    /// <summary>The group took partitions; where they were lost, before it told us.</summary>
    void Revoked(IReadOnlyList<int> partitions, bool lost) { }

    /// <summary>The broker can be reached again, or no longer.</summary>
    void Connected(bool up) { }
}
