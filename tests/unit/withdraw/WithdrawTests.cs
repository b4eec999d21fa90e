using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table.Log;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Withdraw;

/// <summary>A withdrawal takes out of the tables what its captures brought, once, and every total says so.</summary>
public sealed class WithdrawTests
{
    [Fact]
    public async Task Rule_36_a_log_that_was_doubled_under_a_second_source_is_there_once_after_the_withdrawal()
    {
        var made = new WithdrawWorld();
        foreach (var shard in new[] { "web", "typo" })
        {
            await made.World.CaptureAsync(shard, StoredWorld.Rows(30, 1), StoredWorld.Rows(7, 2), empty: 3);
            await made.World.CaptureAsync(shard, StoredWorld.Rows(20, 3, 1));
        }
        await made.World.ShipAsync();
        var once = await made.RowsAsync();
        await made.WithdrawAsync("typo");
        var report = await made.World.VerifyAsync(deep: true);
        Assert.True(report.Ok, report.ToJson());
        Assert.Equal((120, 50, 7), (report.Lines, report.Records["xencenter-checks"], report.Records["agent-updates"]));
        Assert.Equal((50, 7), (report.Withdrawn["xencenter-checks"], report.Withdrawn["agent-updates"]));
        Assert.Equal(report.Lines, report.Records.Values.Sum() + report.Rejections.Values.Sum() + report.Duplicates
            + report.Withdrawn.Values.Sum());
        var left = await made.RowsAsync();
        Assert.Equal(once.GroupBy(row => row).Select(rows => (rows.Key, rows.Count() / 2)),
            left.GroupBy(row => row).Select(rows => (rows.Key, rows.Count())));
    }

    [Fact]
    public async Task A_second_withdrawal_finds_nothing_left_and_changes_nothing()
    {
        var made = await WithdrawWorld.OfAsync(captures: 3);
        await made.WithdrawAsync("web");
        var before = await made.VersionsAsync();
        Assert.Null((await made.PlanAsync("web", null)).Withdrawal);
        Assert.Empty(await made.RemoveAsync("web"));
        Assert.Equal(before, await made.VersionsAsync());
        Assert.Empty(await made.RowsAsync());
        Assert.True((await made.World.VerifyAsync(deep: true)).Ok);
    }

    [Fact]
    public async Task Some_captures_go_and_the_others_stay_and_only_files_that_were_read_in_no_other_are_forgotten()
    {
        var made = await WithdrawWorld.OfAsync(captures: 4);
        var kept = await made.RowsAsync();
        await made.WithdrawAsync("web", new CaptureRange(1, 2));
        Assert.Equal(kept.Where(row => !row.Contains("198.18.1.", StringComparison.Ordinal)
            && !row.Contains("198.18.2.", StringComparison.Ordinal)), await made.RowsAsync());
        // One file was read in all four captures: it goes on.
        Assert.Single((await made.World.Captures.FoldAsync("web")).Files);
        await made.WithdrawAsync("web");
        var state = await made.World.Captures.FoldAsync("web");
        Assert.Equal(["1-2", "0, 3"], state.Withdrawals!.Select(w => string.Join(", ", w.Captures)));
        Assert.Empty(state.Files);
        Assert.True((await made.World.VerifyAsync(deep: true)).Ok);
    }

    [Fact]
    public async Task A_withdrawn_file_is_read_again_from_its_start_and_counted_again()
    {
        var made = await WithdrawWorld.OfAsync(captures: 2);
        var rows = await made.RowsAsync();
        await made.WithdrawAsync("web");
        await made.World.RestartAsync("web");
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 0));
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 1));
        await made.World.ShipAsync();
        Assert.Equal(rows, await made.RowsAsync());
        var report = await made.World.VerifyAsync(deep: true);
        Assert.True(report.Ok, report.ToJson());
        Assert.Equal((40, 20, 20), (report.Lines, report.Records["xencenter-checks"], report.Withdrawn["xencenter-checks"]));
    }

    [Fact]
    public async Task Rule_36_a_receipt_that_is_not_carried_out_is_named_and_the_next_run_carries_it_out()
    {
        var made = await WithdrawWorld.OfAsync(captures: 2);
        await made.PutReceiptAsync("web", null);
        var report = await made.World.VerifyAsync();
        Assert.False(report.Ok);
        Assert.Contains(report.Differences, difference => difference.Contains("pipeline withdraw --source web", StringComparison.Ordinal));
        Assert.Single(await made.RemoveAsync("web"));
        Assert.True((await made.World.VerifyAsync(deep: true)).Ok);
    }

    [Fact]
    public async Task Rule_36_rows_that_went_without_a_receipt_are_a_difference()
    {
        var made = await WithdrawWorld.OfAsync(captures: 2);
        await made.WithdrawAsync("web");
        // The capture store is set back to before the receipt, and its claim.
        var head = (await made.World.Captures.FoldAsync("web")).Head!.Value.Number;
        await StoredWorld.DropAsync(made.World.Us, CaptureNames.Capture("web", head));
        await StoredWorld.DropAsync(made.World.Us, CaptureNames.Capture("web", head - 1));
        var report = await made.World.VerifyAsync();
        Assert.Contains(report.Differences, difference => difference.Contains("took 20 out", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rule_24_the_table_is_append_only_before_and_after_and_not_in_the_entry_that_removes()
    {
        var made = await WithdrawWorld.OfAsync(captures: 2);
        await made.WithdrawAsync("web");
        var entries = new List<TableCommit>();
        await foreach (var entry in made.World.Logs[1].ReadAllAsync())
        {
            entries.Add(entry);
        }
        Assert.Equal([("true", false), ("false", true), ("true", false)], entries.Where(entry => entry.Metadata is not null)
            .Select(entry => (entry.Metadata!.Configuration["delta.appendOnly"], entry.Removed.Count > 0)));
        Assert.True(entries.Single(entry => entry.Removed.Count > 0).Removed.All(removed => removed.DataChange));
    }

    [Fact]
    public async Task Rule_4_a_capture_that_withdraws_what_is_withdrawn_or_not_there_is_a_fork()
    {
        var made = await WithdrawWorld.OfAsync(captures: 3);
        await made.WithdrawAsync("web", new CaptureRange(1, 1));
        var state = await made.World.Captures.FoldAsync("web");
        var before = state.ToJson();
        foreach (var (from, to, rows) in new[] { (0L, 2L, 20L), (2, 90, 10), (2, 1, 10), (0, 0, 21), (0, 0, 0) })
        {
            var fork = WithdrawWorld.Apply(state, new Withdrawal
            {
                Captures = [new CaptureRange(from, to)], Records = new() { ["xencenter-checks"] = new DaySums(rows, new string('0', 32)) },
            });
            Assert.Contains("withdraws", fork!.Reason, StringComparison.Ordinal);
            Assert.Equal(before, state.ToJson());
        }
    }

    [Fact]
    public async Task A_table_that_a_compaction_rewrote_loses_the_same_rows()
    {
        var made = await WithdrawWorld.OfAsync(captures: 3);
        await made.World.CaptureAsync("other", StoredWorld.Rows(10, 1));
        await made.World.ShipAsync();
        var kept = (await made.RowsAsync()).Where(row => row.Contains("198.18.1.", StringComparison.Ordinal)).Distinct().ToList();
        await made.CompactAsync();
        await made.WithdrawAsync("web");
        Assert.Equal(kept, await made.RowsAsync());
        await made.World.CaptureAsync("other", StoredWorld.Rows(10, 9));
        await made.World.ShipAsync();
        await made.CompactAsync();
        Assert.Equal(20, (await made.RowsAsync()).Count);
        Assert.True((await made.World.VerifyAsync(deep: true)).Ok);
    }

    [Fact]
    public async Task What_a_receipt_of_a_verification_went_through_counts_its_withdrawals_too()
    {
        var made = await WithdrawWorld.OfAsync(captures: 3, snapshotEvery: 2);
        await made.WithdrawAsync("web", new CaptureRange(0, 0));
        await made.World.ReceiptAsync(await made.World.VerifyAsync(deep: true));
        await made.WithdrawAsync("web", new CaptureRange(1, 1));
        var since = await made.World.SinceAsync();
        Assert.True(since.Ok && since.Since is not null, since.ToJson());
        Assert.Equal(20, since.Withdrawn["xencenter-checks"]);
    }

    [Fact]
    public async Task Captures_that_the_table_does_not_have_yet_are_not_withdrawn()
    {
        var made = new WithdrawWorld();
        await made.World.CaptureAsync("web", StoredWorld.Rows(10));
        await made.World.ShipAsync();
        await made.World.CaptureAsync("web", StoredWorld.Rows(10, 1));
        await made.PutReceiptAsync("web", null);
        await Assert.ThrowsAsync<OutageException>(() => made.RemoveAsync("web"));
        await made.World.ShipAsync();
        await made.RemoveAsync("web");
        Assert.Empty(await made.RowsAsync());
        Assert.True((await made.World.VerifyAsync(deep: true)).Ok);
    }
}
