using System.Diagnostics;
using Pipeline.Tests.Benchmarks.Kafka;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Tests.Integration.Azure;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Age;

/// <summary>
/// What the age of the tables costs: the real program starts and imports 100 lines, into tables of 1,000 log entries and of a thousand
/// times as many.
/// The two are measured in turns, because a machine has quicker and slower minutes.
/// </summary>
internal static class AgeSession
{
    private const int Lines = 100, Turns = 9, Young = 1_000, Old = 1_000_000, OldInAzure = 10_000;
    private const double Allowed = 1.5;

    public static async Task<int> RunAsync(string[] parts)
    {
        using var folder = new TemporaryFolder();
        IReadOnlyList<Figure> figures = parts is ["azure"] ? await AzureAsync(folder)
            : parts is ["shard"] ? await AgedShards.RunAsync(folder, Allowed) : await DirectoryAsync(folder);
        Report.Print(figures);
        return figures.All(figure => figure.Met != false) ? 0 : 1;
    }

    private static async Task<IReadOnlyList<Figure>> DirectoryAsync(TemporaryFolder folder)
    {
        foreach (var entries in new[] { Young, Old })
        {
            Import(folder, entries, "first", 0);
            await AgedTables.GrowDirectoryAsync(folder[$"{entries}"], entries);
        }
        return Compare("import of 100 lines, directory", Old, (entries, turn) =>
        {
            Import(folder, entries, $"web-{turn}", turn);
            return Task.CompletedTask;
        });
    }

    private static async Task<IReadOnlyList<Figure>> AzureAsync(TemporaryFolder folder)
    {
        await using var azurite = new AzuriteProcess();
        await azurite.StartAsync();
        var environment = new Dictionary<string, string>
        {
            ["PIPELINE__STORES__US__CONNECTION_STRING"] = AzuriteProcess.ConnectionString,
                ["PIPELINE__STORES__UK__CONNECTION_STRING"] = AzuriteProcess.ConnectionString,
        };
        foreach (var entries in new[] { Young, OldInAzure })
        {
            var (us, uk) = (azurite.NewUrl(), azurite.NewUrl());
            await File.WriteAllTextAsync(folder[$"{entries}.yaml"],
                $"stores:\n  us: {{url: \"{us}\", region: us}}\n  uk: {{url: \"{uk}\", region: uk}}\nkeys: keys-{entries}\n");
            await DoAsync(environment, "store", "init", us, "--role", "capture", "--region", "us");
            await DoAsync(environment, "store", "init", uk, "--role", "table", "--region", "uk", "--captures", us);
            await ImportAsync(environment, folder, entries, "first", 0);
            await AgedTables.GrowAzureAsync(us, uk, folder[$"keys-{entries}"], entries);
        }
        return Compare("import of 100 lines, Azurite", OldInAzure, (entries, turn) =>
            ImportAsync(environment, folder, entries, $"web-{turn}", turn));
    }

    private static IReadOnlyList<Figure> Compare(string name, int old, Func<int, int, Task> import)
    {
        var times = new Dictionary<int, List<double>> { [Young] = [], [old] = [] };
        for (var turn = 1; turn <= Turns; turn++)
        {
            foreach (var (entries, taken) in times)
            {
                var started = Stopwatch.GetTimestamp();
                import(entries, turn).GetAwaiter().GetResult();
                taken.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
        }
        var figures = times.Select(t => new Figure($"{name}, {t.Key:N0} entries a table", "s", Repeat.Median(t.Value), t.Value.Min(),
            t.Value.Max())).ToList();
        var ratio = figures[1].Median / figures[0].Median;
        return [figures[0], figures[1] with { Ratio = ratio, Target = $"≤ {Allowed} × the first", Met = ratio <= Allowed }];
    }

    private static void Import(TemporaryFolder folder, int entries, string source, int turn) =>
        Child.Run([.. Child.Program, "import", LogOf(folder, turn), "--source", source, "--dir", folder[$"{entries}"], "--json"]);

    private static Task ImportAsync(Dictionary<string, string> environment, TemporaryFolder folder, int entries, string source, int turn) =>
        DoAsync(environment, "import", LogOf(folder, turn), "--source", source, "--config", folder[$"{entries}.yaml"], "--json");

    private static string LogOf(TemporaryFolder folder, int turn)
    {
        var log = folder[$"{turn}.log"];
        if (!File.Exists(log))
        {
            CombinedLog.Write(log, Lines, turn + 1);
        }
        return log;
    }

    private static async Task DoAsync(Dictionary<string, string> environment, params string[] command)
    {
        using var role = Role.Start(environment, command);
        Check.Equal($"exit code of {command[0]}", await role.EndAsync(), 0);
    }
}
