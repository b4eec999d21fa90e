using System.Text;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

public sealed class StoreIdentityTests
{
    private static readonly IReadOnlyList<Contract> Contracts = [ContractOf("xencenter-checks", 'a'), ContractOf("agent-updates", 'b')];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_is_made_once_and_opened_as_what_it_is()
    {
        var store = new MemoryStore();
        var made = await StoreIdentity.InitAsync(store, StoreRole.Capture, "US", Contracts, cancel: Cancel);
        Assert.Matches("^[0-9a-f]{32}$", made.Id);
        Assert.Equal(["agent-updates", "xencenter-checks"], made.Datasets);
        var again = await StoreIdentity.InitAsync(store, StoreRole.Capture, "us", Contracts, cancel: Cancel);
        var opened = await StoreIdentity.OpenAsync(store, StoreRole.Capture, Contracts, "us", Cancel);
        Assert.Equal([made.Id, made.Id], new[] { again.Id, opened.Id });
        Assert.Equal(Contracts[0].Bytes.ToArray(), await store.ReadAsync($"contracts/{Contracts[0].Sha256}.yaml", Cancel));
    }

    [Fact]
    public async Task An_absent_store_says_store_init()
    {
        var none = await Assert.ThrowsAnyAsync<PipelineException>(() =>
            StoreIdentity.OpenAsync(new MemoryStore(), StoreRole.Capture, Contracts, cancel: Cancel));
        using var directory = new TestDirectory();
        using var missing = new DirectoryStore(Path.Join(directory.Path, "none"));
        var noRoot = await Assert.ThrowsAnyAsync<PipelineException>(() =>
            StoreIdentity.OpenAsync(missing, StoreRole.Capture, Contracts, cancel: Cancel));
        Assert.All([none, noRoot], e => Assert.IsType<ConfigurationException>(e));
        Assert.All([none, noRoot], e => Assert.Contains("store init", e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_region_that_a_contract_does_not_allow_is_refused_by_policy_and_leaves_nothing()
    {
        var store = new MemoryStore(location: "the-place");
        var refused = await Assert.ThrowsAnyAsync<PipelineException>(() =>
            StoreIdentity.InitAsync(store, StoreRole.Capture, "uksouth", Contracts, cancel: Cancel));
        Assert.IsType<PolicyException>(refused);
        Assert.All(["uksouth", "the-place", "us, eastus"], part => Assert.Contains(part, refused.Message, StringComparison.Ordinal));
        Assert.Equal(0, store.Count);
        await StoreIdentity.InitAsync(store, StoreRole.Capture, "eastus", Contracts, cancel: Cancel);
        var stricter = Contracts.Select(c => c with { Residency = c.Residency with { CaptureRegions = ["us"] } }).ToList();
        Assert.IsType<PolicyException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => StoreIdentity.OpenAsync(store, StoreRole.Capture, stricter,
            cancel: Cancel))));
    }

    [Fact]
    public async Task A_store_of_another_role_region_or_datasets_is_a_wrong_configuration()
    {
        var store = new MemoryStore();
        await StoreIdentity.InitAsync(store, StoreRole.Capture, "us", Contracts, cancel: Cancel);
        Func<Task>[] wrong =
        [
            () => StoreIdentity.OpenAsync(store, StoreRole.Table, Contracts, cancel: Cancel),
            () => StoreIdentity.OpenAsync(store, StoreRole.Capture, [Contracts[0]], cancel: Cancel),
            () => StoreIdentity.OpenAsync(store, StoreRole.Capture, Contracts, "eastus", Cancel),
            () => StoreIdentity.InitAsync(store, StoreRole.Capture, "eastus", Contracts, cancel: Cancel),
            () => StoreIdentity.InitAsync(store, "lake", "us", Contracts, cancel: Cancel),
        ];
        foreach (var use in wrong)
        {
            Assert.IsType<ConfigurationException>((await Assert.ThrowsAnyAsync<PipelineException>(use)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"version":2,"id":"00000000000000000000000000000000","region":"us","role":"capture","datasets":[]}""")]
    [InlineData("""{"version":1,"id":"x","region":"us","role":"capture","datasets":[]}""")]
    public async Task An_identity_that_cannot_be_read_is_named(string json)
    {
        var store = new MemoryStore();
        await store.PutIfAbsentAsync(StoreIdentity.ObjectName, Encoding.UTF8.GetBytes(json), Cancel);
        Assert.IsType<ConfigurationException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => StoreIdentity.FindAsync(store, Cancel))));
    }

    [Fact]
    public async Task An_embedded_capture_store_is_never_made_anew()
    {
        // Rule 9.
        var (us, uk) = (new MemoryStore(), new MemoryStore());
        var (capture, table) = await StoreIdentity.InitEmbeddedAsync(us, "us", uk, "uk", Contracts, Cancel);
        Assert.Equal(capture.Id, table.CaptureStore);
        Assert.Equal(table.Id, (await StoreIdentity.InitEmbeddedAsync(us, "us", uk, "uk", Contracts, Cancel)).Table.Id);
        var wiped = new MemoryStore();
        Assert.IsType<ConfigurationException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => StoreIdentity.InitEmbeddedAsync(wiped, "us", uk, "uk", Contracts,
            Cancel))));
        Assert.Equal(0, wiped.Count);
        await StoreIdentity.InitAsync(wiped, StoreRole.Capture, "us", Contracts, cancel: Cancel);
        Assert.IsType<ConfigurationException>(
            (await Assert.ThrowsAnyAsync<PipelineException>(() => StoreIdentity.InitEmbeddedAsync(wiped, "us", uk, "uk", Contracts,
            Cancel))));
    }

    [Fact]
    public async Task An_init_that_fails_at_any_operation_is_finished_by_the_next()
    {
        for (var at = 0; at < 8; at++)
        {
            foreach (var fault in new[] { Fault.FailBefore, Fault.FailAfter })
            {
                var (us, uk) = (new MemoryStore(), new MemoryStore());
                var faulty = new FaultyStore(us, FaultyStore.At(at, fault));
                try
                {
                    await StoreIdentity.InitEmbeddedAsync(faulty, "us", uk, "uk", Contracts, Cancel);
                }
                catch (StoreException)
                {
                }
                var (capture, table) = await StoreIdentity.InitEmbeddedAsync(us, "us", uk, "uk", Contracts, Cancel);
                Assert.Equal(capture.Id, table.CaptureStore);
            }
        }
    }

    private static Contract ContractOf(string dataset, char sha) => new(
        dataset, "1.0.0", new string(sha, 64), Encoding.UTF8.GetBytes($"name: {dataset}\n"), [],
        new Residency(["us", "eastus"], ["uk", "uksouth"]), RetentionMode.Indefinite, 30);
}
