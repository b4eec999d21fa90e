using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Shipper;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Traps;

/// <summary>Traps of docs/traps.md that lie between a capture and its tables.</summary>
public sealed class ShippingTrapTests
{
    /// <summary>Two tables share every shard's numbers, and each has its own commit: a death between the two must neither skip one nor
    /// repeat the other.</summary>
    [Theory]
    [InlineData("agent-updates")]
    [InlineData("xencenter-checks")]
    public async Task A_shipper_that_dies_between_the_commits_of_two_tables_loses_and_doubles_nothing(string committed)
    {
        var world = new StoredWorld();
        await world.ShipAsync();
        for (var i = 0; i < 5; i++)
        {
            await world.CaptureAsync("a", checks: StoredWorld.Rows(3, i, i % 2));
            await world.CaptureAsync("a", agents: Prefixed(StoredWorld.Rows(2, i, i % 3)));
            await world.CaptureAsync("b", StoredWorld.Rows(1, i), Prefixed(StoredWorld.Rows(1, i, 1)));
        }
        // Dead from the other table's entry on, or from what follows the first one's.
        var dead = false;
        var uk = new FaultyStore(world.Uk, operation =>
        {
            var entry = operation.Verb == StoreVerb.Put && operation.Name.EndsWith(".json", StringComparison.Ordinal)
                && operation.Name.Contains("/_delta_log/", StringComparison.Ordinal);
            dead |= entry && !operation.Name.StartsWith(TableNames.Log(committed), StringComparison.Ordinal);
            return dead ? Fault.Hang : Fault.None;
        });
        using var burial = new CancellationTokenSource();
        var dying = ShipOrderedAsync(world, uk, committed, burial.Token);
        Assert.False(dying.IsCompleted);
        var half = await ShippedAsync(world);
        Assert.Equal((true, false), (half[committed] > 0, half.Where(t => t.Key != committed).Sum(t => t.Value) > 0));

        await world.ShipAsync();
        var report = await world.VerifyAsync(deep: true);
        Assert.True(report.Ok, string.Join("; ", report.Differences));
        Assert.Empty(report.Pending);
        await burial.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dying);
    }

    [Fact]
    public async Task Rows_that_change_dates_at_every_row_go_each_to_their_own_dates_segment_in_one_commit()
    {
        var world = new StoredWorld();
        var midnight = StoredWorld.Day.Number * UtcDay.MicrosPerDay;
        Row[] rows = [.. Enumerable.Range(0, 1_000)
            .Select(i => new Row(i % 2 == 0 ? midnight - 1 - i : midnight + i, $"198.18.1.{i % 256}", "8.2.7"))];
        await world.CaptureAsync("a", checks: rows);
        await world.ShipAsync();
        var table = (await world.TableAsync())!;
        Assert.Equal([(500L, midnight - 999, midnight - 1), (500L, midnight + 1, midnight + 999)],
            table.Files.Values.OrderBy(f => f.MinTime).Select(f => (f.Rows, f.MinTime, f.MaxTime)));
        Assert.Equal(1, table.Version);
        Assert.True((await world.VerifyAsync(deep: true)).Ok);
    }

    [Fact]
    public async Task One_late_row_among_many_captures_makes_one_more_segment_and_not_two()
    {
        var world = new StoredWorld();
        for (var i = 0; i < 20; i++)
        {
            await world.CaptureAsync($"shard{i % 3}", checks: StoredWorld.Rows(10, i));
            if (i == 10)
            {
                await world.CaptureAsync("shard1",
                    checks: [new Row(StoredWorld.Day.Number * UtcDay.MicrosPerDay - 1, "198.18.9.9", "8.2.7")]);
            }
        }
        await world.ShipAsync();
        Assert.Equal([1L, 200L], (await world.TableAsync())!.Files.Values.Select(f => f.Rows).Order());
    }

    /// <summary>Endpoints are upgraded one by one: for days every other capture names the one or the other version of a contract, and every
    /// other row lacks the optional column.</summary>
    [Fact]
    public async Task Versions_that_alternate_by_capture_and_by_row_make_one_segment_of_a_date()
    {
        var world = new StoredWorld();
        for (var i = 0; i < 10; i++)
        {
            var version = new string(i % 2 == 0 ? 'a' : 'b', 64);
            Row[] rows = [.. StoredWorld.Rows(20, i).Select((row, n) => row with { Last = n % 2 == 0 ? null : "1a2b" })];
            await world.CaptureAsync("a", agents: rows, change: h => h with { Contracts =
                new(StringComparer.Ordinal) { [StoredWorld.Agents.Dataset] = version } });
        }
        await world.ShipAsync();
        Assert.Equal(200, Assert.Single((await world.Logs[0].OpenAsync())!.Files.Values).Rows);
        Assert.True((await world.VerifyAsync(deep: true)).Ok);
    }

    /// <summary>No further message comes, and none is needed: age is by the clock, not by what arrives.</summary>
    [Fact]
    public void A_lone_capture_on_a_topic_that_falls_silent_is_shipped_at_the_seals_age()
    {
        var time = new SimulatedTime();
        new SimulatedThread(1, time).Run(async () =>
        {
            var world = new FeedWorld(1, time, new SimulatedTopicFaults { Latency = TimeSpan.FromMilliseconds(20) },
                new SimulatedFaults { PageSize = 50 }, 1) { Period = TimeSpan.FromHours(1) };
            var shipper = world.Start();
            await world.DelayAsync(1);
            await world.CaptureAsync("a", 3, 1);
            var took = await world.ShippedAsync(60);
            Assert.InRange(took, TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(32));
            shipper.Stop();
            await shipper.Ended;
            await world.CheckAsync();
        });
    }

    /// <summary>10,000 dates of one row each: what is held is frames and the segments of one pass, never a writer for every date.</summary>
    [Fact]
    public async Task A_backlog_of_10_000_dates_is_sealed_by_passes_and_in_one_commit()
    {
        const int Days = 10_000;
        var world = new StoredWorld();
        for (var i = 0; i < 10; i++)
        {
            var first = i;
            await world.CaptureAsync($"shard{i}", checks: [.. Enumerable.Range(0, Days / 10)
                .Select(n => new Row((StoredWorld.Day.Number + n * 10 + first) * UtcDay.MicrosPerDay, $"198.18.{n % 256}.{first}",
                "8.2.7"))]);
        }
        await ShipOrderedAsync(world, world.Uk, "xencenter-checks", TestContext.Current.CancellationToken);
        var table = (await world.TableAsync())!;
        Assert.Equal((Days, 1L), (table.Files.Count, table.Version));
        Assert.True((await world.VerifyAsync()).Ok);
    }

    private static Row[] Prefixed(Row[] rows) => [.. rows.Select(r => r with { Last = "1a2b" })];

    private static async Task<Dictionary<string, long>> ShippedAsync(StoredWorld world)
    {
        var found = new Dictionary<string, long>();
        foreach (var log in world.Logs)
        {
            found[log.Contract.Dataset] = (await log.OpenAsync())?.Files.Values.Sum(f => f.Rows) ?? 0;
        }
        return found;
    }

    /// <summary>Ships everything through this store, one table before the other.</summary>
    private static async Task ShipOrderedAsync(StoredWorld world, IObjectStore uk, string first, CancellationToken cancel)
    {
        var tables = world.Logs.OrderBy(l => l.Contract.Dataset != first)
            .Select(l => new TableLog(uk, l.Contract, StoredWorld.StoreId, world.Key.KeyId, world.Clock))
            .Select(log => new TableShipper(log.Contract, log, new Committer(log),
            new Sealer(log, world.Key.RowKey(), Workers.Inline, new SemaphoreSlim(1), world.Clock), world.Clock, new FedShipper.Silent()))
                .ToList();
        await new ShipLoop(world.Captures, tables, new(new SealPolicy(), TimeSpan.FromMinutes(1)), world.Clock, new FedShipper.Silent())
            .CatchUpAllAsync(SealReason.Final, cancel);
    }
}
