using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using Pipeline.Worlds;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>
/// `import` of a small world's logs (three formats, gz among them), killed and started again until it ends by itself. Each round has a
/// world and an installation of its own:
/// 1 a world — 2 kill until each source is in — 3 compare with the truth — 4 a second import adds nothing.
/// </summary>
internal sealed class ImportRounds(int seed, string folder, CrashTotals totals)
{
    /// <summary>After so many kills of one source it is left to end.</summary>
    private const int MaxKills = 25;

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, Measured> _measured = [];

    public async Task RunAsync(int kills, Action<string> tell)
    {
        await MeasureAsync();
        for (var (round, done) = (0, 0); done < kills; round++)
        {
            var dir = Path.Combine(folder, $"import-{round}");
            var worldSeed = seed + round;
            try
            {
                done += await RoundAsync(dir, worldSeed, kills - done);
            }
            catch (Exception e)
            {
                throw new CrashException($"import, seed {seed}, round {round} (world {worldSeed}), kept at {dir}: {e.Message}");
            }
            Directory.Delete(dir, recursive: true);
            tell($"import round {round}: {totals}");
        }
    }

    private async Task<int> RoundAsync(string dir, int worldSeed, int most)
    {
        // 1
        var (logs, truth) = Write(dir, worldSeed);
        var installation = Installation(dir);
        // 2
        var kills = 0;
        foreach (var source in World.Sources)
        {
            kills += await KillAsync(installation, Import(logs, source, installation), _measured[source], Math.Min(MaxKills, most - kills));
        }
        // 3
        await truth.CompareAsync(installation, totals);
        // 4
        foreach (var source in World.Sources)
        {
            var (exit, text, error) = await Victim.RunAsync(installation, Import(logs, source, installation));
            CrashException.Unless(exit == 0, $"a second import ended with {exit}: {error}");
            var again = JsonDocument.Parse(text).RootElement;
            CrashException.Unless(again.GetProperty("lines").GetInt64() == 0
                && again.GetProperty("captures").GetInt64() == 0,
                $"a second import of {source} found {again.GetProperty("lines")} lines more");
        }
        return kills;
    }

    /// <summary>Kills that met the program at work.</summary>
    private async Task<int> KillAsync(string installation, string[] import, Measured measured, int most)
    {
        var (kills, attempts) = (0, 0);
        using var names = new NameWatch(installation);
        while (true)
        {
            var kill = kills < most && attempts++ < 2 * MaxKills;
            var moment = Moment.Draw(_random, measured);
            using var victim = Victim.Start(installation, import);
            if (kill)
            {
                await moment.WaitAsync(victim, names);
                var working = await victim.KillAsync() || moment.Names > 0;
                if (victim.Exit == Victim.Killed)
                {
                    totals.Kill(working);
                    kills += working ? 1 : 0;
                    continue;
                }
            }
            await victim.EndAsync();
            CrashException.Unless(victim.Exit == 0, $"import ended with {victim.Exit} after {kills} kills: {victim.Error}");
            return kills;
        }
    }

    private async Task MeasureAsync()
    {
        var dir = Path.Combine(folder, "measure");
        var (logs, truth) = Write(dir, seed);
        var installation = Installation(dir);
        using var names = new NameWatch(installation);
        foreach (var source in World.Sources)
        {
            var (clock, before) = (Stopwatch.StartNew(), names.Names);
            var (exit, _, error) = await Victim.RunAsync(installation, Import(logs, source, installation));
            CrashException.Unless(exit == 0, $"an import that nobody killed ended with {exit}: {error}");
            _measured[source] = new Measured(clock.Elapsed, Math.Max(1, names.Names - before));
        }
        await truth.CompareAsync(installation, new CrashTotals());
        Directory.Delete(dir, recursive: true);
    }

    private static (string Logs, Truth Truth) Write(string dir, int seed)
    {
        // Two files that begin with the same junk are one file by rule 34 until they differ: no kill is needed to see that, so such a world
        // is passed over.
        for (; ; seed += 1_000_003)
        {
            var written = WriteWorld(Path.Combine(dir, "logs"), seed);
            if (World.Sources.All(source => Directory.GetFiles(Path.Combine(written.Logs, source), "*", SearchOption.AllDirectories)
                .GroupBy(FirstLine).All(same => same.Count() == 1)))
            {
                return written;
            }
            Directory.Delete(written.Logs, recursive: true);
        }
    }

    private static string? FirstLine(string path)
    {
        using var file = File.OpenRead(path);
        using var text = new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress)
            : file);
        var line = text.ReadLine();
        while (line?.StartsWith('#') == true)
        {
            line = text.ReadLine();
        }
        return line;
    }

    private static (string Logs, Truth Truth) WriteWorld(string logs, int seed)
    {
        var truth = new Truth();
        var world = new World(new WorldOptions { Seed = seed, Days = 4, Installs = 150, BadLineRate = 0.02, HourlyFiles = true })
            .WriteLogs(logs, (_, row) => truth.Rows.Add(row.Dataset, row.Micros, row.Address, row.Value));
        truth.Lines = world.Total.Counts.Lines;
        foreach (var (reason, count) in world.Total.Counts.Rejections)
        {
            truth.Reject(reason, count);
        }
        return (logs, truth);
    }

    private static string Installation(string dir) => Directory.CreateDirectory(Path.Combine(dir, "installation")).FullName;

    private static string[] Import(string logs, string source, string installation) =>
        ["import", Path.Combine(logs, source), "--source", source, "--format",
        source[4..] switch { "nginx" => "combined", "iis" => "iis-w3c", _ => "appservice-json" }, "--dir", installation, "--json"];
}
