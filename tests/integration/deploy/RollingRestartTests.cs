using System.Globalization;
using Pipeline.Tests.Integration.Azure;
using Pipeline.Tests.Integration.Cli;
using Pipeline.Tests.Integration.Crash;
using Pipeline.Tests.Integration.Kafka;

namespace Pipeline.Tests.Integration.Deploy;

/// <summary>The distributed way under load, restarted part by part, as operations upgrade it. With Kafka only: without, there is nothing to
/// hand over.</summary>
public sealed class RollingRestartTests(SharedBroker shared, Azurite azurite)
{
    private static readonly TimeSpan Drained = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Restarting_every_process_in_turn_under_load_loses_and_doubles_nothing()
    {
        using var folder = new Folder();
        Directory.CreateDirectory(folder.Dir);
        var truth = new Truth();
        await RunAsync(folder, ["--dir", folder.Dir], [], truth, rounds: 2);
        await truth.CompareAsync(folder.Dir, new CrashTotals());
    }

    [Fact]
    public async Task Restarting_every_process_in_turn_loses_and_doubles_nothing_where_the_stores_are_containers()
    {
        Assert.SkipWhen(Azurite.Missing is not null, Azurite.Missing ?? "");
        using var folder = new Folder();
        var (us, uk) = (azurite.NewUrl(), azurite.NewUrl());
        var secrets = new Dictionary<string, string> { ["PIPELINE__STORES__US__CONNECTION_STRING"] = Azurite.ConnectionString,
            ["PIPELINE__STORES__UK__CONNECTION_STRING"] = Azurite.ConnectionString };
        Made(Cli.Cli.Run(secrets, "store", "init", us, "--role", "capture", "--region", "us"));
        Made(Cli.Cli.Run(secrets, "store", "init", uk, "--role", "table", "--region", "uk", "--captures", us));
        var truth = new Truth();
        string[] where =
            ["--config", folder.Write("pipeline.yaml", $"stores:\n  us: {{ url: \"{us}\" }}\n  uk: {{ url: \"{uk}\" }}\nkeys: keys\n")];
        await RunAsync(folder, where, secrets, truth, rounds: 1);
        var verify = Cli.Cli.Run(secrets, ["verify", "--deep", "--json", .. where]);
        Assert.True(verify.Exit == 0, verify.Out + verify.Error);
        Assert.Equal((truth.Lines, (long)truth.Rows.Count, 0), (verify.Json.GetProperty("lines").GetInt64(),
            verify.Json.GetProperty("records").EnumerateObject().Sum(r => r.Value.GetInt64()),
            verify.Json.GetProperty("pending").GetArrayLength()));
    }

    private static void Made(Answer answer) => Assert.True(answer.Exit == 0, answer.Error);

    private async Task RunAsync(Folder folder, string[] where, Dictionary<string, string> secrets, Truth truth, int rounds)
    {
        // 1 an installation, its endpoints, and its three processes
        var broker = await shared.GetAsync();
        var logs = Directory.CreateDirectory(folder["logs"]).FullName;
        var settings = new Dictionary<string, string>(secrets)
        {
            ["PIPELINE__KAFKA__BOOTSTRAP_SERVERS"] = broker.Servers, ["PIPELINE__KAFKA__TOPIC"] = await broker.TopicAsync(6),
                ["PIPELINE__KAFKA__REGION"] = "us",
            ["PIPELINE__KAFKA__GROUP"] = Broker.NewName("ship"), ["PIPELINE__SEAL__AGE"] = "1s", ["PIPELINE__PERIOD"] = "2s",
        };
        using var ingest =
            new Part("ingest", settings, ["ingest", .. where, "--tail", $"web={Path.Combine(logs, "access.log*")}", "--push",
            "edge=combined", "--listen", "http://127.0.0.1:0"]);
        using var first = new Part("ship-1", settings, ["ship", .. where]);
        using var second = new Part("ship-2", settings, ["ship", .. where]);
        var (totals, random) = (new CrashTotals(), new Random(5));
        using var client = new PushingClient("client-1", new TrueLines(2, new Random(random.Next()), truth), new Random(random.Next()),
            totals);
        client.Address = Address(await ingest.StartAsync());
        await Task.WhenAll(first.StartAsync(), second.StartAsync());
        using var stop = new CancellationTokenSource();
        var endpoints = Task.WhenAll(new WritingServer(logs, new TrueLines(1, new Random(random.Next()), truth), new Random(random.Next()))
            .RunAsync(stop.Token), client.RunAsync(stop.Token));

        // 2 each in turn; the others and the endpoints go on
        for (var round = 0; round < rounds; round++)
        {
            foreach (var part in new[] { first, second, ingest })
            {
                await LoadAsync(client, truth);
                await part.StopAsync();
                var ready = await part.StartAsync();
                client.Address = part == ingest ? Address(ready) : client.Address;
            }
        }
        await LoadAsync(client, truth);
        Assert.False(endpoints.IsCompleted, endpoints.Exception?.ToString());
        await stop.CancelAsync();
        await endpoints.WaitAsync(Drained, CancellationToken.None);

        // 3 what was acknowledged is in the tables, once
        await SettledAsync(where, secrets, truth.Lines, [ingest, first, second]);
        foreach (var part in new[] { ingest, first, second })
        {
            await part.StopAsync();
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{truth.Lines} lines, {client.Acknowledged} pushes; longest stops: " +
                $"{string.Join(", ", new[] { ingest, first, second }.Select(p => $"{p.Name} {p.LongestStop.TotalSeconds:F1} s"))}"));
    }

    private static Uri Address(string ready) => new(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..].Split(' ')[0]);

    /// <summary>Waits until the endpoints have written and pushed some more, so that each restart meets work under way.</summary>
    private static async Task LoadAsync(PushingClient client, Truth truth)
    {
        var (pushes, lines) = (client.Acknowledged + 20, truth.Lines + 400);
        using var bound = new CancellationTokenSource(Drained);
        while (client.Acknowledged < pushes || truth.Lines < lines)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, bound.Token);
        }
    }

    /// <summary>Waits until as many lines are captured as were written, and all of them shipped.</summary>
    private static async Task SettledAsync(string[] where, Dictionary<string, string> secrets, long lines, Part[] parts)
    {
        using var bound = new CancellationTokenSource(Drained);
        while (true)
        {
            var json = Cli.Cli.Run(secrets, ["verify", .. where, "--json"]).Json;
            var found = json.GetProperty("lines").GetInt64();
            if (found == lines && json.GetProperty("pending").GetArrayLength() == 0)
            {
                return;
            }
            Assert.True(found <= lines && !bound.IsCancellationRequested,
                $"{found} lines are captured, {lines} were written, pending " +
                $"{json.GetProperty("pending")}:\n{string.Join("\n--\n", parts.Select(p => p.Log))}");
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);
        }
    }
}
