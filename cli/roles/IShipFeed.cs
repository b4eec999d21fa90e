using Pipeline.Shipper;

namespace Pipeline.Cli.Roles;

/// <summary>What brings captures to the shipper sooner than its catch-up finds them. Nothing depends on it: a feed that dies or brings nothing costs a catch-up period.</summary>
internal interface IShipFeed
{
    /// <summary>Runs beside the loop until told to stop. An outage of what it reads from is waited out, never thrown.</summary>
    Task RunAsync(ShipLoop loop, CancellationToken stop, CancellationToken abandon);
}
