using System.Text;
using Confluent.Kafka;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Tests.Benchmarks.Whole;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>The most that either side is asked to hold at once.</summary>
internal sealed class Memory(TemporaryFolder folder, BenchBroker broker)
{
    private const int Shards = 1_000, CapturesOfAShard = 2, DatesOfACapture = 100, RowsOfADate = 20, Dates = 10_000, Sources = 1_000,
        LinesOfASource = 2_000;
    private const long FirstDay = 10_500;
    private const long MicrosOfADay = 86_400_000_000;

    /// <summary>Captures of 1,000 shards whose rows fall on 10,000 dates, all on the topic before `ship` starts, in one seal.</summary>
    public async Task<Stretch> ShipperAsync()
    {
        var topic = await broker.TopicAsync();
        var rows = await ProduceAsync(topic);
        var environment = broker.Environment(topic, $"ship-{Guid.NewGuid():N}");
        environment["PIPELINE__PERIOD"] = "1h";
        environment["PIPELINE__SEAL__AGE"] = "20s";
        using var ship = Role.Start(environment, "ship", "--dir", folder["many"]);
        await ship.UntilAsync(r => r.Seals.Sum(s => s.Number("rows")) >= rows, "all records in the table");
        var (cpu, peak) = (ship.CpuSeconds, ship.PeakBytes);
        await ship.StopAsync();
        var seals = ship.Seals.ToList();
        folder.Remove("many");
        return new Stretch(rows, seals[^1].Seconds, cpu, peak,
            $"{Shards * CapturesOfAShard:N0} captures of {Shards:N0} shards, {seals.Count} commits of " +
            $"{string.Join(" and ", seals.Select(s => s.Number("segments")))} segments");
    }

    /// <summary>`ingest` follows 1,000 files, a source each, that are there when it starts.</summary>
    public async Task<Stretch> IngestAsync()
    {
        var topic = await broker.TopicAsync();
        var config = await ManySources.WriteAsync(folder, Sources, LinesOfASource);
        using var ingest = Role.Start(broker.Environment(topic), "ingest", "--config", config);
        await ingest.UntilAsync("ready ");
        var ready = ingest.Seconds;
        var seconds = await ingest.UntilIdleAsync();
        var (cpu, peak) = (ingest.CpuSeconds, ingest.PeakBytes);
        await ingest.StopAsync();
        var published = ingest.Log.Last(l => l.Line.Contains("published captures=", StringComparison.Ordinal));
        ManySources.Remove(folder);
        return new Stretch(Sources * LinesOfASource, seconds, cpu, peak,
            $"lines, not records; ready after {ready:0.0} s; {published.Number("captures"):N0} captures published, " +
            $"{published.Number("skipped"):N0} skipped");
    }

    private async Task<long> ProduceAsync(string topic)
    {
        using var installation = await OpenInstallation.OpenOrCreateAsync(InstallationPlaces.Embedded(folder["many"]), TimeProvider.System,
            CancellationToken.None);
        using var producer = broker.Producer();
        using var hash = new RowHash(installation.Key.RowKey());
        var contract = PublishedContracts.XenCenterChecks;
        using var encoder = new FrameEncoder(contract);
        var random = new Random(Stages.Blocks.Seed);
        var rows = 0L;
        for (var s = 0; s < Shards; s++)
        {
            var shard = $"shard-{s:D4}";
            var state = installation.Captures.Empty(shard);
            for (var c = 0; c < CapturesOfAShard; c++)
            {
                var columns = new Columns(contract);
                foreach (var day in Enumerable.Range(0, DatesOfACapture).Select(k => (s * 10L + k * 97 + c * 5_000) % Dates).Order())
                {
                    for (var r = 0; r < RowsOfADate; r++)
                    {
                        columns.AddRow((FirstDay + day) * MicrosOfADay + r * 1_000_000L + s);
                        columns.Strings[0]
                            .Append(Encoding.ASCII.GetBytes($"{random.Next(1, 223)}.{random.Next(256)}.{random.Next(256)}.0"));
                        columns.Strings[1].Append(r % 2 == 0 ? "8.2.7"u8 : "2024.1.0"u8);
                    }
                }
                var days = new SortedDictionary<UtcDay, Sums>();
                hash.AddByDay(columns, days);
                var header = new CaptureHeader
                {
                    Store = installation.CaptureStore.Id, Shard = shard, Number = state.Next, Session = "s", Previous = state.Head?.Hash,
                        KeyId = installation.Key.KeyId, Contracts = [],
                    Links = new(state.Links.ToDictionary(l => l.Key, l => l.Value), StringComparer.Ordinal),
                    Reads = [new ReadEntry { Source = shard, Format = "combined", Stream = "t", From = state.Next, To = state.Next
                        + 1, Check = "c", Lines = columns.Rows, Physical = columns.Rows }],
                    Frames = [new FrameEntry { Dataset = contract.Dataset, Offset = 0, Length = 0, Rows = columns.Rows,
                        Dates = new(days.ToDictionary(d => d.Key.ToString(), d => DaySums.Of(d.Value)), StringComparer.Ordinal) }],
                };
                var (bytes, whole) = CaptureFile.Encode(header, null, [encoder.Frame(encoder.EncodeBatches(columns))],
                    installation.Key.Captures());
                if (state.Apply(whole, new Link(header.Number, Sha256.Of(bytes))) is { } fork)
                {
                    throw new InvalidOperationException(fork.Reason);
                }
                producer.Produce(topic, new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(shard), Value = bytes });
                rows += columns.Rows;
            }
        }
        producer.Flush(TimeSpan.FromMinutes(1));
        return rows;
    }
}
