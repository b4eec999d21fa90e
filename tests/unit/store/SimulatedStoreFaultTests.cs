using Pipeline.Core.Store;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

/// <summary>That the fakes fail as they say: a fault that never happens proves nothing.</summary>
public sealed class SimulatedStoreFaultTests
{
    private static readonly byte[] One = [1];

    [Fact]
    public void Puts_are_known_in_the_end_whatever_the_faults()
    {
        var (outages, held) = (0, 0);
        for (var seed = 0; seed < 50; seed++)
        {
            var time = new SimulatedTime();
            var faults = new SimulatedFaults { Latency = TimeSpan.FromSeconds(1), OutageBefore = 0.2, OutageAfter = 0.2, Delayed = 0.2,
                Delay = TimeSpan.FromMinutes(1) };
            var store = new SimulatedStore(new MemoryStore(time), time, new Random(seed), faults);
            var outcomes = new SimulatedThread(seed, time).Run(() => Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
                Puts.UntilKnownAsync(store.For(new SimulatedActor($"{i}")), "name", new[] { (byte)i }, time, _ =>
                    outages++, CancellationToken.None))));
            // The writer whose late put won hears Same, and all others Other.
            Assert.Single(outcomes, o => o != PutOutcome.Other);
            held += outcomes.Count(o => o == PutOutcome.Same);
        }
        Assert.True(outages > 50);
        Assert.True(held > 5);
    }

    [Fact]
    public void A_call_that_is_given_up_may_still_land()
    {
        var time = new SimulatedTime();
        var store = new SimulatedStore(new MemoryStore(time), time, new Random(1),
            new SimulatedFaults { Latency = TimeSpan.FromSeconds(10) });
        new SimulatedThread(1, time).Run(async () =>
        {
            using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(1), time);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                store.For(new SimulatedActor("a")).PutIfAbsentAsync("o", One, cancel.Token));
            Assert.Equal(0, store.Contents.Count);
            await Task.Delay(TimeSpan.FromSeconds(20), time, CancellationToken.None);
            Assert.Equal(1, store.Contents.Count);
        });
    }

    [Fact]
    public void A_killed_actors_calls_never_return_and_happen_or_do_not()
    {
        var landed = 0;
        for (var seed = 0; seed < 40; seed++)
        {
            var time = new SimulatedTime();
            var store = new SimulatedStore(new MemoryStore(time), time, new Random(seed),
                new SimulatedFaults { Latency = TimeSpan.FromSeconds(10) });
            new SimulatedThread(seed, time).Run(async () =>
            {
                var actor = new SimulatedActor("a");
                var put = store.For(actor).PutIfAbsentAsync("o", One, CancellationToken.None);
                actor.Kill();
                var later = store.For(actor).PutIfAbsentAsync("later", One, CancellationToken.None);
                await Task.Delay(TimeSpan.FromDays(1), time, CancellationToken.None);
                Assert.False(put.IsCompleted || later.IsCompleted);
                Assert.Null(await store.Contents.FindAsync("later", CancellationToken.None));
            });
            landed += store.Contents.Count;
        }
        Assert.InRange(landed, 5, 35);
    }

    [Fact]
    public void A_paused_actor_hears_nothing_until_it_wakes()
    {
        var time = new SimulatedTime();
        var store = new SimulatedStore(new MemoryStore(time), time, new Random(1),
            new SimulatedFaults { Latency = TimeSpan.FromSeconds(1) });
        new SimulatedThread(1, time).Run(async () =>
        {
            var actor = new SimulatedActor("zombie");
            var put = store.For(actor).PutIfAbsentAsync("o", One, CancellationToken.None);
            actor.Pause();
            await Task.Delay(TimeSpan.FromHours(9), time, CancellationToken.None);
            Assert.False(put.IsCompleted);
            Assert.Equal(1, store.Contents.Count);
            actor.Resume();
            Assert.Equal(PutOutcome.Created, await put);
        });
    }

    [Fact]
    public async Task A_store_that_is_rolled_back_holds_what_it_held()
    {
        var store = new MemoryStore(new SimulatedTime());
        await store.PutIfAbsentAsync("a", One, TestContext.Current.CancellationToken);
        var then = store.Snapshot();
        await store.DeleteAsync("a", TestContext.Current.CancellationToken);
        await store.PutIfAbsentAsync("b", One, TestContext.Current.CancellationToken);
        store.Restore(then);
        Assert.Equal(["a"], await store.ListAsync("", null, TestContext.Current.CancellationToken).Select(o => o.Name)
            .ToListAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(Fault.FailBefore, false)]
    [InlineData(Fault.FailAfter, true)]
    [InlineData(Fault.Tear, false)]
    public async Task A_planned_fault_meets_the_operation_it_names(Fault fault, bool happens)
    {
        var store = new FaultyStore(new MemoryStore(), FaultyStore.At(1, fault));
        await store.PutIfAbsentAsync("a", One, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("b", One, TestContext.Current.CancellationToken));
        Assert.Equal(happens, await store.FindAsync("b", TestContext.Current.CancellationToken) is not null);
        Assert.Equal([StoreVerb.Put, StoreVerb.Put, StoreVerb.Find], store.Operations.Select(o => o.Verb));
    }

    [Fact]
    public async Task A_hanging_operation_goes_on_when_released_and_ends_when_cancelled()
    {
        var store = new FaultyStore(new MemoryStore(), o => o.Name == "slow" ? Fault.Hang : Fault.None);
        using var cancel = new CancellationTokenSource();
        var given = store.PutIfAbsentAsync("slow", One, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        var put = store.PutIfAbsentAsync("slow", One, TestContext.Current.CancellationToken);
        Assert.False(put.IsCompleted);
        store.Release();
        Assert.Equal(PutOutcome.Created, await put);
    }
}
