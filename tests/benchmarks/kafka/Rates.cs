using System.Text.Json;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>What a stretch of the way took.</summary>
/// <param name="Seconds">From the start of the process to the last record's arrival.</param>
internal sealed record Stretch(long Records, double Seconds, double CpuSeconds, long PeakBytes, string Note)
{
    public double PerCpuSecond => Records / CpuSeconds;
}

/// <summary>Lines → captured and published → committed segments, by the real program, and the same records as JSON messages.</summary>
internal sealed class Rates(TemporaryFolder folder, BenchBroker broker)
{
    private const string Dir = "rates";

    /// <summary>Six minutes of 10,000 lines a second, and an hour.</summary>
    public const long Lines = 3_600_000, LinesOfAnHour = 10 * Lines;

    private long _records;
    private string _topic = "";

    /// <summary>`ingest` follows a log that is there already, until all of it is captured and published.</summary>
    public async Task<Stretch> IngestAsync(long lines)
    {
        folder.Remove(Dir);
        var truth = CombinedLog.Write(folder["kafka.log"], lines, Stages.Blocks.Seed);
        _topic = await broker.TopicAsync();
        using var ingest = Role.Start(broker.Environment(_topic), "ingest", "--dir", folder[Dir], "--tail", "web=" + folder["kafka.log"]);
        await ingest.UntilAsync("ready ");
        var seconds = await ingest.UntilIdleAsync();
        var (cpu, peak) = (ingest.CpuSeconds, ingest.PeakBytes);
        await ingest.StopAsync();
        var published = ingest.Log.Last(l => l.Line.Contains("published captures=", StringComparison.Ordinal));
        Check.Equal("captures that were not published", published.Number("skipped"), 0);
        var (verify, _) = Child.Run([.. Child.Program, "verify", "--dir", folder[Dir], "--side", "us", "--json"]);
        Check.Equal("lines captured", JsonDocument.Parse(verify).RootElement.GetProperty("lines").GetInt64(), truth.Counts.Lines);
        _records = truth.Counts.Records.Values.Sum();
        folder.Remove("kafka.log");
        return new Stretch(_records, seconds, cpu, peak,
            $"{published.Number("captures"):N0} captures, {published.Number("bytes") / (double)_records:0.0} B a record");
    }

    /// <summary>
    /// `ship` with a new group and a new table. With <paramref name="byFeed"/> its first look at the store finds no shard, and its next
    /// look is an hour away,
    /// so that what is committed came from the topic; without, the same captures come from the store.
    /// </summary>
    public async Task<Stretch> ShipAsync(bool byFeed, string age = "3s")
    {
        var (us, aside, uk) = (Path.Combine(folder[Dir], "us", "captures"), folder["aside"], folder["uk"]);
        var environment = broker.Environment(_topic, $"ship-{Guid.NewGuid():N}");
        var config = folder["ship.yaml"];
        await File.WriteAllTextAsync(config,
            $"stores:\n  us: {{path: {folder[Dir]}/us, region: us}}\n  uk: {{path: {uk}, region: uk}}\nkeys: {folder[Dir]}/keys\n");
        environment["PIPELINE__PERIOD"] = "1h";
        environment["PIPELINE__SEAL__AGE"] = age;
        if (byFeed)
        {
            Directory.Move(us, aside);
            Directory.CreateDirectory(us);
        }
        var start = 0.0;
        using var ship = Role.Start(environment, "ship", "--config", config);
        try
        {
            await ship.UntilAsync("assigned ");
            start = ship.CpuSeconds;
        }
        finally
        {
            if (byFeed)
            {
                Directory.Delete(us);
                Directory.Move(aside, us);
            }
        }
        await ship.UntilAsync(r => r.Seals.Sum(s => s.Number("rows")) >= _records, "all records in the table");
        var (cpu, peak) = (ship.CpuSeconds, ship.PeakBytes);
        await ship.StopAsync();
        var seals = ship.Seals.ToList();
        Check.Equal("records committed", seals.Sum(s => s.Number("rows")), _records);
        Check.Equal("gaps", ship.Log.Count(l => l.Line.Contains("gap table=", StringComparison.Ordinal)), 0);
        var size = seals.Sum(s => s.Number("bytes")) / (double)_records;
        folder.Remove("uk");
        return new Stretch(_records, seals[^1].Seconds, cpu, peak,
            $"{seals.Count} commits, {seals.Sum(s => s.Number("segments"))} segments, {size:0.0} B a record; age of a seal {age}, which " +
            $"is in the time; {start:0.00} CPU-s until the first partition was assigned");
    }

    /// <summary>The same records, a JSON message each, through a plain loop into the same Parquet writer.</summary>
    public async Task<Stretch> JsonAsync()
    {
        var topic = await broker.TopicAsync();
        using (var producer = broker.Producer())
        {
            foreach (var capture in broker.ReadAll(_topic))
            {
                foreach (var frame in CaptureFile.DecodeHeader(capture, "message").Frames)
                {
                    foreach (var batch in FrameDecoder.Decode(PublishedContracts.ByDataset(frame.Dataset),
                        CaptureFile.Block(capture, frame.Offset, frame.Length, "message"), frame.Rows))
                    {
                        JsonLoop.Produce(producer, topic, batch);
                    }
                }
            }
            producer.Flush(TimeSpan.FromMinutes(1));
        }
        var (output, usage) = Child.Run(Child.Dotnet, Path.Combine(AppContext.BaseDirectory, "Pipeline.Tests.Benchmarks.dll"), "kafka-json",
            broker.Servers, topic, _records.ToString(System.Globalization.CultureInfo.InvariantCulture), folder["json"]);
        folder.Remove("json");
        return new Stretch(_records, usage.Seconds, usage.CpuSeconds, usage.PeakBytes,
            $"{output.Trim()} B a record in Parquet; no commits, no sums, no proof");
    }
}
