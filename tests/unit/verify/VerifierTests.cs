using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Verify;
using Xunit;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>Promise 7: clean stores verify, and each single damage is named for what it is.</summary>
public sealed class VerifierTests
{
    private const string ChecksName = "xencenter-checks", AgentsName = "agent-updates";

    /// <summary>Shard web: 5 captures, of which 0, 1, 3 have checks and 2 has agents; shard app: 2 captures. Shipped in two commits of
    /// checks.</summary>
    private static async Task<StoredWorld> WorldAsync(int snapshotEvery = 256)
    {
        var world = new StoredWorld(snapshotEvery);
        await world.CaptureAsync("web", StoredWorld.Rows(10, 1), empty: 2);
        await world.CaptureAsync("web", StoredWorld.Rows(20, 2, 1), duplicates: 1);
        await world.ShipAsync();
        await world.CaptureAsync("web", agents: [new(StoredWorld.Day.Number * UtcDay.MicrosPerDay, "2001:db8::1", null)]);
        await world.CaptureAsync("web", StoredWorld.Rows(30, 3));
        await world.CaptureAsync("web");
        await world.CaptureAsync("app", StoredWorld.Rows(5, 4));
        await world.CaptureAsync("app", StoredWorld.Rows(6, 5));
        await world.ShipAsync();
        return world;
    }

    private static void Named(VerifyReport report, params string[] parts)
    {
        Assert.False(report.Ok);
        var all = StoredWorld.Words(report);
        Assert.True(all.Any(text => parts.All(part => text.Contains(part, StringComparison.Ordinal))),
            $"nothing has all of [{string.Join(" | ", parts)}]:\n{string.Join('\n', all)}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Promise_7_What_was_captured_and_shipped_is_conserved(bool deep)
    {
        var report = await (await WorldAsync(2)).VerifyAsync(deep);
        Assert.True(report.Ok, string.Join('\n', report.Differences));
        Assert.Equal(75, report.Lines);
        Assert.Equal(71, report.Records[ChecksName]);
        Assert.Equal(1, report.Records[AgentsName]);
        Assert.Equal(2, report.Rejections["empty"]);
        Assert.Equal(1, report.Duplicates);
        Assert.Equal(report.Captured, report.Shipped);
        Assert.Equal(new Amount(5, 71, report.Captured[ChecksName].Hash), report.Captured[ChecksName]);
        Assert.Equal(["us", "uk"], report.Checked);
        Assert.Empty(report.Pending);
        Assert.Equal(deep ? 71 : null, report.Tables[ChecksName].ReadRows);
        Assert.Equal(deep ? report.Shipped[ChecksName].Hash : null, report.Tables[ChecksName].ReadHash);
        Assert.Equal(3, report.Shards.Sum(s => s.Snapshots));
    }

    [Fact]
    public async Task The_report_has_the_members_that_are_promised_to_scripts()
    {
        using var json = JsonDocument.Parse((await (await WorldAsync()).VerifyAsync()).ToJson());
        var root = json.RootElement;
        Assert.Equal(["ok", "lines", "records", "rejections", "duplicates", "captured", "shipped", "checked", "pending", "missing",
            "differences"], root.EnumerateObject().Select(p => p.Name).Take(11));
        Assert.Equal(["frames", "records", "hash"], root.GetProperty("captured").GetProperty(ChecksName).EnumerateObject()
            .Select(p => p.Name));
        Assert.Equal(71, root.GetProperty("shipped").GetProperty(ChecksName).GetProperty("records").GetInt64());
    }

    [Fact]
    public async Task Two_empty_stores_are_conserved()
    {
        var report = await new StoredWorld().VerifyAsync(deep: true);
        Assert.True(report.Ok);
        Assert.Equal(0, report.Captured[ChecksName].Records);
    }

    [Fact]
    public async Task What_is_captured_and_not_shipped_is_pending_and_no_difference()
    {
        var world = await WorldAsync();
        await world.CaptureAsync("web", StoredWorld.Rows(3, 9));
        await world.CaptureAsync("web");
        await world.CaptureAsync("new", StoredWorld.Rows(4, 9), keyed: false);
        var report = await world.VerifyAsync(deep: true);
        Assert.True(report.Ok, string.Join('\n', report.Differences));
        Assert.Equal([new(ChecksName, "new", 0, 0, 4), new(ChecksName, "web", 5, 5, 3)], report.Pending);
        Assert.Equal(1, report.PossibleLoss.Unkeyed);
    }

    [Fact]
    public async Task A_dropped_capture_is_named_and_is_missing_only_where_no_commit_has_it()
    {
        var world = await WorldAsync();
        await world.CaptureAsync("web", StoredWorld.Rows(3, 9));
        await world.CaptureAsync("web", StoredWorld.Rows(3, 10));
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 1));
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 5));
        var report = await world.VerifyAsync();
        Named(report, CaptureNames.Capture("web", 1), "capture 1 of shard web is gone");
        Named(report, CaptureNames.Capture("web", 5), "capture 5 of shard web is gone");
        Assert.Equal([new(ChecksName, "web", 5, 5)], report.Missing);
        Assert.Equal((0, 2), (report.Differences.Count, report.Deleted.Count));
    }

    [Fact]
    public async Task A_flipped_byte_of_a_frame_is_named_without_a_deep_look()
    {
        var world = await WorldAsync();
        await StoredWorld.ChangeAsync(world.Us, CaptureNames.Capture("web", 0), bytes => { bytes[^200] ^= 1; return bytes; });
        var report = await world.VerifyAsync();
        Named(report, CaptureNames.Capture("web", 0), "its blocks are not those that its header was made with");
        Assert.Empty(report.Forks);
    }

    [Fact]
    public async Task A_flipped_byte_of_the_newest_capture_is_named()
    {
        var world = await WorldAsync();
        await StoredWorld.ChangeAsync(world.Us, CaptureNames.Capture("app", 1), bytes => { bytes[^200] ^= 1; return bytes; });
        Named(await world.VerifyAsync(), CaptureNames.Capture("app", 1), "its blocks are not those");
    }

    [Fact]
    public async Task A_damaged_header_is_named_and_the_captures_above_are_still_checked()
    {
        var world = await WorldAsync();
        await StoredWorld.ChangeAsync(world.Us, CaptureNames.Capture("web", 1), bytes => { bytes[0] = 0; return bytes; });
        await StoredWorld.ChangeAsync(world.Us, CaptureNames.Capture("web", 3), bytes => { bytes[^200] ^= 1; return bytes; });
        var report = await world.VerifyAsync();
        Named(report, CaptureNames.Capture("web", 1), "it is no capture, or its header is damaged");
        Named(report, CaptureNames.Capture("web", 3), "its blocks are not those");
        Assert.Empty(report.Missing);
    }

    [Fact]
    public async Task A_capture_whose_counts_do_not_add_up_is_named()
    {
        var world = new StoredWorld();
        await world.CaptureAsync("web", StoredWorld.Rows(4), change: h => h with { Reads = [h.Reads[0] with { Lines = 5 }] });
        await world.ShipAsync();
        var report = await world.VerifyAsync();
        Named(report, "shard web: capture 0", "read 5 lines", "has 4 records");
    }

    [Fact]
    public async Task A_missing_segment_is_named_with_its_date_and_rows()
    {
        var world = await WorldAsync();
        var lost = await world.AnySegmentAsync();
        await StoredWorld.DropAsync(world.Uk, TableNames.Segment(ChecksName, lost.Path));
        foreach (var deep in (bool[])[false, true])
        {
            var report = await world.VerifyAsync(deep);
            Named(report, lost.Path, $"the segment of {lost.Date} ({lost.Rows} rows)");
            Assert.Equal((0, 1), (report.Differences.Count, report.Deleted.Count));
        }
    }

    [Fact]
    public async Task A_segment_with_other_values_is_found_only_by_reading_it()
    {
        var world = await WorldAsync();
        var old = await world.AnySegmentAsync();
        var forged = await world.SegmentAsync(StoredWorld.Rows((int)old.Rows, 77, old.Date.Number - StoredWorld.Day.Number), old.Date);
        await world.ForeignAsync(StoredWorld.Remove(old), StoredWorld.Add(forged));
        Assert.True((await world.VerifyAsync()).Ok);
        Named(await world.VerifyAsync(deep: true), $"date {old.Date}", "with other values");
    }

    [Fact]
    public async Task A_rewrite_by_another_engine_that_keeps_all_rows_is_no_difference()
    {
        var world = new StoredWorld();
        await world.CaptureAsync("web", StoredWorld.Rows(10, 1));
        await world.ShipAsync();
        await world.CaptureAsync("web", StoredWorld.Rows(10, 2));
        await world.ShipAsync();
        var files = (await world.TableAsync())!.Files.Values.ToList();
        var merged = await world.SegmentAsync([.. StoredWorld.Rows(10, 2), .. StoredWorld.Rows(10, 1)], StoredWorld.Day);
        await world.ForeignAsync([.. files.Select(f => StoredWorld.Remove(f, false)), StoredWorld.Add(merged, false, stats: false)]);
        var report = await world.VerifyAsync(deep: true);
        Assert.True(report.Ok, string.Join('\n', report.Differences));
        Assert.Equal(2, report.Tables[ChecksName].Unreferenced);
    }

    [Fact]
    public async Task A_delete_by_another_engine_is_named_with_entry_date_and_rows()
    {
        var world = await WorldAsync();
        var gone = await world.AnySegmentAsync();
        await world.ForeignAsync(StoredWorld.Remove(gone));
        var report = await world.VerifyAsync();
        Named(report, "by 'other-engine:1'", $"changed date {gone.Date} by -{gone.Rows} rows");
        Named(report, $"date {gone.Date}", $"{gone.Rows} rows are missing");
    }

    [Fact]
    public async Task An_append_by_another_engine_is_named_even_where_it_hides_its_rows()
    {
        var world = await WorldAsync();
        var more = await world.SegmentAsync(StoredWorld.Rows(7, 50), StoredWorld.Day);
        await world.ForeignAsync(StoredWorld.Add(more, stats: false));
        Named(await world.VerifyAsync(), "by 'other-engine:1'", $"changed date {StoredWorld.Day} by 7 rows");
    }

    [Fact]
    public async Task Rows_in_the_partition_of_another_date_are_named()
    {
        var world = await WorldAsync();
        var old = await world.AnySegmentAsync();
        var columns = StoredWorld.Rows((int)old.Rows, 77, 9);
        var moved = await world.SegmentAsync(columns, new UtcDay(StoredWorld.Day.Number + 9)) with { Date = old.Date };
        await world.ForeignAsync(StoredWorld.Remove(old), StoredWorld.Add(moved));
        Named(await world.VerifyAsync(deep: true), moved.Path, $"in the partition of {old.Date}", $"{old.Rows} rows of other dates");
    }

    [Fact]
    public async Task Rule_27_A_commit_whose_row_count_was_edited_is_named_by_entry()
    {
        var world = await WorldAsync();
        await StoredWorld.ForgeAsync(world.Uk, TableNames.Entry(ChecksName, 1), text =>
            text.Replace("\"to\":1,\"frames\":2,\"rows\":30", "\"to\":1,\"frames\":2,\"rows\":29", StringComparison.Ordinal));
        var report = await world.VerifyAsync();
        Named(report, "entry 1 of the log", "29 rows by shard and 30 by date");
        Named(report, "entry 2 of the log", "one of the two was replaced");
        Assert.Equal([new(ChecksName, "web", 0, 1, 30)], report.Missing);
    }

    [Fact]
    public async Task A_dropped_entry_of_the_log_is_named_with_what_it_took()
    {
        var world = await WorldAsync();
        await StoredWorld.DropAsync(world.Uk, TableNames.Entry(ChecksName, 1));
        var report = await world.VerifyAsync();
        Named(report, "entry 1 of the log is gone", "entry 2 stands");
        Assert.Contains(new ReportedRange(ChecksName, "web", 0, 1, 30), report.Missing);
    }

    [Fact]
    public async Task A_range_that_was_shipped_twice_is_named()
    {
        var world = await WorldAsync();
        var version = (await world.TableAsync())!;
        var text = System.Text.Encoding.UTF8.GetString(
            (await world.Uk.ReadAsync(TableNames.Entry(ChecksName, 2), TestContext.Current.CancellationToken))!);
        var below = text.Split("\"below\":\"")[1][..64];
        await world.Uk.PutIfAbsentAsync(TableNames.Entry(ChecksName, 3),
            System.Text.Encoding.UTF8.GetBytes(
            StoredWorld.Rechecked(text.Replace(below, version.EntryHash.ToString(), StringComparison.Ordinal))),
            TestContext.Current.CancellationToken);
        var report = await world.VerifyAsync();
        Named(report, "entry 3 of the log", "ships captures 2 to 3, though entries before it had shipped up to 3 (shard web)");
        Named(report, "entry 3 of the log", "(shard app)");
    }

    [Fact]
    public async Task Rule_12_A_capture_store_that_was_rolled_back_is_a_fork_from_there()
    {
        var world = await WorldAsync();
        var before = world.Us.Snapshot();
        await world.CaptureAsync("web", StoredWorld.Rows(8, 8));
        await world.CaptureAsync("web", StoredWorld.Rows(9, 9));
        await world.ShipAsync();
        world.Us.Restore(before);
        var report = await world.VerifyAsync();
        Assert.Equal([("web", 5L)], report.Forks.Select(f => (f.Shard, f.From)));
        Named(report, "shard web: a fork at capture 5", "shipped up to capture 6, the store's newest is 4");

        await world.RestartAsync("web");
        await world.CaptureAsync("web", StoredWorld.Rows(1, 20));
        await world.CaptureAsync("web", StoredWorld.Rows(1, 21));
        Named(await world.VerifyAsync(), "shard web: a fork at capture 6", "took another capture of this number");
    }

    [Fact]
    public async Task A_wiped_capture_store_is_a_fork_from_0()
    {
        var world = await WorldAsync();
        world.Us.Restore(new StoredWorld().Us.Snapshot());
        var report = await world.VerifyAsync();
        Assert.Equal([("app", 0L), ("web", 0L)], report.Forks.Select(f => (f.Shard, f.From)).Order());
    }

    [Fact]
    public async Task Rule_3_A_snapshot_that_lies_is_named()
    {
        var world = await WorldAsync(2);
        await StoredWorld.ChangeAsync(world.Us, CaptureNames.Snapshot("web", 1), bytes =>
        {
            var state = SnapshotFile.Decode(bytes, "", world.Key.Captures());
            state.Datasets[ChecksName] = state.Datasets[ChecksName] with { Rows = 31 };
            return SnapshotFile.Encode(state, world.Key.Captures());
        });
        var report = await world.VerifyAsync();
        Named(report, "shard web: snapshot 1 is not the fold", "31 records", "the captures 30");
        Assert.Single(report.Differences);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Rule_10_What_is_gone_below_a_snapshot_is_named_and_its_totals_are_proved_by_the_snapshot(int gone)
    {
        var world = await WorldAsync(4);
        await world.CaptureAsync("web", StoredWorld.Rows(2, 30));
        for (var n = 0; n < gone; n++)
        {
            await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", n));
        }
        var report = await world.VerifyAsync(deep: true);
        Assert.Equal($"captures 0 to {gone - 1} of shard web are gone without a receipt, though later ones stand",
            Assert.Single(report.Deleted).Why);
        // Nothing else is wrong: the snapshot kept the totals.
        Assert.Equal((0, 0, 0), (report.Differences.Count, report.Corrupt.Count, report.Missing.Count));
        Assert.Equal(77, report.Lines);
        Assert.Equal(6, report.Captured[ChecksName].Frames);
        Assert.Equal([new(ChecksName, "web", 5, 5, 2)], report.Pending);
    }

    [Fact]
    public async Task Rule_10_A_beginning_that_expired_unshipped_is_missing()
    {
        var world = new StoredWorld(2);
        for (var n = 0; n < 5; n++)
        {
            await world.CaptureAsync("web", StoredWorld.Rows(3, n));
        }
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 0));
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 1));
        Assert.Equal([new(ChecksName, "web", 0, 1, 6)], (await world.VerifyAsync()).Missing);
    }

    [Fact]
    public async Task A_beginning_that_is_gone_without_a_snapshot_did_not_expire()
    {
        var world = await WorldAsync();
        await StoredWorld.DropAsync(world.Us, CaptureNames.Capture("web", 0));
        Named(await world.VerifyAsync(), "capture 0 of shard web are gone");
    }

    [Fact]
    public async Task Rule_28_Another_key_is_refused_and_never_taken_for_a_difference()
    {
        var world = await WorldAsync();
        var other = new Verifier(world.Captures,
            [.. world.Logs.Select(l => new TableLog(world.Uk, l.Contract, StoredWorld.StoreId, "other", world.Clock))], null,
            Workers.Inline);
        Assert.IsType<ConfigurationException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => other.RunAsync(false, TestContext.Current.CancellationToken))));
    }

    [Fact]
    public async Task The_UK_side_is_checked_alone_where_the_captures_cannot_be_reached()
    {
        var world = await WorldAsync();
        var report = await new Verifier(null, world.Logs, world.Key.RowKey(), Workers.Inline)
            .RunAsync(true, TestContext.Current.CancellationToken);
        Assert.True(report.Ok, string.Join('\n', report.Differences));
        Assert.Equal(["uk"], report.Checked);
        Assert.Equal(71, report.Shipped[ChecksName].Records);
    }

    [Fact]
    public async Task Verify_writes_nothing()
    {
        var world = await WorldAsync(2);
        var (us, uk) = (world.Us.Count, world.Uk.Count);
        await world.VerifyAsync(deep: true);
        Assert.Equal((us, uk), (world.Us.Count, world.Uk.Count));
    }
}
