using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Compaction;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Table;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Compaction;

/// <summary>Rule 23: what may be deleted, and that nothing else ever is.</summary>
public sealed class OrphanedSegmentTests
{
    private static readonly TimeSpan Now = TimeSpan.FromTicks(1);

    [Fact]
    public async Task Inputs_of_a_compaction_stay_for_their_grace_by_the_stores_clock_and_then_go_with_a_receipt()
    {
        var world = await CompactWorld.OfAsync(seals: 4, days: 1);
        await world.Compactor().RunAsync(null);
        world.World.Clock.Advance(TimeSpan.FromDays(6.9));
        var early = await world.Orphaned().RemoveAsync();
        Assert.Equal((0, 4, 0), (early.Removed, early.Waiting, early.Unproven));
        Assert.Empty(await world.ReceiptsAsync());

        world.World.Clock.Advance(TimeSpan.FromDays(0.2));
        Assert.Equal(4, (await world.Orphaned().FindAsync()).Removable.Count);
        Assert.Equal(5, (await world.StoredAsync()).Count);
        var late = await world.Orphaned().RemoveAsync();
        Assert.Equal((4, 0), (late.Removed, (await world.Orphaned().FindAsync()).Waiting));
        Assert.Single(await world.StoredAsync());
        var receipts = await world.ReceiptsAsync();
        Assert.Equal([OrphanReceipt.DoneName(late.Receipts[0]), late.Receipts[0]], receipts.OrderBy(n => n.Length).Reverse());
        var receipt = JsonDocument.Parse((await world.World.Uk.ReadAsync(late.Receipts[0]))!).RootElement;
        Assert.Equal((20L, 4, 604_800.0), (receipt.GetProperty("rows").GetInt64(), receipt.GetProperty("count").GetInt32(),
            receipt.GetProperty("graceSeconds").GetDouble()));
        Assert.All(receipt.GetProperty("segments").EnumerateArray(), s =>
            Assert.Equal(("replaced", 32), (s.GetProperty("why").GetString(), s.GetProperty("sum").GetString()!.Length)));
        await world.AssertSoundAsync();
    }

    [Fact]
    public async Task A_segment_that_was_put_and_replaced_while_the_folder_was_listed_keeps_its_grace()
    {
        var world = await CompactWorld.OfAsync(seals: 2, days: 1);
        var store = new ActingStore(world.World.Uk)
        {
            AfterList = async () =>
            {
                await world.SealAsync(5, 7, 0);
                await world.Compactor().RunAsync(null);
            },
        };
        var orphaned = world.Orphaned(store);
        await orphaned.FindAsync(TestContext.Current.CancellationToken);

        var found = await orphaned.FindAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, 3, 0), (found.Removable.Count, found.Waiting, found.Unproven));
    }

    [Fact]
    public async Task A_segment_that_a_crashed_seal_left_stays_until_its_captures_are_shipped_by_another()
    {
        var world = await CompactWorld.OfAsync(seals: 1);
        await world.World.CaptureAsync("web", checks: StoredWorld.Rows(3, 9));
        // It dies before its commit.
        var dying = new FaultyStore(world.World.Uk, o => o.Verb == StoreVerb.Put && o.Name.Contains("_delta_log", StringComparison.Ordinal)
            ? Fault.Hang : Fault.None);
        var zombie = ShipAsync(world, dying);
        Assert.False(zombie.IsCompleted);
        var early = await world.Orphaned(grace: Now).RemoveAsync();
        Assert.Equal((0, 1), (early.Removed, early.Unproven));
        await world.World.ShipAsync();
        var proof = Assert.Single((await world.Orphaned(grace: Now).FindAsync()).Removable);
        Assert.Equal(("void", "shard web is shipped up to 1 without it, its range is 1 to 1"), (proof.Why, proof.Proof));
        Assert.Equal(1, (await world.Orphaned(grace: Now).RemoveAsync()).Removed);
        dying.Release();
        await zombie;
        Assert.Equal(8, (await world.RowsAsync()).Count);
        await world.AssertSoundAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_shipper_that_sleeps_at_any_operation_and_commits_late_finds_its_segments_or_does_not_need_them(bool another)
    {
        for (var (number, operations) = (0, int.MaxValue); number < operations; number++)
        {
            var world = await CompactWorld.OfAsync(seals: 3, rows: 2);
            for (var i = 0; i < 2; i++)
            {
                await world.World.CaptureAsync("web", checks: StoredWorld.Rows(3, 20 + i, i));
            }
            var faulty = new FaultyStore(world.World.Uk, FaultyStore.At(number, Fault.Hang));
            var zombie = ShipAsync(world, faulty);
            operations = zombie.IsCompleted ? faulty.Count : operations;
            await MeanwhileAsync(world, another ? world.World.ShipAsync : () => Task.CompletedTask);
            faulty.Release();
            await zombie;
            await EndAsync(world, 12);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_compactor_that_sleeps_at_any_operation_and_commits_late_finds_its_segments_or_does_not_need_them(bool another)
    {
        for (var (number, operations) = (0, int.MaxValue); number < operations; number++)
        {
            var world = await CompactWorld.OfAsync(seals: 4, rows: 2, days: 2);
            var faulty = new FaultyStore(world.World.Uk, FaultyStore.At(number, Fault.Hang));
            var zombie = world.Compactor(faulty).RunAsync(null);
            operations = zombie.IsCompleted ? faulty.Count : operations;
            await MeanwhileAsync(world, another ? () => world.Compactor().RunAsync(StoredWorld.Day) : () => Task.CompletedTask);
            faulty.Release();
            await zombie;
            await EndAsync(world, 8);
        }
    }

    [Fact]
    public async Task A_removal_that_dies_after_its_receipt_is_finished_by_the_next()
    {
        var world = await CompactWorld.OfAsync(seals: 4, days: 1);
        await world.Compactor().RunAsync(null);
        world.World.Clock.Advance(TimeSpan.FromHours(1));
        var deletes = 0;
        var dying = new FaultyStore(world.World.Uk, o => o.Verb == StoreVerb.Delete && o.Name.EndsWith(".parquet", StringComparison.Ordinal)
            && ++deletes == 3 ? Fault.FailBefore : Fault.None);
        await Assert.ThrowsAsync<StoreException>(() => world.Orphaned(dying, Now).RemoveAsync());
        var open = Assert.Single(await world.ReceiptsAsync());
        Assert.Equal(3, (await world.StoredAsync()).Count);
        var finished = await world.Orphaned(grace: TimeSpan.FromDays(7)).RemoveAsync();
        Assert.Equal([open], finished.Receipts);
        Assert.Single(await world.StoredAsync());
    }

    [Fact]
    public async Task What_another_engine_took_out_with_its_rows_or_never_named_is_left_alone()
    {
        var world = await CompactWorld.OfAsync(seals: 3, days: 1);
        var file = (await world.StateAsync()).Files.Values.First();
        await world.World.ForeignAsync(StoredWorld.Remove(file, dataChange: true));
        await world.World.SegmentAsync(StoredWorld.Rows(2), StoredWorld.Day);
        var found = await world.Orphaned(grace: Now).RemoveAsync();
        Assert.Equal((0, 0, 2), (found.Removed, found.Waiting, found.Unproven));
    }

    [Fact]
    public async Task A_segment_that_came_back_to_life_after_the_receipt_is_kept_and_the_receipt_says_so()
    {
        var world = await CompactWorld.OfAsync(seals: 3, days: 1);
        var file = (await world.StateAsync()).Files.Values.First();
        await world.Compactor().RunAsync(null);
        world.World.Clock.Advance(TimeSpan.FromHours(1));
        var acting = new FaultyStore(world.World.Uk);
        acting.Plan = operation =>
        {
            if (operation.Verb == StoreVerb.Put && operation.Name.EndsWith(".json", StringComparison.Ordinal)
                && !OrphanReceipt.IsDone(operation.Name))
            {
                world.World.ForeignAsync(StoredWorld.Add(file)).GetAwaiter().GetResult();
            }
            return Fault.None;
        };
        var report = await world.Orphaned(acting, Now).RemoveAsync();
        Assert.Equal(2, report.Removed);
        Assert.Contains(file.Path, await world.StoredAsync());
        var done = JsonDocument.Parse((await world.World.Uk.ReadAsync(OrphanReceipt.DoneName(report.Receipts[0])))!).RootElement;
        Assert.Equal(file.Path, Assert.Single(done.GetProperty("kept").EnumerateArray()).GetString());
    }

    /// <summary>While somebody sleeps: others ship or compact, and what is void is removed without any grace, time and again.</summary>
    private static async Task MeanwhileAsync(CompactWorld world, Func<Task> others)
    {
        world.World.Clock.Advance(TimeSpan.FromHours(1));
        await world.Orphaned(grace: Now).RemoveAsync();
        await others();
        world.World.Clock.Advance(TimeSpan.FromHours(1));
        await world.Orphaned(grace: Now).RemoveAsync();
        await world.World.CaptureAsync("other", checks: StoredWorld.Rows(1, 99));
        await world.World.ShipAsync();
        await world.Orphaned(grace: Now).RemoveAsync();
    }

    private static async Task EndAsync(CompactWorld world, int rows)
    {
        await world.World.ShipAsync();
        Assert.Equal(rows + 1, (await world.RowsAsync()).Count);
        await world.AssertSoundAsync();
        Assert.Empty((await world.StateAsync()).Files.Keys.Except(await world.StoredAsync()));
    }

    private static async Task ShipAsync(CompactWorld world, IObjectStore uk)
    {
        var log = world.LogOver(uk);
        var quiet = new Quiet();
        var (key, clock) = (world.World.Key, world.World.Clock);
        var table = new TableShipper(log.Contract, log, new Committer(log),
            new Sealer(log, key.RowKey(), Workers.Inline, new SemaphoreSlim(1), clock), clock, quiet);
        await new ShipLoop(world.World.Captures, [table], new(new SealPolicy(), TimeSpan.FromMinutes(1)), clock, quiet)
            .CatchUpAllAsync(SealReason.Final, CancellationToken.None);
    }

    private sealed class Quiet : IShipEvents
    {
        public void Sealed(SealFacts facts)
        {
        }

        public void Conflict(string dataset, long version)
        {
        }

        public void Gap(string dataset, string shard, CaptureRange range)
        {
        }

        public void Forked(Fork fork)
        {
        }

        public void Waiting(StoreException fault)
        {
        }
    }
}
