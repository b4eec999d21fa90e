using System.Security.Cryptography;
using Pipeline.Core.Contracts;

namespace Pipeline.Core.Store;

/// <summary>The two roles of a store, as `store.json` has them.</summary>
public static class StoreRole
{
    public const string Capture = "capture", Table = "table";
}

/// <summary>
/// What a store says it is, in `store.json`, written once (docs/storage-format.md): a random <paramref name="Id"/> (32 hex digits), its
/// role, the region where it
/// lies, its datasets in ordinal order, and in a table store the id of the capture store that it is filled from, where that was known when
/// it was made (rule 9).
/// </summary>
public sealed record StoreIdentity(string Id, string Role, string Region, IReadOnlyList<string> Datasets, string? CaptureStore)
{
    public const string ObjectName = "store.json";

    /// <summary>
    /// Makes the place a store, or finds that it is this one already. Its contracts are put first, so that a store never stands without
    /// them.
    /// Nothing is put before role, region and what is there already are found right.
    /// </summary>
    public static async Task<StoreIdentity> InitAsync(
        IObjectStore store, string role, string region, IReadOnlyList<Contract> contracts, string? captureStore = null,
            CancellationToken cancel = default)
    {
        CheckRole(role);
        region = StoreResidency.Normalize(region);
        StoreResidency.Check(store.Location, role, region, contracts);
        if (captureStore is not null && role != StoreRole.Table)
        {
            throw new ConfigurationException(
                $"The store {store.Location} is to be a {role} store and to name a capture store: only a table store names one.");
        }
        var wanted = new StoreIdentity(RandomNumberGenerator.GetHexString(32, lowercase: true), role, region, DatasetsOf(contracts),
            captureStore);
        if (await FindAsync(store, cancel) is { } before)
        {
            before.CheckIsWanted(store, wanted);
        }
        else
        {
            await CheckIsNewAsync(store, cancel);
        }
        await PutContractsAsync(store, contracts, cancel);
        if (await store.PutIfAbsentAsync(ObjectName, StoreIdentityJson.Encode(wanted), cancel) != PutOutcome.Other)
        {
            return wanted;
        }
        // Ours of an earlier attempt whose answer was lost, or another's: what is there decides.
        var there = await FindAsync(store, cancel)
            ?? throw new StoreException(StoreFault.Outage,
                $"'{ObjectName}' in the store {store.Location} was there and is gone: another process removes objects. Try again.");
        there.CheckIsWanted(store, wanted);
        return there;
    }

    /// <summary>
    /// The identity of a store that is to be used as <paramref name="role"/> under these contracts. Stops with 78 where there is none or
    /// another role, other
    /// datasets or another region than declared, and with 4 where a contract does not allow the region.
    /// </summary>
    /// <param name="region">The region that the configuration declares, or null where it leaves that to the store.</param>
    public static async Task<StoreIdentity> OpenAsync(
        IObjectStore store, string role, IReadOnlyList<Contract> contracts, string? region = null, CancellationToken cancel = default)
    {
        CheckRole(role);
        StoreIdentity? found;
        try
        {
            found = await FindAsync(store, cancel);
        }
        catch (StoreException e) when (e.Fault == StoreFault.Refused)
        {
            throw new ConfigurationException(e.Message, e);
        }
        if (found is null)
        {
            throw new ConfigurationException(
                $"There is no '{ObjectName}' in {store.Location}, so this is not a store: expected a {role} store. Check the location, " +
                $"or make one with `pipeline store init`.");
        }
        found.Check(store, role, DatasetsOf(contracts));
        if (region is not null && StoreResidency.Normalize(region) != found.Region)
        {
            throw new ConfigurationException(
                $"The store {store.Location} was made in the region '{found.Region}', and the configuration says " +
                $"'{StoreResidency.Normalize(region)}'. Name the store that you mean, or correct the region.");
        }
        StoreResidency.Check(store.Location, role, found.Region, contracts);
        return found;
    }

    /// <summary>The identity, unchecked, or null where there is none.</summary>
    public static async Task<StoreIdentity?> FindAsync(IObjectStore store, CancellationToken cancel = default) =>
        await store.ReadAsync(ObjectName, cancel) is { } bytes ? StoreIdentityJson.Decode(bytes, store.Location) : null;

    /// <summary>The sha256 of `store.json`, found to be whole; null where there is none.</summary>
    public static async Task<Captures.Sha256?> FileHashAsync(IObjectStore store, CancellationToken cancel = default)
    {
        if (await store.ReadAsync(ObjectName, cancel) is not { } bytes)
        {
            return null;
        }
        _ = StoreIdentityJson.Decode(bytes, store.Location);
        return Captures.Sha256.Of(bytes);
    }

    /// <summary>
    /// Both stores of an embedded installation; what is absent is made. The table store names its capture store, and once it does
    /// the capture store is never made anew (rule 9): its captures would count from 0 again, under a table that has them.
    /// </summary>
    public static async Task<(StoreIdentity Capture, StoreIdentity Table)> InitEmbeddedAsync(
        IObjectStore captures, string captureRegion, IObjectStore tables, string tableRegion, IReadOnlyList<Contract> contracts,
            CancellationToken cancel = default)
    {
        var table = await FindAsync(tables, cancel);
        if (table?.CaptureStore is { } named && await FindAsync(captures, cancel) is null)
        {
            throw new ConfigurationException(
                $"The table store {tables.Location} is filled from the capture store {named}, and {captures.Location} holds none. It is " +
                $"not made anew: restore it there, or start a new installation in another directory.");
        }
        var capture = await InitAsync(captures, StoreRole.Capture, captureRegion, contracts, null, cancel);
        return (capture, await InitAsync(tables, StoreRole.Table, tableRegion, contracts, capture.Id, cancel));
    }

    /// <summary>A store whose `store.json` is gone is not given another: what lies in it is of the one that it was.</summary>
    private static async Task CheckIsNewAsync(IObjectStore store, CancellationToken cancel)
    {
        foreach (var folder in (string[])["captures/", "snapshots/", "cold/", "sources/", "tables/", "registry/"])
        {
            await foreach (var _ in store.ListFoldersAsync(folder, cancel))
            {
                if (await FindAsync(store, cancel) is not null)
                {
                    // Another process made it meanwhile.
                    return;
                }
                throw new ConfigurationException(
                    $"'{ObjectName}' in {store.Location} is gone, though '{folder}' is not empty: the store is not made anew. Restore " +
                    $"'{ObjectName}' from a copy, or name another place.");
            }
        }
    }

    private static async Task PutContractsAsync(IObjectStore store, IReadOnlyList<Contract> contracts, CancellationToken cancel)
    {
        foreach (var contract in contracts)
        {
            var name = $"contracts/{contract.Sha256}.yaml";
            if (await store.PutIfAbsentAsync(name, contract.Bytes, cancel) == PutOutcome.Other)
            {
                throw new ConfigurationException(
                    $"'{name}' in {store.Location} does not hold the contract of {contract.Dataset} with that sha256: it was changed, " +
                    $"or another's. Find out who wrote it; then remove it and try again.");
            }
        }
    }

    private void CheckIsWanted(IObjectStore store, StoreIdentity wanted)
    {
        Check(store, wanted.Role, wanted.Datasets);
        if (Region != wanted.Region)
        {
            throw new ConfigurationException(
                $"The store {store.Location} was made in the region '{Region}', and is wanted in '{wanted.Region}'. A store does not " +
                $"move: name another place, or correct the region.");
        }
        if (CaptureStore != wanted.CaptureStore)
        {
            throw new ConfigurationException(
                $"The table store {store.Location} is filled from the capture store {CaptureStore ?? "(none named)"}, and the capture " +
                $"store given is {wanted.CaptureStore ?? "(none)"}. Give the two stores that belong together.");
        }
    }

    private void Check(IObjectStore store, string role, IReadOnlyList<string> datasets)
    {
        if (Role != role)
        {
            throw new ConfigurationException(
                $"The store {store.Location} is a {Role} store, and a {role} store is expected. Were the two locations exchanged?");
        }
        if (!Datasets.SequenceEqual(datasets, StringComparer.Ordinal))
        {
            throw new ConfigurationException(
                $"The store {store.Location} is for the datasets {string.Join(", ", Datasets)}, and the contracts are for " +
                $"{string.Join(", ", datasets)}. Give the contracts that it was made with, or another store.");
        }
    }

    private static void CheckRole(string role)
    {
        if (role is not (StoreRole.Capture or StoreRole.Table))
        {
            throw new ConfigurationException($"'{role}' is no role of a store: expected {StoreRole.Capture} or {StoreRole.Table}.");
        }
    }

    private static List<string> DatasetsOf(IReadOnlyList<Contract> contracts) =>
        [.. contracts.Select(c => c.Dataset).Order(StringComparer.Ordinal)];
}
