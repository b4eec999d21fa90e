using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Tests.Integration.Azure;
using Pipeline.Tests.Integration.Kafka;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>What a round of the distributed crash run happens in: a broker of its own, two stores of its own, and one configuration that
/// every process reads.</summary>
internal sealed class DistributedWorld : IAsyncDisposable
{
    private static readonly TimeSpan Drained = TimeSpan.FromSeconds(300);

    private readonly string _config;

    private DistributedWorld(string dir, Broker broker, int nodes, Azurite? azurite)
    {
        (Dir, Broker, Nodes, Azurite) = (dir, broker, nodes, azurite);
        Logs = Path.Combine(dir, "logs");
        Directory.CreateDirectory(Logs);
        _config = Path.Combine(dir, "pipeline.yaml");
        var keys = Path.Combine(dir, "keys");
        Places = azurite is null
            ? new InstallationPlaces(new StorePlace(Path.Combine(dir, "us")), new StorePlace(Path.Combine(dir, "uk")), keys)
            : new InstallationPlaces(Container(azurite.NewUrl()), Container(azurite.NewUrl()), keys);
        Environment = new Dictionary<string, string>
        {
            // The runtime opens no sockets for diagnostics: those that a process has tell that it is at work.
            ["DOTNET_EnableDiagnostics"] = "0", ["PIPELINE__STORES__TIMEOUT"] = "2s", ["PIPELINE__COMPACT__GRACE"] = "2s",
        };
        if (azurite is not null)
        {
            Environment["PIPELINE__STORES__US__CONNECTION_STRING"] = Environment["PIPELINE__STORES__UK__CONNECTION_STRING"] =
                Azurite.ConnectionString;
        }
    }

    public string Dir { get; }
    public string Logs { get; }
    public Broker Broker { get; }
    public int Nodes { get; }

    /// <summary>Null: the stores are directories.</summary>
    public Azurite? Azurite { get; }

    public InstallationPlaces Places { get; }
    public Dictionary<string, string> Environment { get; }

    /// <summary>The options that name the installation.</summary>
    public string[] Where => ["--config", _config];

    /// <summary>Where names come and go when something is stored.</summary>
    public string Watched => Azurite?.Folder ?? Dir;

    public static async Task<DistributedWorld> CreateAsync(string dir, int nodes, bool azure)
    {
        Directory.CreateDirectory(dir);
        var broker = await Broker.OwnAsync(new BrokerOptions(nodes, false, "group.min.session.timeout.ms=1000"));
        var azurite = azure ? new Azurite { Durable = true } : null;
        if (azurite is not null)
        {
            await azurite.StartAsync();
        }
        var world = new DistributedWorld(dir, broker, nodes, azurite);
        try
        {
            await world.MakeAsync();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public Victim Start(params string[] command) => Victim.Start(Dir, Environment, [.. command, .. Where]);

    public Task<(int Exit, string Out, string Error)> RunAsync(params string[] command) =>
        Victim.RunAsync(Dir, Environment, [.. command, .. Where]);

    /// <summary>Waits until as many lines are captured as were written, and nothing waits to be shipped.</summary>
    public async Task SettledAsync(long lines, IReadOnlyList<Post> posts)
    {
        using var bound = new CancellationTokenSource(Drained);
        while (true)
        {
            var (exit, text, error) = await RunAsync("verify", "--json");
            var (found, pending) = (0L, "");
            if (text.Length > 0)
            {
                var verify = JsonDocument.Parse(text).RootElement;
                (found, pending) = (verify.GetProperty("lines").GetInt64(), verify.GetProperty("pending").GetRawText());
                if (found == lines && verify.GetProperty("pending").GetArrayLength() == 0)
                {
                    return;
                }
            }
            CrashException.Unless(found <= lines && !bound.IsCancellationRequested && !posts.Any(post => post.Ended),
                $"{found} lines are captured, {lines} were written, pending {pending}; verify ended with {exit}: " +
                    $"{error}\n{string.Join("\n--\n", posts.Select(post => $"{post.Name}: {post.Last}"))}");
        }
    }

    /// <summary>What delta-rs counts, of all tables; null where that reader is not here.</summary>
    public async Task<long?> DeltaRowsAsync()
    {
        if (Reader() is not { } reader)
        {
            return null;
        }
        var (rows, root) = (0L, Azurite is null ? Places.Uk!.Where : await CopyAsync(Places.Uk!, "tables/", "copy"));
        foreach (var dataset in PublishedContracts.All.Select(contract => contract.Dataset))
        {
            using var delta =
                Process.Start(new ProcessStartInfo(reader, ["facts", Path.Combine(root, "tables", dataset)]) { RedirectStandardOutput =
                true })!;
            rows += JsonDocument.Parse(await delta.StandardOutput.ReadToEndAsync()).RootElement.GetProperty("rows").GetInt64();
        }
        return rows;
    }

    /// <summary>Copies what lies in the emulator beside the logs, which are kept where a round failed.</summary>
    public async Task KeepAsync()
    {
        if (Azurite is not null)
        {
            Azurite.Kill();
            await Azurite.StartAsync();
            await CopyAsync(Places.Us, "", "kept/us");
            await CopyAsync(Places.Uk!, "", "kept/uk");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        if (Azurite is not null)
        {
            await Azurite.DisposeAsync();
        }
    }

    private static StorePlace Container(string url) => new(url, null, new Secret(Azurite.ConnectionString));

    private async Task MakeAsync()
    {
        var (us, uk) = Azurite is null ? ("path", "path") : ("url", "url");
        await File.WriteAllTextAsync(_config, $$"""
            stores:
              us: { {{us}}: "{{Places.Us.Where}}" }
              uk: { {{uk}}: "{{Places.Uk!.Where}}" }
            keys: keys
            push: { url: "http://127.0.0.1:0" }
            kafka:
              bootstrap-servers: "{{Broker.Servers}}"
              topic: {{Broker.NewName("captures")}}
              region: us
              group: {{Broker.NewName("ship")}}
              partitions: 6
              replication: {{Nodes}}
              properties: { session.timeout.ms: "2500", heartbeat.interval.ms: "500", reconnect.backoff.max.ms: "1000" }
            sources:
              - { name: web, format: combined, paths: ["{{Path.Combine(Logs, "access.log*")}}"] }
              - { name: edge, format: combined, push: true }

            """);
        if (Azurite is not null)
        {
            await InitAsync("store", "init", Places.Us.Where, "--role", "capture", "--region", "us");
            await InitAsync("store", "init", Places.Uk!.Where, "--role", "table", "--region", "uk", "--captures", Places.Us.Where);
        }
        (await OpenInstallation.OpenOrCreateAsync(Places, TimeProvider.System, CancellationToken.None)).Dispose();
        await InitAsync(["topics", .. Where]);
    }

    private async Task InitAsync(params string[] command)
    {
        var (exit, _, error) = await Victim.RunAsync(Dir, Environment, command);
        CrashException.Unless(exit == 0, $"{command[0]} ended with {exit}: {error}");
    }

    private async Task<string> CopyAsync(StorePlace from, string prefix, string to)
    {
        var (root, store) = (Path.Combine(Dir, to), from.Open());
        using var closed = store as IDisposable;
        await foreach (var found in store.ListAsync(prefix))
        {
            var path = Path.Combine(root, found.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, await store.ReadAsync(found.Name)
                ?? throw new CrashException($"{found.Name} is listed and not there"));
        }
        return root;
    }

    private static string? Reader([CallerFilePath] string here = "")
    {
        var folder = System.Environment.GetEnvironmentVariable("PIPELINE_TEST_READERS")
            ?? Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "..", "shared", "readers");
        return File.Exists(folder) ? folder : File.Exists(Path.Combine(folder, "delta")) ? Path.Combine(folder, "delta") : null;
    }
}
