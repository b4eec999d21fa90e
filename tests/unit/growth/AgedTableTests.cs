using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Compaction;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Table;
using Xunit;

namespace Pipeline.Tests.Unit.Growth;

public sealed class AgedTableTests
{
    private static readonly string Dataset = TableWorld.Checks.Dataset;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_and_a_commit_take_as_many_store_calls_at_a_hundred_thousand_entries_as_at_a_thousand()
    {
        var young = await CallsAsync(1_050);
        var old = await CallsAsync(100_050);

        Assert.Equal(young, old);
        // The entries above the newest checkpoint are read; everything else is a handful.
        Assert.InRange(old.Open, 50, 60);
        Assert.InRange(old.Commit, 4, 8);
        Assert.Equal((0, 0), (young.Listed, old.Listed));
    }

    [Fact]
    public async Task A_lost_last_checkpoint_costs_calls_by_the_logarithm_of_the_age()
    {
        var store = await AgedAsync(100_050);
        store.Remove(TableNames.LastCheckpoint(Dataset));
        var counted = new CountingStore(store);

        var state = await TableWorld.Log(counted).OpenAsync(Cancel);

        Assert.Equal(100_050, state!.Version);
        Assert.InRange(counted.Calls, 50, 85);
        Assert.Empty(counted.Lists);
    }

    [Fact]
    public async Task A_table_of_an_earlier_version_is_opened_from_the_checkpoint_below_it()
    {
        var store = await AgedAsync(20_050);
        var counted = new CountingStore(store);

        var state = await TableWorld.Log(counted).OpenAtAsync(20_030, Cancel);

        Assert.Equal(20_030, state!.Version);
        Assert.InRange(counted.Calls, 30, 40);
    }

    [Fact]
    public async Task A_history_is_read_on_from_its_newest_mark_and_tells_the_same()
    {
        var store = await AgedAsync(5_150);
        var counted = new CountingStore(store);
        var log = TableWorld.Log(counted);
        var state = (await log.OpenAsync(Cancel))!;
        var whole = new TableHistory(log);
        await whole.ReadToAsync(state, Recent, remember: true, Cancel);

        counted.Reset();
        var marked = new TableHistory(log);
        await marked.ReadToAsync(state, Recent, remember: true, Cancel);

        Assert.Equal(whole.Dates!.OrderBy(date => date.Key), marked.Dates!.OrderBy(date => date.Key));
        Assert.Equal(whole.Removed.OrderBy(file => file.Key), marked.Removed.OrderBy(file => file.Key));
        Assert.NotEmpty(marked.Removed);
        // Entries above the mark, the mark, its entry and one list.
        Assert.Equal(150 + 3, counted.Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_mark_that_is_damaged_or_of_another_log_is_passed_over(bool damaged)
    {
        var store = await AgedAsync(2_150);
        var log = TableWorld.Log(store);
        await new TableHistory(log).ReadToAsync((await log.OpenAsync(Cancel))!, Recent, remember: true, Cancel);
        var mark = $"{HistoryMark.Folder(Dataset)}{2_000:D20}";
        var bytes = store[mark];
        var other = damaged ? store : await AgedAsync(2_150);
        if (damaged)
        {
            bytes[^20] ^= 1;
        }
        other[mark] = bytes;
        log = TableWorld.Log(other);
        var state = (await log.OpenAsync(Cancel))!;
        var (whole, marked) = (new TableHistory(log), new TableHistory(log));

        await marked.ReadToAsync(state, Recent, remember: false, Cancel);
        other.Remove(mark);
        other.Remove($"{HistoryMark.Folder(Dataset)}{1_000:D20}");
        await whole.ReadToAsync(state, Recent, remember: false, Cancel);

        Assert.Equal(whole.Dates!.OrderBy(date => date.Key), marked.Dates!.OrderBy(date => date.Key));
        Assert.Equal(whole.Removed.OrderBy(file => file.Key), marked.Removed.OrderBy(file => file.Key));
    }

    private static bool Recent(string path, long version) => version > 800;

    private static async Task<MemoryStore> AgedAsync(long entries)
    {
        var store = new MemoryStore();
        await new AgedLog(TableWorld.Log(store)).GrowAsync(entries, store, (name, bytes) => store[name] = bytes);
        return store;
    }

    private static async Task<(int Open, int Commit, int Listed)> CallsAsync(long entries)
    {
        var counted = new CountingStore(await AgedAsync(entries));
        var log = TableWorld.Log(counted);
        var state = (await log.OpenAsync(Cancel))!;
        var open = counted.Calls;
        await TableWorld.CommitAsync(log, state, TableWorld.Ship(state, "a", 0));
        return (open, counted.Calls - open, counted.Listed);
    }
}
