using System.Text.Json;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Tests.Integration.Cli;

namespace Pipeline.Tests.Integration.Azure;

/// <summary>Every fault between us and the service: nothing is dropped, every unknown outcome is resolved, and no name ever holds the bytes
/// of two writers.</summary>
public sealed class FaultTests(Azurite azurite)
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<int> Faults => [.. Enumerable.Range(0, ProxyFault.All.Count)];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_put_that_meets_a_fault_is_resolved(int which)
    {
        using var proxy = Proxy();
        var store = await OpenAsync(proxy);
        var met = 0;
        proxy.Plan = request => request.IsPut && Interlocked.Increment(ref met) == 1 ? ProxyFault.All[which] : new ProxyFault.None();
        var bytes = Bytes(1, 100_000);
        Assert.NotEqual(PutOutcome.Other, await Puts.UntilKnownAsync(store, "captures/a/1", bytes, TimeProvider.System, null, Cancel));
        await proxy.DeliverAsync();
        Assert.Equal(bytes, await store.ReadAsync("captures/a/1", Cancel));
        Assert.Equal(PutOutcome.Same, await store.PutIfAbsentAsync("captures/a/1", bytes, Cancel));
        Assert.Equal(1, proxy.Given.Values.Sum());
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_read_that_meets_a_fault_gives_the_whole_object_or_an_outage_and_never_absence(int which)
    {
        using var proxy = Proxy();
        var store = await OpenAsync(proxy);
        var bytes = Bytes(2, 300_000);
        await store.PutIfAbsentAsync("captures/a/1", bytes, Cancel);
        foreach (var ask in new Func<Task<byte[]?>>[]
        {
            () => store.ReadAsync("captures/a/1", Cancel), () => store.ReadRangeAsync("captures/a/1", 0, 300_000, Cancel),
            async () => (await store.FindAsync("captures/a/1", Cancel))?.Length == 300_000 ? bytes : null, async () =>
                await store.ListAsync("captures/", null, Cancel).CountAsync(Cancel) == 1 ? bytes : null,
        })
        {
            var met = 0;
            proxy.Plan = _ => Interlocked.Increment(ref met) == 1 ? ProxyFault.All[which] : new ProxyFault.None();
            Assert.Equal(bytes, await UntilAnsweredAsync(ask));
        }
    }

    [Fact]
    public async Task Who_was_let_in_before_waits_and_who_never_was_is_refused()
    {
        using var proxy = Proxy();
        var store = await OpenAsync(proxy);
        proxy.Plan = _ => new ProxyFault.Answer(403, "AuthenticationFailed", false);
        Assert.Equal(StoreFault.Outage,
            (await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("a", default, Cancel))).Fault);
        var stranger = Azurite.Store(store.Location, Short);
        Assert.Equal(StoreFault.Refused,
            (await Assert.ThrowsAsync<StoreException>(() => stranger.PutIfAbsentAsync("a", default, Cancel))).Fault);
        // Who may only read finds so at the first put, and does not wait for ever.
        proxy.Plan = _ => new ProxyFault.None();
        await stranger.ReadAsync("a", Cancel);
        proxy.Plan = request => request.IsPut ? new ProxyFault.Answer(403, "AuthorizationPermissionMismatch", false)
            : new ProxyFault.None();
        Assert.Equal(StoreFault.Refused,
            (await Assert.ThrowsAsync<StoreException>(() => stranger.PutIfAbsentAsync("a", default, Cancel))).Fault);
    }

    /// <summary>FAULTS=n: how many rounds; FAULTS_SEED: which. In each two writers put other bytes under one name, through faults at one
    /// request in three.</summary>
    [Fact]
    public async Task A_name_holds_the_bytes_of_one_writer_through_faults()
    {
        var (rounds, seed) = (Number("FAULTS", 100), Number("FAULTS_SEED", 1));
        using var proxy = Proxy();
        var random = new Random(seed);
        var one = await OpenAsync(proxy);
        IObjectStore[] writers = [one, Azurite.Store(one.Location, Short)];
        foreach (var writer in writers)
        {
            await writer.PutIfAbsentAsync("first", default, Cancel);
            await writer.ReadAsync("first", Cancel);
        }
        proxy.Plan = _ =>
        {
            lock (random)
            {
                return random.Next(3) == 0 ? ProxyFault.All[random.Next(ProxyFault.All.Count)] : new ProxyFault.None();
            }
        };
        var all = new Dictionary<string, byte[]>();
        foreach (var batch in Enumerable.Range(0, rounds).Chunk(8))
        {
            await Task.WhenAll(batch.Select(async round =>
            {
                var name = $"race/{round:D6}";
                byte[][] bytes = [Bytes(2 * round, 20_000), Bytes((2 * round) + 1, 20_000)];
                var outcomes = await Task.WhenAll(writers.Select((writer, i) =>
                    Puts.UntilKnownAsync(writer, name, bytes[i], TimeProvider.System, null, Cancel)));
                Assert.True(outcomes.Count(o => o == PutOutcome.Other) == 1,
                    $"seed {seed}, round {round}: {outcomes[0]} and {outcomes[1]}");
                lock (all)
                {
                    all[name] = bytes[outcomes[0] == PutOutcome.Other ? 1 : 0];
                }
            }));
        }
        await proxy.DeliverAsync();
        proxy.Plan = _ => new ProxyFault.None();
        foreach (var (name, bytes) in all)
        {
            var read = await writers[0].ReadAsync(name, Cancel);
            Assert.True(bytes.AsSpan().SequenceEqual(read), $"seed {seed}: {name} holds other bytes than both writers were told");
        }
        Assert.Equal(all.Keys.Order(StringComparer.Ordinal), await writers[0].ListAsync("race/", null, Cancel).Select(o => o.Name)
            .ToListAsync(Cancel));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"seed {seed}: {2 * rounds} puts, {proxy.Requests} requests, {proxy.Given.Values.Sum()} faults of {proxy.Given.Count} " +
            $"kinds, 0 lost, 0 mixed");
    }

    [Fact]
    public async Task A_log_is_imported_once_through_faults_by_the_program_itself()
    {
        using var proxy = Proxy();
        using var folder = new Folder();
        var (us, uk) = (azurite.NewUrl(proxy.Port), azurite.NewUrl(proxy.Port));
        var environment = new Dictionary<string, string> { ["PIPELINE__STORES__US__CONNECTION_STRING"] = Azurite.ConnectionString,
            ["PIPELINE__STORES__UK__CONNECTION_STRING"] = Azurite.ConnectionString };
        Assert.Equal((0, ""), Done(Cli.Cli.Run(environment, "store", "init", us, "--role", "capture", "--region", "eastus")));
        Assert.Equal((0, ""),
            Done(Cli.Cli.Run(environment, "store", "init", uk, "--role", "table", "--region", "uksouth", "--captures", us)));
        var config = folder.Write("pipeline.yaml", $"stores:\n  us: {{url: '{us}'}}\n  uk: {{url: '{uk}'}}\n  timeout: 1s\nkeys: keys\n");
        string[] import = ["import", Sample.Of("combined-nginx.log"), "--source", "web", "--config", config, "--json"];
        var (random, asked) = (new Random(7), 0);
        proxy.Plan = _ =>
        {
            lock (random)
            {
                // The first is the one that lets the program in.
                return ++asked > 1 && random.Next(8) == 0 ? ProxyFault.All[random.Next(ProxyFault.All.Count)] : new ProxyFault.None();
            }
        };
        // A fault before the stores are open, or an outage, ends an import with 5: it is run again, as its message says.
        var answers = new List<Answer>();
        do
        {
            Assert.True(answers.Count < 20, string.Join('\n', answers.Select(a => a.Error)));
            answers.Add(Cli.Cli.Run(environment, import));
        }
        while (answers[^1].Exit is not 0);
        Assert.All(answers.SkipLast(1), a => Assert.True(a.Exit is 5 or 78, a.Error));
        await proxy.DeliverAsync();
        proxy.Plan = _ => new ProxyFault.None();
        var again = Cli.Cli.Run(environment, import);
        Assert.Equal((0, 0L), (again.Exit, again.Json.GetProperty("lines").GetInt64()));
        var verify = Cli.Cli.Run(environment, "verify", "--deep", "--config", config, "--json");
        Assert.Equal((0, true), (verify.Exit, verify.Json.GetProperty("ok").GetBoolean()));
        using var truth = JsonDocument.Parse(File.ReadAllText(Sample.Of("combined-nginx.log.truth.json")));
        Assert.Equal(truth.RootElement.GetProperty("lines").GetInt64(), verify.Json.GetProperty("lines").GetInt64());
        Assert.Equal(truth.RootElement.GetProperty("kinds").GetProperty("xencenter").GetInt64(),
            verify.Json.GetProperty("records").GetProperty("xencenter-checks").GetInt64());
        Assert.Equal(truth.RootElement.GetProperty("kinds").GetProperty("agent").GetInt64(),
            verify.Json.GetProperty("records").GetProperty("agent-updates").GetInt64());
        Assert.Equal(0, verify.Json.GetProperty("pending").GetArrayLength());
        foreach (var look in new[] { "status", "installs", "rejections", "validate" })
        {
            Assert.Equal((0, ""), Done(Cli.Cli.Run(environment, look, "--config", config, "--json")));
        }
        Assert.Equal(0, Cli.Cli.Run(environment, "inspect", "captures/web/0000000000000000/00000000000000000000", "--config", config).Exit);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{answers.Count} imports, {proxy.Requests} requests, {proxy.Given.Values.Sum()} faults of {proxy.Given.Count} kinds");
    }

    private static (int Exit, string Errors) Done(Answer answer) => (answer.Exit,
        string.Join('\n', answer.Error.Split('\n').Where(l => l.StartsWith("error", StringComparison.Ordinal))));

    private FaultProxy Proxy()
    {
        Assert.SkipWhen(Azurite.Missing is not null, Azurite.Missing ?? "");
        return new FaultProxy(azurite.Port, _ => new ProxyFault.None());
    }

    /// <summary>A store through the proxy that was let in, for puts and for reads.</summary>
    private async Task<AzureBlobStore> OpenAsync(FaultProxy proxy)
    {
        var store = Azurite.Store(azurite.NewUrl(proxy.Port), Short);
        await store.CreateContainerAsync(Cancel);
        Assert.Null(await store.ReadAsync("first", Cancel));
        return store;
    }

    private static async Task<byte[]?> UntilAnsweredAsync(Func<Task<byte[]?>> ask)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await ask();
            }
            catch (StoreException e) when (e.Fault == StoreFault.Outage && tries < 5)
            {
                // Asked again, as every loop does.
            }
        }
    }

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static int Number(string variable, int standard) => int.TryParse(Environment.GetEnvironmentVariable(variable), out var n) ? n
        : standard;
}
