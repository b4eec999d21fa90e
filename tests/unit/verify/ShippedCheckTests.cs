using Pipeline.Cli.Installation;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Xunit;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>A process that holds both stores compares them before it writes.</summary>
public sealed class ShippedCheckTests
{
    private static async Task<(StoredWorld World, ShippedCheck Check)> WorldAsync()
    {
        var world = new StoredWorld();
        for (var n = 0; n < 4; n++)
        {
            await world.CaptureAsync("web", StoredWorld.Rows(3, n));
        }
        await world.CaptureAsync("edge", StoredWorld.Rows(2, 9));
        await world.ShipAsync();
        await world.CaptureAsync("web");
        var check = new ShippedCheck(world.Captures);
        foreach (var log in world.Logs)
        {
            check.Add(log.Contract.Dataset, (await log.OpenAsync())!.Shipped);
        }
        return (world, check);
    }

    [Fact]
    public async Task Rule_12_a_capture_store_below_what_is_shipped_stops_its_shard_before_anything_is_written()
    {
        var (world, check) = await WorldAsync();
        await check.RunAsync("web", TestContext.Current.CancellationToken);
        var whole = world.Us.Snapshot();
        foreach (var number in new long[] { 2, 3, 4 })
        {
            world.Us.Remove(CaptureNames.Capture("web", number));
        }
        var stopped = await Assert.ThrowsAsync<ForkException>(() => check.RunAsync("web", TestContext.Current.CancellationToken));
        Assert.Contains("shard web: a fork at capture 2: the table of xencenter-checks has shipped up to capture 3, the store's newest " +
            "is 1", stopped.Message, StringComparison.Ordinal);
        // The other shards go on, and so does this one when its captures are back.
        await check.RunAsync("edge", TestContext.Current.CancellationToken);
        await check.RunAsync("new", TestContext.Current.CancellationToken);
        world.Us.Restore(whole);
        await check.RunAsync("web", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Another_capture_under_the_number_that_is_shipped_stops_its_shard()
    {
        var (world, check) = await WorldAsync();
        foreach (var number in new long[] { 3, 4 })
        {
            world.Us.Remove(CaptureNames.Capture("web", number));
        }
        await world.RestartAsync("web");
        await world.CaptureAsync("web", StoredWorld.Rows(3, 77));
        var stopped = await Assert.ThrowsAsync<ForkException>(() => check.RunAsync("web", TestContext.Current.CancellationToken));
        Assert.Contains("took another capture of this number", stopped.Message, StringComparison.Ordinal);
    }
}
