using Pipeline.Core.Captures;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Withdraw;

/// <summary>Another engine restores the table to before a withdrawal: the rows are back, and the `txn` still says that they went.</summary>
public sealed class WithdrawRestoreTests
{
    [Fact]
    public async Task Rule_36_a_withdrawal_that_a_restore_took_back_is_named_and_the_next_run_carries_it_out_again()
    {
        var made = await WithdrawWorld.OfAsync(captures: 3);
        var before = (await made.World.TableAsync())!.Version;
        await made.WithdrawAsync("web", new CaptureRange(0, 0));
        var between = (await made.World.TableAsync())!.Version;
        await made.WithdrawAsync("web", new CaptureRange(1, 1));
        var after = await made.RowsAsync();
        foreach (var (version, again) in new[] { (between, 1), (before, 2) })
        {
            await made.World.RestoreAsync(version);
            var report = await made.World.VerifyAsync();
            Assert.Contains(report.Differences, difference => difference.Contains("pipeline withdraw --source web", StringComparison.Ordinal));
            Assert.Equal(again, (await made.RemoveAsync("web")).Count);
            Assert.Equal(after, await made.RowsAsync());
            Assert.True((await made.World.VerifyAsync(deep: true)).Ok);
            Assert.Empty(await made.RemoveAsync("web"));
        }
    }

    [Fact]
    public async Task A_restore_to_before_the_withdrawn_captures_is_mended_by_repair_and_then_by_the_withdrawal()
    {
        var made = await WithdrawWorld.OfAsync(captures: 2);
        var before = (await made.World.TableAsync())!.Version;
        // Two captures in one segment, of which one stays.
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 7));
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 8));
        await made.World.ShipAsync();
        await made.WithdrawAsync("web", new CaptureRange(2, 2));
        var after = await made.RowsAsync();
        await made.World.RestoreAsync(before);
        Assert.False((await made.World.VerifyAsync()).Ok);
        await made.World.Repairer().RunAsync("web", new CaptureRange(0, 3));
        await made.RemoveAsync("web");
        Assert.Equal(after, await made.RowsAsync());
        var report = await made.World.VerifyAsync(deep: true);
        Assert.True(report.Ok, report.ToJson());
    }
}
