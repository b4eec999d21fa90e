using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Processor.Compaction;
using Pipeline.Tests.Fakes;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Compaction;

public sealed class CompactionServiceTests : ICompactionEvents
{
    private readonly List<string> _events = [];

    [Fact]
    public async Task A_damaged_table_stops_its_own_compaction_and_is_named_once_and_again_at_the_end()
    {
        var world = new StoredWorld();
        for (var i = 0; i < 12; i++)
        {
            await world.CaptureAsync("web", StoredWorld.Rows(3, i), [.. StoredWorld.Rows(3, i).Select(row => row with { Last = "1a2b" })]);
            await world.ShipAsync();
        }
        var entry = TableNames.Entry(StoredWorld.Agents.Dataset, 3);
        await StoredWorld.ChangeAsync(world.Uk, entry, bytes => { bytes[^20] ^= 1; return bytes; });
        var time = new SimulatedTime();
        new SimulatedThread(1, time).Run(async () =>
        {
            using var stop = new CancellationTokenSource();
            var tables = world.Logs.Select(log => (
                new Compactor(log, world.Key.RowKey(), Workers.Inline, world.Clock, new CompactionPolicy(), this),
                new OrphanedSegments(log, world.Key.RowKey(), Workers.Inline, world.Clock, TimeSpan.FromDays(7), this))).ToList();
            var running = new CompactionService(tables, TimeSpan.FromMinutes(10), time, this).RunAsync(stop.Token);
            await Task.Delay(TimeSpan.FromHours(1), time, CancellationToken.None);
            stop.Cancel();
            var why = await Assert.ThrowsAnyAsync<DifferenceException>(() => running);
            Assert.Contains(StoredWorld.Agents.Dataset, why.Message, StringComparison.Ordinal);
        });
        Assert.Equal([$"stopped {StoredWorld.Agents.Dataset}", $"compacted {StoredWorld.Checks.Dataset}"], _events);
    }

    void ICompactionEvents.Compacted(string dataset, long version, int inputs, int outputs, long rows, long before, long after) =>
        _events.Add("compacted " + dataset);

    void ICompactionEvents.CompactionConflict(string dataset, long version, int groups) => _events.Add("conflict " + dataset);

    void ICompactionEvents.NotCompacted(string dataset, UtcDay date, string why) => _events.Add("not-compacted " + dataset);

    void ICompactionEvents.OrphansRemoved(string dataset, int segments, long bytes, string receipt) => _events.Add("orphans " + dataset);

    void ICompactionEvents.CompactionStopped(string dataset, DifferenceException why) => _events.Add("stopped " + dataset);

    void ICompactionEvents.Waiting(StoreException fault) => _events.Add("waiting");
}
