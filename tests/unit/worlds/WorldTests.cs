using System.IO.Compression;
using Pipeline.Worlds;
using Xunit;

namespace Pipeline.Tests.Unit.Worlds;

public sealed class WorldTests : IDisposable
{
    private static readonly WorldOptions Small = new() { Seed = 7, Installs = 300, BadLineRate = 0.02 };

    private readonly string _folder = Directory.CreateTempSubdirectory("world-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1, 0.001, false)]
    [InlineData(2, 0.05, true)]
    public void A_slow_reader_finds_the_truth_in_every_source(int seed, double badLineRate, bool hourlyFiles)
    {
        var expected = new Dictionary<string, List<TrueRecord>>();
        var world = new World(Small with { Seed = seed, BadLineRate = badLineRate, HourlyFiles = hourlyFiles });
        var truth = world.WriteLogs(_folder, (source, record) => (expected.TryGetValue(source, out var list) ? list : expected[source] = [])
            .Add(record));
        Assert.Equal(World.Sources, truth.Sources.Select(source => source.Source));
        Assert.All(truth.Sources, source =>
        {
            var reader = new SlowReader(source.Format);
            foreach (var file in source.Files)
            {
                reader.Read(Content(file));
            }
            AssertSame(source.Counts, reader.Counts);
            Assert.Equal(expected[source.Source], reader.Records);
            var (checks, updates) = (Of("xencenter-checks"), Of("agent-updates"));
            Assert.Equal(source.Addresses["xencenter-checks"], checks.Select(record => record.Address).Distinct().Count());
            Assert.Equal(source.Versions, checks.GroupBy(record => record.Value!)
                .ToDictionary(group => group.Key, group => (long)group.Count()));
            Assert.Equal(source.AgentsWithoutPrefix, updates.Count(record => record.Value is null));
            Assert.Equal(source.Prefixes, updates.Where(record => record.Value is not null).Select(record => record.Value).Distinct()
                .Count());
            Assert.Equal(source.PerDay["agent-updates"], updates.GroupBy(Day)
                .ToDictionary(group => group.Key, group => (long)group.Count()));

            List<TrueRecord> Of(string dataset) => [.. reader.Records.Where(record => record.Dataset == dataset)];
        });
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        var first = new World(Small).WriteLogs(Path.Combine(_folder, "a"));
        var again = new World(Small).WriteLogs(Path.Combine(_folder, "b"));
        var other = new World(Small with { Seed = 8 }).WriteLogs(Path.Combine(_folder, "c"));
        Assert.Equal(first.ToJson(), again.ToJson());
        Assert.NotEqual(first.ToJson(), other.ToJson());
        Assert.All(first.Total.Files, file => Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "a", file)),
            File.ReadAllBytes(Path.Combine(_folder, "b", file))));
    }

    [Fact]
    public void The_truth_adds_up()
    {
        var truth = new World(Small).WriteLogs(_folder);
        Assert.All([truth.Total, .. truth.Sources], source =>
        {
            Assert.Equal(source.Counts.Lines, source.Counts.Records.Values.Sum() + source.Counts.Rejections.Values.Sum());
            Assert.Equal(source.Counts.RecordsOf("xencenter-checks"), source.Versions.Values.Sum());
            Assert.All(source.PerDay, dataset => Assert.Equal(source.Counts.RecordsOf(dataset.Key), dataset.Value.Values.Sum()));
        });
        Assert.Equal(truth.Total.Counts.Lines, truth.Sources.Sum(source => source.Counts.Lines));
        var week = truth.Facts.Single(fact => fact is { Window: "week", Version: "*" });
        Assert.Equal(truth.Total.Counts.RecordsOf("xencenter-checks"), week.Checks);
        Assert.Equal(truth.Total.Addresses["xencenter-checks"], week.Addresses);
        Assert.Equal(week.Checks, truth.Facts.Where(fact => fact.Window == "week" && fact.Version != "*").Sum(fact => fact.Checks));
        Assert.Equal(week.Checks, truth.Facts.Where(fact => fact is { Window: "day", Version: "*" }).Sum(fact => fact.Checks));
        Assert.InRange(truth.Installs.Active, 1, truth.Installs.Total - truth.Installs.Never - truth.Installs.Nameless);
        Assert.Equal(truth.Installs.Active, truth.Installs.ActivePerWeek.Values.Single());
        Assert.Equal(7, truth.Installs.ActivePerDay.Count);
    }

    [Fact]
    public void The_week_of_the_default_world_has_everything_that_real_logs_have()
    {
        var truth = new World(new WorldOptions()).WriteLogs(_folder);
        Assert.Equal(Outcomes.Reasons, Outcomes.Reasons.Where(reason => truth.Total.Counts.RejectionsOf(reason) > 0));
        Assert.Contains("web-nginx/access.log", truth.Total.Files);
        Assert.Contains("web-nginx/access.log.1", truth.Total.Files);
        Assert.Contains("web-nginx/access.log.2.gz", truth.Total.Files);
        Assert.InRange(truth.Installs.Active, 1500, 2000);
        Assert.True(truth.Total.Addresses["xencenter-checks"] != truth.Installs.Active, "addresses are not installs");
        Assert.True(truth.Total.Versions.ContainsKey("2026.1.0.8402"), "some upgraded in the week");
        Assert.InRange(truth.Total.AgentsWithoutPrefix, 1, truth.Total.Counts.RecordsOf("agent-updates") - 1);
        Assert.InRange(truth.Total.MalformedIds, 1, truth.Total.AgentsWithoutPrefix);
        var iis = truth.Sources[1].Files.Select(Content).Select(bytes =>
            System.Text.Encoding.UTF8.GetString(bytes).Split("#Fields: date time s-").Length - 1).ToList();
        Assert.True(iis.Max() > 2, "a header comes again in mid-file");
        Assert.Equal(7, iis.Count);
    }

    [Fact]
    public void The_truth_survives_JSON()
    {
        var json = new World(Small).WriteLogs(_folder).ToJson();
        Assert.Equal(json, WorldTruth.FromJson(json).ToJson());
    }

    [Theory]
    [InlineData("combined")]
    [InlineData("iis-w3c")]
    [InlineData("appservice-json")]
    public void A_line_source_tells_the_truth_of_every_batch(string format)
    {
        var (source, again) = (new LineSource(format, 3, badLineRate: 0.02), new LineSource(format, 3, badLineRate: 0.02));
        var reader = new SlowReader(format);
        var (counts, records) = (new Counts(0, new Dictionary<string, long>(), new Dictionary<string, long>()), new List<TrueRecord>());
        foreach (var count in (int[])[1, 0, 700, 2500])
        {
            var batch = source.NextLines(count);
            Assert.Equal(batch.Bytes, again.NextLines(count).Bytes);
            Assert.Equal(count, batch.Counts.Lines);
            reader.Read(batch.Bytes);
            counts += batch.Counts;
            records.AddRange(batch.Records);
        }
        AssertSame(counts, reader.Counts);
        Assert.Equal(records, reader.Records);
    }

    [Fact]
    public void A_big_combined_log_has_the_mix_that_it_says()
    {
        using var log = new MemoryStream();
        var truth = CombinedLog.Write(log, 60_000, seed: 5);
        var reader = new SlowReader("combined");
        reader.Read(log.ToArray());
        AssertSame(truth.Counts, reader.Counts);
        Assert.Equal(log.Length, truth.Bytes);
        Assert.InRange(log.Length / 60_000.0, 100, 140);
        Assert.InRange(truth.Counts.RecordsOf("xencenter-checks") / 60_000.0, 0.58, 0.62);
        Assert.InRange(truth.Counts.RecordsOf("agent-updates") / 60_000.0, 0.34, 0.38);
        Assert.Equal(reader.Records.Select(record => record.Micros).Order(), reader.Records.Select(record => record.Micros));
        Assert.Equal(7, reader.Records.Select(Day).Distinct().Count());
        using var again = new MemoryStream();
        CombinedLog.Write(again, 60_000, seed: 5);
        Assert.Equal(log.ToArray(), again.ToArray());
    }

    private static string Day(TrueRecord record) => DateTime.UnixEpoch.AddTicks(record.Micros * 10)
        .ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private static void AssertSame(Counts expected, Counts found)
    {
        Assert.Equal(expected.Lines, found.Lines);
        Assert.Equal(expected.Records.ToDictionary(), found.Records.ToDictionary());
        Assert.Equal(expected.Rejections.ToDictionary(), found.Rejections.ToDictionary());
    }

    private byte[] Content(string file)
    {
        var bytes = File.ReadAllBytes(Path.Combine(_folder, file));
        if (!file.EndsWith(".gz", StringComparison.Ordinal))
        {
            return bytes;
        }
        using var plain = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
