using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Repair;
using Pipeline.Shipper.Seal;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Compaction;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Traps;

/// <summary>A disk that is full when something is to be deleted: the receipt comes first, and without it nothing goes.</summary>
public sealed class DeletionTrapTests
{
    [Fact]
    public async Task A_removal_in_a_full_store_removes_nothing_and_goes_on_when_there_is_room()
    {
        var world = await CompactWorld.OfAsync(seals: 4, days: 1);
        await world.Compactor().RunAsync(null);
        world.World.Clock.Advance(TimeSpan.FromDays(8));
        var before = await world.StoredAsync();
        var full = new FaultyStore(world.World.Uk, operation => operation.Verb is StoreVerb.Put or StoreVerb.Overwrite ? Fault.FailBefore
            : Fault.None);
        var removal = world.Orphaned(full).RemoveAsync(TestContext.Current.CancellationToken);
        for (var tries = 0; tries < 10; tries++)
        {
            world.World.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        Assert.False(removal.IsCompleted);
        Assert.DoesNotContain(full.Operations, o => o.Verb == StoreVerb.Delete);
        Assert.Equal(before, await world.StoredAsync());

        full.Plan = _ => Fault.None;
        while (!removal.IsCompleted)
        {
            world.World.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }
        Assert.Equal(4, (await removal).Removed);
        await world.AssertSoundAsync();
    }

    /// <summary>A repair's captures lie below what is shipped, as a dead shipper's do: its segments must not be taken for void while its
    /// commit is on the way.</summary>
    [Fact]
    public async Task Segments_of_a_repair_under_way_are_not_void_and_its_commit_finds_them()
    {
        var world = await CompactWorld.OfAsync(seals: 4, days: 1);
        await world.World.RestoreAsync(2);
        var slow = new FaultyStore(world.World.Uk, o => o.Verb == StoreVerb.Put && o.Name.Contains("/_delta_log/", StringComparison.Ordinal)
            ? Fault.Hang : Fault.None);
        var logs = world.World.Logs.Select(log => new TableLog(slow, log.Contract, StoredWorld.StoreId, world.World.Key.KeyId,
            world.World.Clock)).ToList();
        var repair = new Repairer(world.World.Captures, logs, log => new Sealer(log, world.World.Key.RowKey(), Workers.Inline,
            new SemaphoreSlim(1), world.World.Clock), world.World.Clock)
            .RunAsync("web", new CaptureRange(0, 3), cancel: TestContext.Current.CancellationToken);
        Assert.False(repair.IsCompleted);
        var found = await world.Orphaned(grace: TimeSpan.FromTicks(1)).RemoveAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, found.Removed);
        slow.Release();
        await repair;
        await world.AssertSoundAsync();
        var report = await world.World.VerifyAsync(deep: true);
        Assert.True(report.Ok, string.Join("; ", report.Differences));
    }
}
