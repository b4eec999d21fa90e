using Pipeline.Cli.Settings;
using Pipeline.Core.Contracts;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Verify;

namespace Pipeline.Cli.Installation;

/// <summary>Opens one store of an installation, for those who have the credentials of that one only. The key is needed all the same: its id
/// tells this installation's data from another's.</summary>
internal static class OneSide
{
    /// <summary>Captures only.</summary>
    public static async Task<(Verifier Verifier, IDisposable? Store)> CapturesAsync(InstallationPlaces places, CancellationToken cancel)
    {
        var contracts = PublishedContracts.All;
        var store = places.Us.Open();
        var identity = await StoreIdentity.OpenAsync(store, StoreRole.Capture, contracts, places.Us.Region, cancel);
        var key = KeyFile.Open(places.Keys, mayCreate: false);
        return (new Verifier(new CaptureStore(store, identity.Id, key.Captures()), [], key.RowKey(), Workers.Pool, contracts),
            store as IDisposable);
    }

    /// <summary>Tables only: which capture store they are of is what the table store says of itself.</summary>
    public static async Task<(Verifier Verifier, IDisposable? Store, IObjectStore Receipts)> TablesAsync(InstallationPlaces places,
        TimeProvider time, CancellationToken cancel)
    {
        var contracts = PublishedContracts.All;
        var place = places.Uk ?? throw InstallationPlaces.NoTable();
        var store = place.Open();
        var identity = await StoreIdentity.OpenAsync(store, StoreRole.Table, contracts, place.Region, cancel);
        var named = identity.CaptureStore ?? throw new ConfigurationException(
            $"The table store {store.Location} names no capture store, so its tables cannot be checked alone. Check both sides, or make " +
            $"the store with `pipeline store init --captures`.");
        var key = KeyFile.Open(places.Keys, mayCreate: false);
        return (new Verifier(null, [.. contracts.Select(contract => new TableLog(store, contract, named, key.KeyId, time))], key.RowKey(),
            Workers.Pool, contracts), store as IDisposable, store);
    }
}
