using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Compaction;

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
        var full = new FaultyStore(world.World.Uk, operation => operation.Verb is StoreVerb.Put or StoreVerb.Overwrite ? Fault.FailBefore : Fault.None);
        var removal = world.Void(full).RemoveAsync(TestContext.Current.CancellationToken);
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
}
