using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Compaction;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Compaction;

public sealed class CompactionTests
{
    [Fact]
    public async Task Small_segments_of_a_date_become_one_and_every_row_stays()
    {
        var world = await CompactWorld.OfAsync(seals: 9, days: 2);
        var before = await world.RowsAsync();
        var report = await world.Compactor().RunAsync(null);
        Assert.Equal((9, 2, 45L, 1), (report.Dates.Sum(d => d.FilesBefore), report.Dates.Sum(d => d.FilesAfter), report.Rows,
            report.Commits));
        Assert.Equal(2, (await world.StateAsync()).Files.Count);
        Assert.Equal(before, await world.RowsAsync());
        await world.AssertSoundAsync();
    }

    [Fact]
    public async Task One_date_alone_can_be_compacted()
    {
        var world = await CompactWorld.OfAsync(seals: 8, days: 2);
        await world.Compactor().RunAsync(StoredWorld.Day);
        Assert.Equal([1, 4], (await world.StateAsync()).Files.Values.GroupBy(f => f.Date).OrderBy(d => d.Key).Select(d => d.Count()));
        await world.AssertSoundAsync();
    }

    [Fact]
    public async Task A_merged_segment_is_sorted_by_address_and_time_and_names_its_inputs()
    {
        var world = await CompactWorld.OfAsync(seals: 5, rows: 300, days: 1);
        var inputs = (await world.StateAsync()).Files.Keys.Order(StringComparer.Ordinal);
        await world.Compactor().RunAsync(null);
        var file = Assert.Single((await world.StateAsync()).Files.Values);
        var rows = (await CompactWorld.RowsOfAsync(world.World.Uk, file)).Select(row => row.Split(' '))
            .Select(row => (Address: row[0], Time: long.Parse(row[1]))).ToList();
        Assert.Equal(rows.OrderBy(r => r.Address, StringComparer.Ordinal).ThenBy(r => r.Time), rows);
        var reader = await SegmentReader.OpenAsync(world.World.Uk, TableNames.Segment(StoredWorld.Checks.Dataset, file.Path),
            StoredWorld.Checks);
        Assert.Equal(inputs, reader!.Label!.Inputs!.Order(StringComparer.Ordinal));
        Assert.Empty(reader.Label.Shards);
    }

    [Fact]
    public async Task A_compaction_changes_no_data_and_ships_nothing()
    {
        var world = await CompactWorld.OfAsync(seals: 4, days: 1);
        var before = await world.StateAsync();
        await world.Compactor().RunAsync(null);
        var after = await world.StateAsync();
        var entry = (await world.Log.ReadEntryAsync(after.Version))!;
        Assert.Equal((CommitKind.Compact, false, before.Version + 1), (entry.Kind, entry.DataChange, after.Version));
        Assert.True(entry.Shards.Count == 0 && entry.Dates.Count == 0 && entry.Txn.Count == 0 && entry.Removed.All(f => !f.DataChange));
        Assert.Equal(before.Shipped, after.Shipped);
    }

    [Fact]
    public async Task A_second_run_finds_nothing_to_do()
    {
        var world = await CompactWorld.OfAsync(seals: 7, days: 3);
        await world.Compactor().RunAsync(null);
        var version = (await world.StateAsync()).Version;
        Assert.Equal(0, (await world.Compactor().RunAsync(null)).Commits);
        Assert.Equal(version, (await world.StateAsync()).Version);
        Assert.Empty((await world.Compactor().PlanAsync(null))!.Groups);
    }

    [Fact]
    public void A_plan_leaves_no_two_small_files_of_a_date_and_merges_none_beyond_the_target() =>
        Gen.Select(Gen.Long[1, 900], Gen.Int[0, 2]).Array[1, 60].Sample(files =>
        {
            var policy = new CompactionPolicy(TargetRows: 1000, MaxFiles: 1000);
            var state = State(files.Select((f, i) => File(f.Item1, f.Item2, i)));
            var plan = CompactionPlan.Of("xencenter-checks", state, policy);
            var merged = plan.Groups.SelectMany(g => g.Inputs).Select(f => f.Path).ToHashSet();
            Assert.Equal(plan.Groups.Sum(g => g.Inputs.Count), merged.Count);
            Assert.All(plan.Groups, g => Assert.True(g.Inputs.Count > 1 && g.Rows <= policy.TargetRows
                && g.Inputs.All(f => f.Date == g.Date && policy.IsSmall(f))));
            var next = State(state.Files.Values.Where(f => !merged.Contains(f.Path))
                .Concat(plan.Groups.Select((g, i) => File(g.Rows, g.Date.Number - StoredWorld.Day.Number, 1000 + i))));
            Assert.Empty(CompactionPlan.Of("xencenter-checks", next, policy).Groups);
            Assert.All(next.Files.Values.GroupBy(f => f.Date), date => Assert.True(date.Count(policy.IsSmall) <= 1));
        }, iter: 300);

    [Fact]
    public void Random_tables_keep_their_rows_as_multisets() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[0, 2], Gen.Int[0, 3]).Array[2, 12]
            .Sample(seals => RunAsync(seals).GetAwaiter().GetResult(), iter: 30);

    [Fact]
    public async Task Of_two_compactions_of_the_same_files_one_starts_over_and_no_row_is_doubled()
    {
        var world = await CompactWorld.OfAsync(seals: 6, days: 1);
        var before = await world.RowsAsync();
        // The second runs whole while the first is about to commit.
        var raced = false;
        var acting = new FaultyStore(world.World.Uk);
        acting.Plan = operation =>
        {
            if (!raced && operation.Verb == StoreVerb.Put && operation.Name.Contains("_delta_log", StringComparison.Ordinal))
            {
                raced = true;
                world.Compactor().RunAsync(null).GetAwaiter().GetResult();
            }
            return Fault.None;
        };
        var report = await world.Compactor(acting).RunAsync(null);
        Assert.True(raced);
        Assert.Equal((1, 0, 1), (report.Conflicts, report.Commits, world.Conflicts));
        Assert.Equal(before, await world.RowsAsync());
        await world.AssertSoundAsync();
        // What the loser wrote is void, at once.
        Assert.Equal(1, (await world.Orphaned().RemoveAsync()).Removed);
    }

    [Fact]
    public async Task A_shipment_that_comes_between_is_no_conflict()
    {
        var world = await CompactWorld.OfAsync(seals: 4, days: 1);
        var shipped = false;
        var acting = new FaultyStore(world.World.Uk);
        acting.Plan = operation =>
        {
            if (!shipped && operation.Verb == StoreVerb.Put && operation.Name.Contains("_delta_log", StringComparison.Ordinal))
            {
                shipped = true;
                world.SealAsync(3, 77, 0).GetAwaiter().GetResult();
            }
            return Fault.None;
        };
        var report = await world.Compactor(acting).RunAsync(null);
        Assert.True(shipped);
        Assert.Equal(0, report.Conflicts);
        Assert.Equal(23, (await world.RowsAsync()).Count);
        await world.AssertSoundAsync();
    }

    [Fact]
    public async Task A_damaged_segment_is_named_and_left_and_the_other_dates_are_compacted()
    {
        var world = await CompactWorld.OfAsync(seals: 6, days: 2);
        var file = (await world.StateAsync()).Files.Values.First(f => f.Date == StoredWorld.Day);
        await StoredWorld.ChangeAsync(world.World.Uk, TableNames.Segment(StoredWorld.Checks.Dataset, file.Path), bytes =>
            { bytes.AsSpan(4, 60).Fill(0xff); return bytes; });
        var report = await world.Compactor().RunAsync(null);
        Assert.Contains(file.Path, Assert.Single(report.Differences), StringComparison.Ordinal);
        Assert.Equal([3, 1], (await world.StateAsync()).Files.Values.GroupBy(f => f.Date).OrderBy(d => d.Key).Select(d => d.Count()));
    }

    [Fact]
    public async Task A_date_that_holds_other_rows_than_its_commits_brought_is_not_merged()
    {
        var world = await CompactWorld.OfAsync(seals: 3, days: 1);
        var file = (await world.StateAsync()).Files.Values.First();
        // As many rows, with other values, in a file as whole as any.
        var other = await world.World.SegmentAsync(StoredWorld.Rows(5, seed: 200), StoredWorld.Day);
        await world.World.ForeignAsync(StoredWorld.Remove(file), StoredWorld.Add(other));
        var report = await world.Compactor().RunAsync(null);
        Assert.Contains("were not merged", Assert.Single(report.Differences), StringComparison.Ordinal);
        Assert.Equal(3, (await world.StateAsync()).Files.Count);
    }

    [Theory]
    [InlineData(Fault.FailBefore)]
    [InlineData(Fault.FailAfter)]
    [InlineData(Fault.Tear)]
    public async Task Whichever_operation_fails_no_row_is_lost_or_doubled_and_the_next_run_ends_it(Fault fault)
    {
        var operations = 0;
        // The first goes without a fault, to count.
        for (var number = -1; number < operations; number++)
        {
            var world = await CompactWorld.OfAsync(seals: 4, rows: 2, days: 2);
            var before = await world.RowsAsync();
            var faulty = new FaultyStore(world.World.Uk, FaultyStore.At(number, fault));
            // Waits of a put that is tried again pass at once.
            world.World.Clock.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1);
            var run = EndAsync(async () =>
            {
                await world.Compactor(faulty).RunAsync(null);
                await world.Orphaned(faulty, TimeSpan.FromTicks(1)).RemoveAsync();
            });
            while (!run.IsCompleted)
            {
                world.World.Clock.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }
            await run;
            operations = number < 0 ? faulty.Count : operations;
            Assert.Equal(before, await world.RowsAsync());
            await world.Compactor().RunAsync(null);
            await world.Orphaned(grace: TimeSpan.FromTicks(1)).RemoveAsync();
            Assert.Equal(before, await world.RowsAsync());
            Assert.Equal((await world.StateAsync()).Files.Keys.Order(StringComparer.Ordinal),
                (await world.StoredAsync()).Order(StringComparer.Ordinal));
            await world.AssertSoundAsync();
        }
        Assert.InRange(operations, 30, 300);
    }

    private static async Task EndAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (StoreException)
        {
            // An outage ends a run.
        }
        catch (PipelineException)
        {
            // Half an object was not believed.
        }
    }

    private static async Task RunAsync((int Rows, int Day, int Seed)[] seals)
    {
        var world = new CompactWorld();
        foreach (var (rows, day, seed) in seals)
        {
            await world.SealAsync(rows, seed, day);
        }
        var before = await world.RowsAsync();
        await world.Compactor(policy: new CompactionPolicy(TargetRows: 100)).RunAsync(null);
        Assert.Equal(before, await world.RowsAsync());
        await world.AssertSoundAsync();
        Assert.Empty((await world.Compactor(policy: new CompactionPolicy(TargetRows: 100)).PlanAsync(null))!.Groups);
    }

    private static SegmentFile File(long rows, int day, int number) =>
        new($"date={new UtcDay(StoredWorld.Day.Number + day)}/{number:D4}.parquet", new UtcDay(StoredWorld.Day.Number + day), rows * 6,
            rows, number, number);

    private static TableState State(IEnumerable<SegmentFile> files) =>
        TableState.Empty.Next(new TableCommit { Version = 0, Hash = default, Added = [.. files] });
}
