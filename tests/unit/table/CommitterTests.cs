using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

public sealed class CommitterTests
{
    private static string Entry(long version) => TableNames.Entry(TableWorld.Checks.Dataset, version);

    [Fact]
    public async Task Two_shards_that_race_both_land()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "a", 4));

        var second = await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "b", 9));

        Assert.Equal(2, second.Version);
        Assert.Equal(TableWorld.Capture("a", 4).Number, second.Shipped["a"].Number);
        Assert.True(second.Shipped["b"].Matches(TableWorld.Capture("b", 9)));
    }

    [Fact]
    public async Task Rule_19_two_shippers_with_the_same_captures_land_them_once()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var draft = TableWorld.Ship(start, "a", 4);
        var first = await TableWorld.CommitAsync(log, start, draft);

        // The very same draft, files and all: only the random id tells the two committers apart.
        var second = await new Committer(TableWorld.Log(store)).TryCommitAsync(start, draft, TestContext.Current.CancellationToken);

        var moved = Assert.IsType<CommitResult.ShippedMoved>(second);
        Assert.Equal(["a"], moved.Shards);
        Assert.Equal(first.EntryHash, moved.State.EntryHash);
        Assert.Equal(2, (await EntriesAsync(log)).Count);
    }

    [Fact]
    public async Task Rule_19_two_compactions_of_one_input_land_once()
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var filled = await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "a", 4, rows: 150));
        var inputs = filled.Files.Values.ToList();
        var first = await TableWorld.CommitAsync(log, filled, TableWorld.Compact(inputs));

        var second = await new Committer(log).TryCommitAsync(filled, TableWorld.Compact(inputs), TestContext.Current.CancellationToken);

        Assert.Equal(inputs[0].Path, Assert.Single(Assert.IsType<CommitResult.InputGone>(second).Paths));
        Assert.Equal(150, first.Files.Values.Sum(file => file.Rows));
        Assert.False((await EntriesAsync(log))[2].DataChange);
    }

    [Fact]
    public async Task Rule_20_a_put_that_happened_and_was_called_a_failure_is_ours()
    {
        var inner = new MemoryStore();
        var store = new ActingStore(inner);
        var time = TableWorld.Clock();
        var log = TableWorld.Log(store, time);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var waits = 0;
        store.AfterPut = () => throw new StoreException(StoreFault.Outage, "timed out");

        var commit = new Committer(log, _ => waits++).TryCommitAsync(start, TableWorld.Ship(start, "a", 4),
            TestContext.Current.CancellationToken);
        while (!commit.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(1, Assert.IsType<CommitResult.Committed>(await commit).State.Version);
        Assert.Equal(1, waits);
        Assert.Equal(2, (await EntriesAsync(log)).Count);
    }

    [Fact]
    public async Task A_rival_that_lands_just_before_the_put_is_stood_on_or_yielded_to()
    {
        var inner = new MemoryStore();
        var store = new ActingStore(inner);
        var log = TableWorld.Log(store);
        var rival = TableWorld.Log(inner);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        store.BeforePut = () => TableWorld.CommitAsync(rival, start, TableWorld.Ship(start, "b", 0));
        var landed = await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "a", 0));

        store.BeforePut = () => TableWorld.CommitAsync(rival, landed, TableWorld.Ship(landed, "a", 5));
        var result = await new Committer(log).TryCommitAsync(landed, TableWorld.Ship(landed, "a", 7),
            TestContext.Current.CancellationToken);

        Assert.Equal(2, landed.Version);
        Assert.Equal(5, Assert.IsType<CommitResult.ShippedMoved>(result).State.Shipped["a"].Number);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rule_21_a_table_restored_under_a_committer_stops_it(bool replaced)
    {
        var store = new MemoryStore();
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var state = await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "a", 4));
        store.Remove(Entry(1));
        if (replaced)
        {
            await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "b", 1));
        }

        var commit = await Assert.ThrowsAnyAsync<PipelineException>(() =>
            new Committer(log).TryCommitAsync(state, TableWorld.Ship(state, "a", 8), TestContext.Current.CancellationToken));
        var read = await Assert.ThrowsAnyAsync<PipelineException>(() => log.ReadToEndAsync(state, TestContext.Current.CancellationToken));

        Assert.All([commit, read], e => Assert.IsAssignableFrom<DifferenceException>(e));
        Assert.Contains("table xencenter-checks in memory", commit.Message);
        Assert.Contains("entry 1", commit.Message);
    }

    [Fact]
    public async Task Rule_21_a_table_restored_between_the_check_and_the_put_is_found_after_the_win()
    {
        var inner = new MemoryStore();
        var store = new ActingStore(inner);
        var log = TableWorld.Log(store);
        var start = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        var state = await TableWorld.CommitAsync(log, start, TableWorld.Ship(start, "a", 4));
        store.BeforePut = () =>
        {
            inner.Remove(Entry(1));
            return Task.CompletedTask;
        };

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => new Committer(log)
            .TryCommitAsync(state, TableWorld.Ship(state, "a", 8), TestContext.Current.CancellationToken));

        Assert.IsAssignableFrom<DifferenceException>(e);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rule_21_a_slot_below_the_newest_checkpoint_is_no_win(bool hinted)
    {
        var inner = new MemoryStore();
        var store = new ActingStore(inner);
        var log = TableWorld.Log(store);
        var state = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        TableState old = state;
        for (var n = 0; n < 100; n++)
        {
            old = n == 97 ? state : old;
            state = await TableWorld.CommitAsync(log, state, TableWorld.Ship(state, "a", n));
        }
        // A zombie that stands on entry 97 wakes after somebody took entries 98 to 100 away, and forgot the checkpoint.
        foreach (var version in new[] { 98, 99, 100 })
        {
            inner.Remove(Entry(version));
        }
        if (!hinted)
        {
            inner.Remove(TableNames.LastCheckpoint(TableWorld.Checks.Dataset));
        }

        var e = await Assert.ThrowsAnyAsync<PipelineException>(() => new Committer(log)
            .TryCommitAsync(old, TableWorld.Ship(old, "b", 0), TestContext.Current.CancellationToken));

        Assert.Contains("checkpoint of entry 100", e.Message);
        Assert.Equal(97, old.Version);
    }

    [Fact]
    public async Task A_sleeper_whose_entry_others_built_a_checkpoint_upon_has_won()
    {
        var inner = new MemoryStore();
        var store = new ActingStore(inner);
        var rival = TableWorld.Log(inner);
        var log = TableWorld.Log(store);
        var state = await log.OpenOrCreateAsync(TestContext.Current.CancellationToken);
        for (var n = 0; n < 97; n++)
        {
            state = await TableWorld.CommitAsync(rival, state, TableWorld.Ship(state, "a", n));
        }
        store.AfterPut = () =>
        {
            var on = rival.ReadToEndAsync(state).GetAwaiter().GetResult();
            for (var n = 97; n < 103; n++)
            {
                on = TableWorld.CommitAsync(rival, on, TableWorld.Ship(on, "a", n)).GetAwaiter().GetResult();
            }
        };

        var won = await TableWorld.CommitAsync(log, state, TableWorld.Ship(state, "b", 0));

        Assert.Equal(98, won.Version);
        Assert.True(inner.Holds(TableNames.Checkpoint(TableWorld.Checks.Dataset, 100)));
    }

    [Fact]
    public async Task Any_interleaving_of_committers_ends_as_their_commits_in_order() =>
        await Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Bool).Array[1, 25].SampleAsync(async steps =>
        {
            var store = new MemoryStore();
            var logs = Enumerable.Range(0, 3).Select(_ => TableWorld.Log(store)).ToArray();
            var states = new TableState[3];
            for (var i = 0; i < 3; i++)
            {
                states[i] = await logs[i].OpenOrCreateAsync();
            }
            var model = new Dictionary<string, long>();
            var rows = 0L;
            foreach (var (who, shard, compact) in steps)
            {
                var name = $"s{shard}";
                var seen = states[who].Shipped.TryGetValue(name, out var link) ? link.Number : -1;
                var draft = compact && states[who].Files.Count > 0 ? TableWorld.Compact([.. states[who].Files.Values.Take(2)])
                    : TableWorld.Ship(states[who], name, seen + 2);
                var result = await new Committer(logs[who]).TryCommitAsync(states[who], draft);
                states[who] = result.State;
                if (result is CommitResult.Committed && draft.Kind == CommitKind.Ship)
                {
                    Assert.Equal(model.GetValueOrDefault(name, -1), seen);
                    model[name] = seen + 2;
                    rows += 10;
                }
            }
            var end = await logs[0].OpenAsync();
            Assert.Equal(model.OrderBy(pair => pair.Key), end!.Shipped.ToDictionary(pair => pair.Key, pair => pair.Value.Number)
                .OrderBy(pair => pair.Key));
            Assert.Equal(rows, end.Files.Values.Sum(file => file.Rows));
            Assert.Equal(rows, (await EntriesAsync(logs[1])).Sum(entry => entry.Dates.Sum(date => date.Sums.Rows)));
        }, iter: 150);

    private static async Task<List<TableCommit>> EntriesAsync(TableLog log)
    {
        var entries = new List<TableCommit>();
        await foreach (var entry in log.ReadAllAsync())
        {
            entries.Add(entry);
        }
        return entries;
    }
}
