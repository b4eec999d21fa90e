using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Table;
using Pipeline.Processor.Verify;
using Xunit;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>A check that begins where an earlier one ended finds what one from nothing finds.</summary>
public sealed class ReceiptTests
{
    private static async Task<StoredWorld> WorldAsync()
    {
        var world = new StoredWorld(3);
        for (var n = 0; n < 8; n++)
        {
            await AddAsync(world, n);
        }
        return world;
    }

    private static async Task AddAsync(StoredWorld world, int n)
    {
        await world.CaptureAsync("web", StoredWorld.Rows(10 + n, n, n % 3), empty: n, duplicates: 1);
        await world.CaptureAsync("edge", StoredWorld.Rows(3, n + 50, 0), agents: StoredWorld.Rows(2, n));
        if (n % 2 == 1)
        {
            await world.ShipAsync();
        }
    }

    private static void Alike(VerifyReport a, VerifyReport b)
    {
        Assert.Equal((b.Ok, b.Lines, b.Duplicates), (a.Ok, a.Lines, a.Duplicates));
        Assert.Equal(b.Records, a.Records);
        Assert.Equal(b.Rejections, a.Rejections);
        Assert.Equal(b.Captured, a.Captured);
        Assert.Equal(b.Shipped, a.Shipped);
        Assert.Equal(b.Pending, a.Pending);
        Assert.Equal(b.Missing, a.Missing);
        Assert.Equal(b.Differences, a.Differences);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task From_a_receipt_the_same_is_found_and_less_is_read(bool deep)
    {
        var world = await WorldAsync();
        var name = await world.ReceiptAsync(await world.VerifyAsync(deep));
        await AddAsync(world, 8);
        await AddAsync(world, 9);
        await AddAsync(world, 10);
        var (since, full) = (await world.SinceAsync(deep), await world.VerifyAsync(deep));
        Alike(since, full);
        Assert.True(since.Ok);
        Assert.Equal(name, since.Since);
        Assert.True(since.Shards.Sum(s => s.Captures) < full.Shards.Sum(s => s.Captures));
        if (deep)
        {
            Assert.True(since.Tables["xencenter-checks"].ReadRows < full.Tables["xencenter-checks"].ReadRows);
        }
        // And the next one stands on this one.
        var next = await world.ReceiptAsync(since);
        await AddAsync(world, 11);
        Alike(await world.SinceAsync(deep), await world.VerifyAsync(deep));
        Assert.Equal(next, (await world.SinceAsync(deep)).Since);
    }

    [Fact]
    public async Task A_deep_check_never_stands_on_one_that_was_not()
    {
        var world = await WorldAsync();
        await world.ReceiptAsync(await world.VerifyAsync());
        Assert.Null((await world.SinceAsync(deep: true)).Since);
    }

    [Fact]
    public async Task A_log_that_was_set_back_below_what_a_receipt_saw_is_named_until_the_receipt_is_moved_away()
    {
        var world = await WorldAsync();
        var receipt = await world.ReceiptAsync(await world.VerifyAsync());
        // The log is set back by two entries, as from a copy of yesterday.
        var version = (await world.TableAsync())!.Version;
        await StoredWorld.DropAsync(world.Uk, TableNames.Entry("xencenter-checks", version));
        await StoredWorld.DropAsync(world.Uk, TableNames.Entry("xencenter-checks", version - 1));
        var set = await world.SinceAsync();
        var deleted = Assert.Single(set.Deleted);
        Assert.Equal(TableNames.Entry("xencenter-checks", version - 1), deleted.Object);
        Assert.Contains(receipt, deleted.Why, StringComparison.Ordinal);

        // It goes on otherwise: the receipt still says that its entry is another.
        await world.ShipAsync();
        await AddAsync(world, 9);
        var other = await world.SinceAsync();
        Assert.Equal(TableNames.Entry("xencenter-checks", version), Assert.Single(other.Deleted.Concat(other.Corrupt)).Object);

        // An owner who set it back on purpose moves the receipt away: everything else is right.
        await StoredWorld.DropAsync(world.Uk, receipt);
        Assert.True((await world.SinceAsync()).Ok);
    }

    [Fact]
    public async Task A_check_that_is_not_clean_is_done_again_from_nothing()
    {
        var world = await WorldAsync();
        await world.ReceiptAsync(await world.VerifyAsync());
        await world.RestoreAsync(2);
        var (since, full) = (await world.SinceAsync(), await world.VerifyAsync());
        Alike(since, full);
        Assert.False(since.Ok);
        Assert.Contains("from nothing", Assert.Single(since.Remarks), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<PipelineException>(() => world.ReceiptAsync(since));
    }

    [Fact]
    public async Task A_snapshot_that_was_changed_since_makes_the_receipt_void()
    {
        var world = await WorldAsync();
        await world.ReceiptAsync(await world.VerifyAsync());
        await StoredWorld.ChangeTextAsync(world.Us, CaptureNames.Snapshot("web", 5), text =>
            text.Replace("\"duplicates\":6", "\"duplicates\":7", StringComparison.Ordinal));
        Assert.False((await world.SinceAsync()).Ok);
    }

    [Fact]
    public async Task Records_lost_after_the_receipt_are_named()
    {
        var world = await WorldAsync();
        await world.ReceiptAsync(await world.VerifyAsync(deep: true));
        await AddAsync(world, 9);
        var segment = (await world.TableAsync())!.Files.Values.MaxBy(f => f.Path)!;
        await StoredWorld.DropAsync(world.Uk, TableNames.Segment("xencenter-checks", segment.Path));
        Assert.False((await world.SinceAsync(deep: true)).Ok);
    }

    [Fact]
    public async Task Bytes_that_are_no_receipt_are_named()
    {
        var world = await WorldAsync();
        await world.Uk.PutIfAbsentAsync($"{VerifiedReceipts.Folder}sums/29990101T000000000000Z-00000000.json", "{}"u8.ToArray(),
            TestContext.Current.CancellationToken);
        var report = await world.SinceAsync();
        Assert.False(report.Ok);
        Assert.EndsWith("00000000.json", Assert.Single(report.Corrupt).Object, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verification_needs_no_right_to_write()
    {
        var world = await WorldAsync();
        await world.ReceiptAsync(await world.VerifyAsync(deep: true));
        var (us, uk) = (new Fakes.ReadOnlyStore(world.Us), new Fakes.ReadOnlyStore(world.Uk));
        Assert.True((await world.SinceAsync(deep: true, us, uk)).Ok);
        Assert.True((await world.SinceAsync(deep: false, us, uk)).Ok);
    }

    [Fact]
    public async Task Each_side_is_checked_alone()
    {
        var world = await WorldAsync();
        await world.CaptureAsync("web", StoredWorld.Rows(1, 99));
        var us = await new Verifier(world.Captures, [], world.Key.RowKey(), Workers.Inline, PublishedContracts.All)
            .RunAsync(new VerifyRequest(true, true), TestContext.Current.CancellationToken);
        Assert.True(us.Ok, string.Join('\n', us.Differences));
        Assert.Equal(["us"], us.Checked);
        Assert.Empty(us.Pending);
        var tables = new Verifier(null, world.Logs, world.Key.RowKey(), Workers.Inline);
        var uk = await tables.RunAsync(new VerifyRequest(true, true), TestContext.Current.CancellationToken);
        Assert.True(uk.Ok, string.Join('\n', uk.Differences));
        Assert.Equal(["uk"], uk.Checked);

        // From a receipt of its own side too; and what a restore took away is named without the captures.
        var name = await world.ReceiptAsync(uk);
        Assert.Equal(name, (await tables.RunAsync(new VerifyRequest(true, true), TestContext.Current.CancellationToken)).Since);
        await world.RestoreAsync(2);
        Assert.Contains((await tables.RunAsync(new VerifyRequest(false, true), TestContext.Current.CancellationToken)).Missing, m =>
            m is { Dataset: "xencenter-checks", Shard: "web", From: 4, To: 7 });
        await world.Repairer().RunAsync("web", new CaptureRange(0, 7), TestContext.Current.CancellationToken);
        await world.Repairer().RunAsync("edge", new CaptureRange(0, 7), TestContext.Current.CancellationToken);
        uk = await tables.RunAsync(new VerifyRequest(true, false), TestContext.Current.CancellationToken);
        Assert.True(uk.Ok, string.Join('\n', uk.Differences.Concat(uk.Missing.Select(m => m.ToString()))));
    }
}
