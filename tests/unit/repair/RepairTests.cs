using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Verify;
using Pipeline.Shipper.Repair;
using Pipeline.Tests.Unit.Verify;
using Xunit;

namespace Pipeline.Tests.Unit.Repair;

/// <summary>A table that was taken back to an earlier version by an appended entry, while what is shipped stayed where it was.</summary>
public sealed class RepairTests
{
    /// <summary>Captures 0 to 7 of one shard, a commit (entries 1 to 8) each; every second one has agents too.</summary>
    private static async Task<StoredWorld> WorldAsync(int captures = 8)
    {
        var world = new StoredWorld(3);
        for (var n = 0; n < captures; n++)
        {
            await world.CaptureAsync("web", StoredWorld.Rows(10 + n, n, n % 3), n % 2 == 0 ? StoredWorld.Rows(2, n) : null);
            await world.ShipAsync();
        }
        return world;
    }

    private static async Task CleanAsync(StoredWorld world, bool deep = true)
    {
        var report = await world.VerifyAsync(deep);
        Assert.True(report.Ok, string.Join('\n', report.Differences));
        Assert.Empty(report.Pending);
    }

    [Fact]
    public async Task A_restored_table_is_named_by_the_captures_it_lacks_and_repaired()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(5);
        var before = await world.VerifyAsync();
        Assert.False(before.Ok);
        Assert.Equal([new ReportedRange("xencenter-checks", "web", 5, 7, 15 + 16 + 17)], before.Missing);
        Assert.Contains("pipeline repair --shard web --from 5 --to 7", Assert.Single(before.Differences), StringComparison.Ordinal);

        var done = await world.Repairer().RunAsync("web", new CaptureRange(5, 7));
        var table = done.Tables.Single(t => t.Dataset == "xencenter-checks");
        Assert.Equal((48L, 3L), (table.Rows, table.Frames));
        Assert.Single(table.Receipts);
        await CleanAsync(world);
    }

    [Fact]
    public async Task The_log_goes_on_after_a_restore_and_the_repair_fits_in_behind()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(3);
        await world.CaptureAsync("web", StoredWorld.Rows(5, 90));
        await world.ShipAsync();
        Assert.Equal([new ReportedRange("xencenter-checks", "web", 3, 7, 75)], (await world.VerifyAsync()).Missing);
        await world.Repairer().RunAsync("web", new CaptureRange(5, 6));
        Assert.Equal([(3L, 4L), (7L, 7L)], (await world.VerifyAsync()).Missing.Select(m => (m.From, m.To)));
        await world.Repairer().RunAsync("web", new CaptureRange(0, 100));
        await CleanAsync(world);
    }

    [Fact]
    public async Task A_second_repair_of_the_range_does_nothing()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(5);
        await world.Repairer().RunAsync("web", new CaptureRange(0, 7));
        var version = (await world.TableAsync())!.Version;
        var again = await world.Repairer().RunAsync("web", new CaptureRange(0, 7));
        Assert.All(again.Tables, table => Assert.Equal((0L, 0), (table.Rows, table.Ranges.Count)));
        Assert.Equal(version, (await world.TableAsync())!.Version);
    }

    [Fact]
    public async Task What_the_table_has_is_never_brought_again()
    {
        var world = await WorldAsync();
        var report = await world.Repairer().RunAsync("web", new CaptureRange(0, 20));
        Assert.Equal((0L, 13L), (report.Tables[1].Rows, report.Tables[1].Pending));
        await CleanAsync(world);
    }

    [Fact]
    public async Task A_dry_run_writes_nothing_and_says_the_same()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(5);
        var version = (await world.TableAsync())!.Version;
        var plan = await world.Repairer().PlanAsync("web", new CaptureRange(0, 9));
        Assert.Equal([new CaptureRange(5, 7)], plan.Tables[1].Ranges);
        Assert.Equal((48L, 5L, 2L), (plan.Tables[1].Rows, plan.Tables[1].Listed, plan.Tables[1].Pending));
        Assert.Equal(version, (await world.TableAsync())!.Version);
        Assert.Empty(await world.Uk.ListAsync("receipts/", null, TestContext.Current.CancellationToken)
            .ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Captures_that_are_gone_or_changed_are_all_named_and_nothing_is_done()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(2);
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 3));
        var refused = await Assert.ThrowsAnyAsync<PipelineException>(() => world.Repairer().RunAsync("web", new CaptureRange(2, 5)));
        Assert.IsAssignableFrom<DifferenceException>(refused);
        Assert.Contains("capture 3 is gone", refused.Message, StringComparison.Ordinal);
        Assert.Equal(10L + 11, (await world.TableAsync())!.Files.Values.Sum(f => f.Rows));
        // What lies above can be had all the same.
        await world.Repairer().RunAsync("web", new CaptureRange(4, 7));
        Assert.Equal(10L + 11 + 14 + 15 + 16 + 17, (await world.TableAsync())!.Files.Values.Sum(f => f.Rows));
    }

    [Fact]
    public async Task A_capture_of_another_history_is_refused()
    {
        var (world, other) = (await WorldAsync(), new StoredWorld(3));
        for (var n = 0; n < 8; n++)
        {
            await other.CaptureAsync("web", StoredWorld.Rows(10 + n, n + 100, n % 3));
        }
        await world.RestoreAsync(5);
        await StoredWorld.ChangeAsync(world.Us, CaptureNames.Capture("web", 6), _ =>
            other.Us.ReadAsync(CaptureNames.Capture("web", 6)).GetAwaiter().GetResult()!);
        var refused = await Assert.ThrowsAnyAsync<PipelineException>(() => world.Repairer().RunAsync("web", new CaptureRange(5, 7)));
        Assert.Contains("capture 6 is not the one that the table took", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_19_Two_repairs_at_once_bring_the_captures_once()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(5);
        var state = (await world.TableAsync())!;
        await world.Repairer().RunAsync("web", new CaptureRange(5, 7));
        // The zombie planned over the state before: its commit finds another repair of the shard between.
        var entry = (await world.Logs[1].ReadEntryAsync(state.Version + 1))!;
        var draft = new CommitDraft
        {
            Kind = CommitKind.Repair, Reason = "repair", ReadShipped = new Dictionary<string,
                ShippedLink?> { ["web"] = state.Shipped["web"] },
            Add = [.. entry.Added.Select(f => f with { Path = SegmentFile.NewPath(f.Date, Guid.NewGuid()) })], Shards = entry.Shards,
            Dates = entry.Dates,
        };
        var result = await new Committer(world.Logs[1]).TryCommitAsync(state, draft, TestContext.Current.CancellationToken);
        Assert.Equal(["web"], Assert.IsType<CommitResult.ShippedMoved>(result).Shards);
        await CleanAsync(world);
    }

    [Fact]
    public async Task A_repair_that_died_before_its_receipt_is_given_the_same_one_by_the_next()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(5);
        var first = (await world.Repairer().RunAsync("web", new CaptureRange(5, 7))).Tables[1].Receipts.Single();
        var bytes = await world.Uk.ReadAsync(first, TestContext.Current.CancellationToken);
        await StoredWorld.DropAsync(world.Uk, first);
        Assert.Equal([first], (await world.Repairer().RunAsync("web", new CaptureRange(5, 7))).Tables[1].Receipts);
        Assert.Equal(bytes, await world.Uk.ReadAsync(first, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_restore_that_is_itself_taken_back_leaves_nothing_to_repair()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(4);
        await world.RestoreAsync(8);
        await CleanAsync(world);
        await world.Repairer().RunAsync("web", new CaptureRange(0, 7));
        await CleanAsync(world);
    }

    [Fact]
    public async Task A_repair_that_a_restore_took_back_can_be_done_again()
    {
        var world = await WorldAsync();
        await world.RestoreAsync(5);
        await world.Repairer().RunAsync("web", new CaptureRange(5, 7));
        await world.RestoreAsync(3);
        Assert.Equal([(3L, 7L)], (await world.VerifyAsync()).Missing.Select(m => (m.From, m.To)));
        await world.Repairer().RunAsync("web", new CaptureRange(3, 7));
        await CleanAsync(world);
    }
}
