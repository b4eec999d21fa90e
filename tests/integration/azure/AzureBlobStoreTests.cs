using System.Diagnostics;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Tests.Unit.Store;

namespace Pipeline.Tests.Integration.Azure;

/// <summary>The seam's own tests, on the emulator.</summary>
public sealed class AzureBlobStoreTests : ObjectStoreSuite
{
    private readonly Azurite _azurite;

    public AzureBlobStoreTests(Azurite azurite)
    {
        // Before a property begins: it would take the skip of one of its cases for a failure.
        Assert.SkipWhen(Azurite.Missing is not null, Azurite.Missing ?? "");
        _azurite = azurite;
    }

    protected override int Cases => 20;

    protected override void Run(Func<IObjectStore, Task> body) => RunAsync(body).GetAwaiter().GetResult();

    private async Task RunAsync(Func<IObjectStore, Task> body) => await body(await _azurite.NewStoreAsync());
}

/// <summary>What is particular to Azure.</summary>
public sealed class AzurePutTests(Azurite azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_of_more_than_64_MB_is_one_request()
    {
        var store = await azurite.NewStoreAsync(Cancel);
        var bytes = new byte[(64 << 20) + 1];
        new Random(1).NextBytes(bytes);
        var began = Stopwatch.GetTimestamp();
        Assert.Equal(PutOutcome.Created, await store.PutIfAbsentAsync("tables/large", bytes, Cancel));
        var put = Stopwatch.GetElapsedTime(began);
        began = Stopwatch.GetTimestamp();
        var read = await store.ReadAsync("tables/large", Cancel);
        var get = Stopwatch.GetElapsedTime(began);
        Assert.True(bytes.AsSpan().SequenceEqual(read));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"put {bytes.Length / put.TotalSeconds / 1e6:F0} MB/s, get {bytes.Length / get.TotalSeconds / 1e6:F0} MB/s");
        var container = store.Location[store.Location.LastIndexOf('/')..];
        await azurite.SaidAsync($"GET /{Azurite.Account}{container}/tables/large");
        var asked = azurite.Requests.Where(line => line.Contains(container + "/tables/large", StringComparison.Ordinal)
            && line.Contains("\"PUT ", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain("comp=block", Assert.Single(asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_of_more_than_a_page_is_whole()
    {
        var store = await azurite.NewStoreAsync(Cancel);
        var names = Enumerable.Range(0, 5_050).Select(n => $"log/{n:D20}.json").ToList();
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel },
            async (name, cancel) => await store.PutIfAbsentAsync(name, default, cancel));
        Assert.Equal(names, await store.ListAsync("log/", null, Cancel).Select(o => o.Name).ToListAsync(Cancel));
        Assert.Equal(names.Skip(5_000), await store.ListAsync("log/", names[4_999], Cancel).Select(o => o.Name).ToListAsync(Cancel));
    }

    [Fact]
    public async Task A_container_that_is_not_there_is_refused_and_never_taken_for_an_empty_one()
    {
        Assert.SkipWhen(Azurite.Missing is not null, Azurite.Missing ?? "");
        var store = Azurite.Store(azurite.NewUrl());
        foreach (var ask in new Func<Task>[]
        {
            () => store.ReadAsync("store.json", Cancel), () => store.FindAsync("store.json", Cancel), () =>
                store.PutIfAbsentAsync("a", default, Cancel), () => store.DeleteAsync("a", Cancel),
            async () => await store.ListAsync("", null, Cancel).CountAsync(Cancel), async () =>
                await store.ListFoldersAsync("", Cancel).CountAsync(Cancel),
        })
        {
            var e = await Assert.ThrowsAsync<StoreException>(ask);
            Assert.Equal(StoreFault.Refused, e.Fault);
            Assert.Contains("pipeline store init", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_is_in_no_message()
    {
        Assert.SkipWhen(Azurite.Missing is not null, Azurite.Missing ?? "");
        var key = Convert.ToBase64String(new byte[64]);
        var store = new AzureBlobStore(AzureLocation.Parse(azurite.NewUrl()),
            new Secret($"AccountName={Azurite.Account};AccountKey={key}"));
        var e = await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("a", default, Cancel));
        Assert.Equal(StoreFault.Refused, e.Fault);
        Assert.DoesNotContain(key, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_nobody_answers_for_is_an_outage()
    {
        var store = Azurite.Store($"http://127.0.0.1:1/{Azurite.Account}/abc");
        Assert.Equal(StoreFault.Outage,
            (await Assert.ThrowsAsync<StoreException>(() => store.PutIfAbsentAsync("a", default, Cancel))).Fault);
    }

    [Fact]
    public async Task The_account_says_what_it_is()
    {
        var store = await azurite.NewStoreAsync(Cancel);
        Assert.Contains("Storage", await store.AccountAsync(Cancel), StringComparison.Ordinal);
    }
}
