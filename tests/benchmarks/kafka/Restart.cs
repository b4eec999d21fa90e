using System.Globalization;
using Pipeline.Tests.Benchmarks.Whole;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>What a shipper reads again when it starts and everything is in the table already: after it was stopped, and after it was
/// killed.</summary>
internal sealed class Restart(TemporaryFolder folder, BenchBroker broker)
{
    private const int Shards = 1_000, LinesOfAShard = 200, Partitions = 12;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    public async Task<IReadOnlyList<Figure>> MeasureAsync()
    {
        var topic = await broker.TopicAsync(Partitions);
        var group = $"ship-{Guid.NewGuid():N}";
        var environment = broker.Environment(topic, group);
        environment["PIPELINE__SEAL__AGE"] = "3s";
        environment["PIPELINE__PERIOD"] = string.Create(CultureInfo.InvariantCulture, $"{Period.TotalSeconds}s");
        var config = await ManySources.WriteAsync(folder, Shards, LinesOfAShard);
        using (var ingest = Role.Start(environment, "ingest", "--config", config))
        {
            await ingest.UntilAsync("ready ");
            await ingest.UntilIdleAsync();
            await ingest.StopAsync();
        }
        using (var first = Role.Start(environment, "ship", "--config", config))
        {
            await first.UntilAsync(r => r.Seals.Any(), "a first seal");
            await first.UntilIdleAsync();
            await first.StopAsync();
        }
        var figures = new List<Figure>();
        foreach (var killed in new[] { false, true })
        {
            if (killed)
            {
                // A group that has read everything and committed no offset: the worst that a kill can leave.
                environment["PIPELINE__KAFKA__GROUP"] = group = $"ship-{Guid.NewGuid():N}";
            }
            var waiting = broker.Waiting(topic, group, Partitions);
            using var ship = Role.Start(environment, ["ship", "--config", config, .. Scrape.Wanted]);
            await ship.UntilAsync("assigned ");
            var seconds = await ship.UntilIdleAsync();
            var (started, cpu, peak) = (await Scrape.OfAsync(ship), ship.CpuSeconds, ship.PeakBytes);
            await Task.Delay(Period, TimeProvider.System);
            await ship.UntilIdleAsync();
            var (later, looks) = (await Scrape.OfAsync(ship), (int)((ship.Seconds - seconds) / Period.TotalSeconds));
            await ship.StopAsync();
            Check.Equal("commits of a restart", ship.Seals.Count(), 0);
            figures.Add(new Figure($"a shipper starts again at {Shards:N0} shards, {(killed ? "no offset committed" : "stopped before")}",
                "s", seconds, seconds, seconds)
            {
                PeakBytes = peak,
                Note = string.Create(CultureInfo.InvariantCulture,
                    $"{waiting:N0} messages come again, {cpu:0.0} CPU-s until idle; requests until then: {started.Requests()}; and in " +
                    $"the next {Period.TotalSeconds * looks:0} s ({looks} periods): {later.Requests(started)}"),
            });
        }
        ManySources.Remove(folder);
        return figures;
    }
}
