using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core.Captures;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>How long a record is captured before it is visible in the table, where nothing waits; and what that costs in
/// requests.</summary>
/// <param name="P50">Seconds, by records.</param>
/// <param name="CommitsPerDay">Of both tables together, extrapolated, without those of the stop.</param>
/// <param name="IngestPutsPerDay">Put requests to the stores for the one shard, extrapolated, its start included; beside it those of
/// `ship`.</param>
internal sealed record Fresh(double P50, double P99, double Most, double CommitsPerDay, double CapturesPerDay, double SegmentsPerDay,
    double IngestPutsPerDay, double ShipPutsPerDay, long Records);

internal sealed class Freshness(TemporaryFolder folder, BenchBroker broker)
{
    private const double SecondsOfADay = 86_400;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100), Repeated = TimeSpan.FromSeconds(20);

    /// <summary>An endpoint that writes its log line by line, `ingest` and `ship` beside it.</summary>
    /// <param name="age">Of a seal; null: the default.</param>
    public async Task<Fresh> MeasureAsync(int linesPerSecond, string? age, TimeSpan measured)
    {
        var topic = await broker.TopicAsync();
        var kafka = broker.Environment(topic, $"ship-{Guid.NewGuid():N}");
        if (age is not null)
        {
            kafka["PIPELINE__SEAL__AGE"] = age;
        }
        var name = $"fresh-{linesPerSecond}-{age ?? "default"}";
        var (dir, log) = (folder[name], folder[name + ".log"]);
        await File.WriteAllTextAsync(log, "");
        using var ship = Role.Start(kafka, ["ship", "--dir", dir, .. Scrape.Wanted]);
        await ship.UntilAsync("assigned ");
        using var ingest = Role.Start(kafka, ["ingest", "--dir", dir, "--tail", "web=" + log, .. Scrape.Wanted]);
        await ingest.UntilAsync("ready ");
        await WriteAsync(log, linesPerSecond, measured);
        var puts = (Ingest: (await Scrape.OfAsync(ingest)).Puts, Ship: (await Scrape.OfAsync(ship)).Puts);
        await ingest.StopAsync();
        await ship.StopAsync();
        var fresh = await JudgeAsync(dir, ship, SecondsOfADay / measured.TotalSeconds, puts);
        folder.Remove(name);
        folder.Remove(name + ".log");
        return fresh;
    }

    private static async Task WriteAsync(string log, int linesPerSecond, TimeSpan measured)
    {
        using var text = new MemoryStream();
        CombinedLog.Write(text, (long)(linesPerSecond * Repeated.TotalSeconds), Stages.Blocks.Seed, days: 1);
        var (bytes, at) = (text.GetBuffer().AsMemory(0, (int)text.Length), 0);
        await using var file = new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, 0);
        using var timer = new PeriodicTimer(Tick, TimeProvider.System);
        var ticks = (int)(measured / Tick);
        for (var t = 0; t < ticks && await timer.WaitForNextTickAsync(); t++)
        {
            at = at == bytes.Length ? 0 : at;
            var from = at;
            for (var line = 0; line < linesPerSecond * Tick.TotalSeconds && at < bytes.Length; line++)
            {
                at += bytes.Span[at..].IndexOf((byte)'\n') + 1;
            }
            await file.WriteAsync(bytes[from..at]);
        }
    }

    /// <summary>One shard's frames are shipped in order: each seal says of how many captures it is.</summary>
    private static async Task<Fresh> JudgeAsync(string dir, Role ship, double scale, (double Ingest, double Ship) puts)
    {
        using var installation = await OpenInstallation.OpenAsync(InstallationPlaces.Embedded(dir), TimeProvider.System,
            CancellationToken.None);
        var captures = new List<(CaptureHeader Header, DateTimeOffset At)>();
        while (await installation.Captures.ReadAsync("web", captures.Count) is { } capture)
        {
            captures.Add((capture.Header, File.GetLastWriteTimeUtc(Path.Combine(dir, "us", CaptureNames.Capture("web", captures.Count)))));
        }
        var delays = new List<(double Seconds, long Rows)>();
        // The last seal is made by the stop, which is sooner than its age.
        var seals = ship.Seals.Where(s => !s.Line.Contains("reason=stop", StringComparison.Ordinal)).ToList();
        foreach (var table in seals.GroupBy(s => s.Line.Split("table=")[1].Split(' ')[0]))
        {
            var frames = captures.Where(c => c.Header.FrameOf(table.Key) is not null).Select(c => (c.At, c.Header.FrameOf(table.Key)!.Rows))
                .ToList();
            var next = 0;
            foreach (var seal in table)
            {
                for (var left = seal.Number("captures"); left > 0; left--, next++)
                {
                    delays.Add(((seal.At - frames[next].At).TotalSeconds, frames[next].Rows));
                }
            }
        }
        var rows = delays.Sum(d => d.Rows);
        Check.Equal("records sealed before the stop, or more", Math.Max(rows, 1), rows);
        double At(double share)
        {
            var seen = 0L;
            return delays.OrderBy(d => d.Seconds).First(d => (seen += d.Rows) >= share * rows).Seconds;
        }
        return new Fresh(At(0.5), At(0.99), delays.Max(d => d.Seconds), seals.Count * scale, captures.Count * scale,
            seals.Sum(s => s.Number("segments")) * scale, puts.Ingest * scale, puts.Ship * scale, rows);
    }
}
