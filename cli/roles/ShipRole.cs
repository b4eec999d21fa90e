using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;

namespace Pipeline.Cli.Roles;

/// <summary>Wires the shipper of an installation.</summary>
public static class ShipRole
{
    /// <param name="feed">What <see cref="Feed"/> fills; null: the embedded way.</param>
    public static ShipLoop Create(OpenInstallation installation, SealPolicy policy, TimeSpan period, Workers workers, IShipEvents events,
        FeedQueue? feed = null)
    {
        // Passes of a seal hold up to half a million rows each: as many at once as there are cores.
        var slots = new SemaphoreSlim(workers.Width);
        var rowKey = installation.Key.RowKey();
        var tables = installation.Logs.Select(log => new TableShipper(
            log.Contract, log, new Committer(log, events.Waiting),
            new Sealer(log, rowKey, workers, slots, installation.Time, events.Waiting),
            installation.Time, events)).ToList();
        return new ShipLoop(installation.Captures, tables, new ShipPolicy(policy, period), installation.Time, events, feed);
    }

    /// <summary>The topic as a feed of the shipper; it is not started.</summary>
    public static KafkaFeed Feed(OpenInstallation installation, KafkaConnection kafka, FeedQueue queue, Action<string> log) => new(
        new KafkaFeedOptions { Topic = kafka.Topic, Group = kafka.Group, Client = kafka.Properties }, queue,
        new MessageReader(installation.CaptureStore.Id, installation.Key.Captures()), installation.Time, log);
}
