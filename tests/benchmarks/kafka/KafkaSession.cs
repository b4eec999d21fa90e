using Pipeline.Tests.Integration.Azure;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>Through a real broker on loopback: 1 rates beside the baseline, and with stores in containers — 2 memory — 3 freshness — 4 a
/// restart. The broker runs on the same cores; processor time is of our process alone.</summary>
internal static class KafkaSession
{
    private const int Repetitions = 3;

    /// <param name="parts">`rates`, `hour`, `total`, `azurite`, `memory`, `freshness`, `restart`; none: all.</param>
    public static async Task<int> RunAsync(string[] parts)
    {
        bool Wanted(string part) => parts.Length == 0 || parts.Contains(part);
        using var folder = new TemporaryFolder();
        using var broker = await BenchBroker.StartAsync();
        var figures = new List<Figure>();
        // 1
        if (Wanted("rates"))
        {
            figures.AddRange(await RatesAsync(new Rates(folder, broker)));
        }
        if (Wanted("hour"))
        {
            figures.AddRange(await HourAsync(new Rates(folder, broker)));
        }
        if (Wanted("total"))
        {
            figures.AddRange(await MarginalAsync(new Rates(folder, broker)));
        }
        if (Wanted("azurite"))
        {
            figures.AddRange(await AzureAsync(folder, broker));
        }
        // 2
        var memory = new Memory(folder, broker);
        if (Wanted("memory") || Wanted("memory-ship"))
        {
            Say("memory of a shipper");
            figures.Add(OfMemory("`ship`, 10,000 dates and 1,000 shards in one backlog", Told("ship", await memory.ShipperAsync()), 400e6));
        }
        if (Wanted("memory") || Wanted("memory-ingest"))
        {
            Say("memory of ingest");
            figures.Add(OfMemory("`ingest`, 1,000 sources", Told("ingest", await memory.IngestAsync()), 300e6));
        }
        // 3
        if (Wanted("freshness"))
        {
            figures.AddRange(await FreshnessAsync(new Freshness(folder, broker)));
        }
        // 4
        if (Wanted("restart"))
        {
            Say("restarts of a shipper");
            figures.AddRange(await new Restart(folder, broker).MeasureAsync());
        }
        Report.Print(figures);
        Console.WriteLine(
            $"- broker: one node on the same machine, its processor time is in no figure; Confluent.Kafka " +
            $"{typeof(Confluent.Kafka.ProducerConfig).Assembly.GetName().Version}, librdkafka {Confluent.Kafka.Library.VersionString}");
        return 0;
    }

    private static async Task<List<Figure>> RatesAsync(Rates rates)
    {
        var (ingest, ship, store, json) = (new List<Stretch>(), new List<Stretch>(), new List<Stretch>(), new List<Stretch>());
        for (var i = 0; i < Repetitions; i++)
        {
            Say($"rates, {i + 1} of {Repetitions}");
            ingest.Add(Told("ingest", await rates.IngestAsync(Rates.Lines)));
            ship.Add(Told("ship", await rates.ShipAsync(byFeed: true)));
            json.Add(Told("JSON", await rates.JsonAsync()));
            store.Add(Told("ship from the store", await rates.ShipAsync(byFeed: false)));
        }
        var ratio = Repeat.Median(ship.Zip(json, (a, b) => a.PerCpuSecond / b.PerCpuSecond));
        var hour = 3_600.0 * Rates.Lines / 36e6;
        return
        [
            Of("lines → captured and published", ingest).AtLeast(1e6),
            Of("Kafka → committed segments, directory", ship).AtLeast(2e6) with { Ratio = ratio },
            Of("the same records as JSON messages → Parquet, a plain loop", json),
            new Figure("Kafka → table beside JSON messages, per CPU-second", "×", ratio, ratio, ratio).AtLeast(5),
            new Figure($"caught up after an outage, {Rates.Lines / 1e6:0.0} M lines waiting on the topic", "× real time",
                Repeat.Median(ship.Select(s => hour / s.Seconds)), ship.Min(s => hour / s.Seconds), ship.Max(s => hour / s.Seconds))
            {
                Note = $"{hour:0} s of 10,000 lines a second; {Repeat.Median(ship.Select(s => s.Seconds)):0.0} s from the start of the " +
                    $"process to the last commit",
            }.AtLeast(10),
            new Figure($"after an outage of Kafka, {Rates.Lines / 1e6:0.0} M lines waiting in the store", "× real time",
                Repeat.Median(store.Select(s => hour / s.Seconds)), store.Min(s => hour / s.Seconds), store.Max(s => hour / s.Seconds))
            {
                Note = $"{Repeat.Median(store.Select(s => s.Seconds)):0.0} s, by catch-up alone; " +
                    $"{Figure.Si(Repeat.Median(store.Select(s => s.PerCpuSecond)))} records per CPU-second",
            }.AtLeast(10),
        ];
    }

    /// <summary>The same two stretches with both stores in containers of the emulator, whose processor time is in no figure.</summary>
    private static async Task<List<Figure>> AzureAsync(TemporaryFolder folder, BenchBroker broker)
    {
        if (AzuriteProcess.Missing is { } missing)
        {
            Say($"left out, containers: {missing}");
            return [];
        }
        var (ingest, ship) = (new List<Stretch>(), new List<Stretch>());
        for (var i = 0; i < Repetitions; i++)
        {
            Say($"containers, {i + 1} of {Repetitions}");
            var (first, second) = await new AzureRates(folder, broker).MeasureAsync();
            ingest.Add(Told("ingest", first));
            ship.Add(Told("ship", second));
        }
        return [Of("lines → captured and published, containers of Azurite", ingest),
            Of("Kafka → committed segments, containers of Azurite", ship)];
    }

    /// <summary>All at once, each an installation of its own, because they do little but wait.</summary>
    private static async Task<List<Figure>> FreshnessAsync(Freshness freshness)
    {
        (int Rate, string? Age, TimeSpan Measured)[] runs =
        [
            (10, "10s", TimeSpan.FromSeconds(65)), (10_000, "10s", TimeSpan.FromSeconds(65)),
            (10, null, TimeSpan.FromSeconds(630)), (10_000, null, TimeSpan.FromSeconds(630)),
        ];
        return [.. (await Task.WhenAll(runs.Select(async run =>
        {
            Say($"freshness at {run.Rate:N0} lines/s for {run.Measured.TotalSeconds:N0} s, seal.age {run.Age ?? "of the default"}");
            var fresh = await freshness.MeasureAsync(run.Rate, run.Age, run.Measured);
            Say(fresh.ToString());
            return OfFreshness(run.Rate, run.Age ?? "5m (default)", run.Measured, fresh);
        }))).SelectMany(f => f)];
    }

    /// <summary>Both ways with what waits after an hour without shippers, in which the starts of the processes are a small part.</summary>
    private static async Task<List<Figure>> HourAsync(Rates rates)
    {
        Say("an hour's backlog");
        await rates.IngestAsync(Rates.LinesOfAnHour);
        var (ship, json) = (Told("ship", await rates.ShipAsync(byFeed: true)), Told("JSON", await rates.JsonAsync()));
        var (size, ratio, hours) = ($"{ship.Records / 1e6:0.0} M records waiting", ship.PerCpuSecond / json.PerCpuSecond,
            3_600 / ship.Seconds);
        return
        [
            Of($"Kafka → committed segments, directory, {size}", [ship]).AtLeast(2e6) with { Ratio = ratio },
            Of($"the same as JSON messages → Parquet, {size}", [json]),
            new Figure($"Kafka → table beside JSON messages, per CPU-second, {size}", "×", ratio, ratio, ratio).AtLeast(5),
            new Figure("caught up after an outage of an hour at 10,000 lines/s, waiting on the topic", "× real time", hours, hours, hours)
                .AtLeast(10),
        ];
    }

    /// <summary>What one more record costs, so that the start of the process is not in it.</summary>
    private static async Task<List<Figure>> MarginalAsync(Rates rates)
    {
        var few = (Told("ingest", await rates.IngestAsync(Rates.Lines)), Told("ship", await rates.ShipAsync(byFeed: true)));
        var many = (Told("ingest", await rates.IngestAsync(Rates.Lines * 4)), Told("ship", await rates.ShipAsync(byFeed: true)));
        static Figure Between(string name, Stretch a, Stretch b)
        {
            var rate = (b.Records - a.Records) / (b.CpuSeconds - a.CpuSeconds);
            return new Figure(name, "records/CPU-s", rate, rate, rate) { PeakBytes = b.PeakBytes,
                Note = $"{a.Records:N0} records {a.CpuSeconds:0.00} CPU-s, {b.Records:N0} records {b.CpuSeconds:0.00} CPU-s; {b.Note}" };
        }
        return [Between("one more record, lines → published", few.Item1, many.Item1).AtLeast(1e6),
            Between("one more record, Kafka → committed segments", few.Item2, many.Item2).AtLeast(2e6)];
    }

    private static Figure Of(string name, List<Stretch> runs)
    {
        var rates = runs.Select(r => r.PerCpuSecond).ToList();
        return new Figure(name, "records/CPU-s", Repeat.Median(rates), rates.Min(), rates.Max())
        {
            PerCpuSecond = Repeat.Median(rates), PeakBytes = runs.Max(r => r.PeakBytes),
            Note = $"{runs[0].Records:N0} records; {Repeat.Median(runs.Select(r => r.CpuSeconds)):0.00} CPU-s, " +
                $"{Repeat.Median(runs.Select(r => r.Seconds)):0.00} s; start of the process included; {runs[0].Note}",
        };
    }

    private static Figure OfMemory(string name, Stretch run, double most) =>
        new Figure(name, "B", run.PeakBytes, run.PeakBytes, run.PeakBytes) { PeakBytes = run.PeakBytes,
            Note = $"{run.Records:N0} in {run.Seconds:0.0} s, {run.CpuSeconds:0.0} CPU-s; {run.Note}" }.AtMost(most);

    private static IEnumerable<Figure> OfFreshness(int rate, string age, TimeSpan measured, Fresh fresh) =>
    [
        new Figure($"captured → visible, {rate:N0} lines/s, seal.age {age}, p50", "s", fresh.P50, fresh.P50, fresh.P50),
        new Figure($"captured → visible, {rate:N0} lines/s, seal.age {age}, p99", "s", fresh.P99, fresh.P99, fresh.P99)
        {
            Note = $"most {fresh.Most:0.0} s, {fresh.Records:N0} records; a day at this rate, by counts of {measured.TotalSeconds:0} s: " +
                $"{fresh.CommitsPerDay:N0} commits and {fresh.SegmentsPerDay:N0} segments (both tables), {fresh.CapturesPerDay:N0} " +
                $"captures of the shard, {fresh.IngestPutsPerDay:N0} put requests of ingest and {fresh.ShipPutsPerDay:N0} of ship",
        },
    ];

    private static Stretch Told(string what, Stretch run)
    {
        Say($"{what}: {Figure.Si(run.PerCpuSecond)} records/CPU-s, {run.CpuSeconds:0.00} CPU-s, {run.Seconds:0.00} s, " +
            $"{run.PeakBytes / 1e6:0} MB, {run.Note}");
        return run;
    }

    private static void Say(string what) => Console.Error.WriteLine($"measuring: {what}");
}
