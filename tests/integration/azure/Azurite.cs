using Pipeline.Tests.Integration.Azure;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;

[assembly: AssemblyFixture(typeof(Azurite))]

namespace Pipeline.Tests.Integration.Azure;

/// <summary>The emulator that the tests of an assembly share; a test that kills it starts another. Where it is not installed, tests that
/// need it are skipped.</summary>
public sealed class Azurite : AzuriteProcess, IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        if (Missing is null)
        {
            await StartAsync();
        }
    }

    /// <summary>A store in a container of its own.</summary>
    public async Task<AzureBlobStore> NewStoreAsync(CancellationToken cancel = default)
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        var store = Store(NewUrl());
        await store.CreateContainerAsync(cancel);
        return store;
    }

    public static AzureBlobStore Store(string url, TimeSpan? timeout = null) =>
        new(AzureLocation.Parse(url), new Secret(ConnectionString), timeout);
}
