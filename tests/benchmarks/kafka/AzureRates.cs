using System.Globalization;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Tests.Integration.Azure;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>The real program with both stores in containers of an emulator of its own.</summary>
internal sealed class AzureRates(TemporaryFolder folder, BenchBroker broker)
{
    /// <summary>
    /// `ship` is there first and sees an empty store, its next look is an hour away: what it commits came by the topic, while `ingest`
    /// reads a log that is there already.
    /// A gap, or another number of rows than the log's, voids the run.
    /// </summary>
    public async Task<(Stretch Ingest, Stretch Ship)> MeasureAsync()
    {
        await using var azurite = new AzuriteProcess();
        await azurite.StartAsync();
        var truth = CombinedLog.Write(folder["azure.log"], Rates.Lines, Stages.Blocks.Seed);
        var records = truth.Counts.Records.Values.Sum();
        var environment = broker.Environment(await broker.TopicAsync(), $"ship-{Guid.NewGuid():N}");
        environment["PIPELINE__STORES__US__CONNECTION_STRING"] = environment["PIPELINE__STORES__UK__CONNECTION_STRING"] =
            AzuriteProcess.ConnectionString;
        environment["PIPELINE__PERIOD"] = "1h";
        environment["PIPELINE__SEAL__AGE"] = "3s";
        var (us, uk, config) = (azurite.NewUrl(), azurite.NewUrl(), folder["azure.yaml"]);
        await File.WriteAllTextAsync(config,
            $"stores:\n  us: {{url: \"{us}\", region: us}}\n  uk: {{url: \"{uk}\", region: uk}}\nkeys: azure-keys\n");
        await DoAsync(environment, "store", "init", us, "--role", "capture", "--region", "us");
        await DoAsync(environment, "store", "init", uk, "--role", "table", "--region", "uk", "--captures", us);
        using var ship = Role.Start(environment, ["ship", "--config", config, .. Scrape.Wanted]);
        await ship.UntilAsync("assigned ");
        using var ingest =
            Role.Start(environment, ["ingest", "--config", config, "--tail", "web=" + folder["azure.log"], .. Scrape.Wanted]);
        await ingest.UntilAsync("ready ");
        await ship.UntilAsync(r => r.Seals.Sum(s => s.Number("rows")) >= records, "all records in the table");
        var (asked, shipped) = (await Scrape.OfAsync(ingest), await Scrape.OfAsync(ship));
        var captured = new Stretch(records, ingest.Seconds, ingest.CpuSeconds, ingest.PeakBytes,
            string.Create(CultureInfo.InvariantCulture, $"until all of it was in the table; requests: {asked.Requests()}"));
        var committed = new Stretch(records, ship.Seals.Last().Seconds, ship.CpuSeconds, ship.PeakBytes,
            string.Create(CultureInfo.InvariantCulture, $"{ship.Seals.Count()} commits; requests: {shipped.Requests()}"));
        await ingest.StopAsync();
        await ship.StopAsync();
        Check.Equal("records committed", ship.Seals.Sum(s => s.Number("rows")), records);
        Check.Equal("gaps", ship.Log.Count(l => l.Line.Contains("gap table=", StringComparison.Ordinal)), 0);
        Check.Equal("captures that were not published", ingest.Log.Last(l =>
            l.Line.Contains("published captures=", StringComparison.Ordinal)).Number("skipped"), 0);
        folder.Remove("azure.log");
        folder.Remove("azure-keys");
        return (captured, committed);
    }

    private static async Task DoAsync(Dictionary<string, string> environment, params string[] command)
    {
        using var role = Role.Start(environment, command);
        Check.Equal($"exit code of {command[0]} {command[1]}", await role.EndAsync(), 0);
    }
}
