using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Compaction;
using Pipeline.Processor.Verify;
using Pipeline.Tests.Unit.Compaction;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>
/// A small installation with one of everything: two sources, both datasets, rejections, snapshots, pending captures, a table that was
/// restored and repaired, a compaction whose
/// inputs still stand, a receipt of a removal, an orphan, and a checkpoint.
/// </summary>
internal sealed class MatrixWorld
{
    public StoredWorld World { get; } = new(snapshotEvery: 4);

    /// <summary>Paths of segments that no live entry names.</summary>
    public HashSet<string> NotLive { get; } = new(StringComparer.Ordinal);

    public static async Task<MatrixWorld> MakeAsync(bool receipt)
    {
        var made = new MatrixWorld();
        var world = made.World;
        await StoreIdentity.InitAsync(world.Us, StoreRole.Capture, "us", [StoredWorld.Checks, StoredWorld.Agents], null);
        world.Us[StoreIdentity.ObjectName] = StoreIdentityJson.Encode(new(StoredWorld.StoreId, StoreRole.Capture, "us", Datasets, null));
        await StoreIdentity.InitAsync(world.Uk, StoreRole.Table, "uk", [StoredWorld.Checks, StoredWorld.Agents], StoredWorld.StoreId);
        for (var n = 0; n < 9; n++)
        {
            await made.CaptureAsync("web", StoredWorld.Rows(5 + n, n, n % 2), empty: n % 3);
            await made.CaptureAsync("edge", n % 2 == 0 ? StoredWorld.Rows(40 + n, n + 50) : null, n % 3 == 0 ? StoredWorld.Rows(3 + n, n)
                : null);
            if (n % 2 == 1)
            {
                await world.ShipAsync();
            }
        }
        await world.ShipAsync();
        await world.RestoreAsync((await world.TableAsync())!.Version - 1);
        foreach (var shard in new[] { "web", "edge" })
        {
            await world.Repairer().RunAsync(shard, new CaptureRange(0, 8));
        }
        await made.CompactAsync();
        foreach (var log in world.Logs)
        {
            await Checkpoint.WriteAsync(world.Uk, log.Contract.Dataset, (await log.OpenAsync())!, CancellationToken.None);
        }
        await made.CaptureAsync("web", StoredWorld.Rows(70, 90, 1));
        await made.CaptureAsync("edge", StoredWorld.Rows(71, 91, 1), StoredWorld.Rows(4, 91, 1));
        await world.ShipAsync();
        var live = (await world.TableAsync())!.Files;
        await foreach (var found in world.Uk.ListAsync(TableNames.Folder(StoredWorld.Checks.Dataset) + "date="))
        {
            if (!live.ContainsKey(found.Name[TableNames.Folder(StoredWorld.Checks.Dataset).Length..]))
            {
                made.NotLive.Add(found.Name);
            }
        }
        await made.CaptureAsync("web", StoredWorld.Rows(2, 95));
        if (receipt)
        {
            await world.ReceiptAsync(await world.VerifyAsync(deep: true));
        }
        return made;
    }

    /// <summary>What `verify` answers, with the checks of both stores that the program makes before. True: all is well.</summary>
    public async Task<bool> IsOkAsync(bool deep)
    {
        try
        {
            var us = await StoreIdentity.OpenAsync(World.Us, StoreRole.Capture, [StoredWorld.Checks, StoredWorld.Agents]);
            var uk = await StoreIdentity.OpenAsync(World.Uk, StoreRole.Table, [StoredWorld.Checks, StoredWorld.Agents]);
            return uk.CaptureStore == us.Id && us.Id == StoredWorld.StoreId && (await World.Verifier().RunAsync(deep)).Ok;
        }
        catch (Exception e) when (e is ConfigurationException or PolicyException)
        {
            return false;
        }
    }

    private static IReadOnlyList<string> Datasets => [StoredWorld.Agents.Dataset, StoredWorld.Checks.Dataset];

    private Task CaptureAsync(string shard, Row[]? checks = null, Row[]? agents = null, int empty = 0) =>
        World.CaptureAsync(shard, checks, agents, empty, change: header => header with
    {
        // Files go cold now and then, and are read again by the next capture.
        Cold = header.Number % 5 == 3 ? new ColdMark(header.Number + 1, true) : null, Version = header.Number % 5 == 3 ? 3 : 2,
        Contracts = new(StringComparer.Ordinal) { [StoredWorld.Checks.Dataset] = StoredWorld.Checks.Sha256,
            [StoredWorld.Agents.Dataset] = StoredWorld.Agents.Sha256 },
    });

    /// <summary>Compacts, removes what was replaced, and compacts again, so that replaced segments stand; and an orphan stands beside
    /// them.</summary>
    private async Task CompactAsync()
    {
        var events = new CompactWorld();
        var log = World.Logs[1];
        await new Compactor(log, World.Key.RowKey(), Workers.Inline, World.Clock, new CompactionPolicy(), events).RunAsync(null);
        World.Clock.Advance(TimeSpan.FromDays(8));
        await new OrphanedSegments(log, World.Key.RowKey(), Workers.Inline, World.Clock, OrphanedSegments.DefaultGrace, events)
            .RemoveAsync();
        await CaptureAsync("web", StoredWorld.Rows(60, 80, 1));
        await World.ShipAsync();
        await CaptureAsync("web", StoredWorld.Rows(61, 81, 1));
        await World.ShipAsync();
        await new Compactor(log, World.Key.RowKey(), Workers.Inline, World.Clock, new CompactionPolicy(), events).RunAsync(null);
        await World.SegmentAsync(StoredWorld.Rows(3, 99), StoredWorld.Day);
    }
}
