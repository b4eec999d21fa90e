using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;

namespace Pipeline.Cli.Installation;

/// <summary>
/// An opened installation: its stores, found to be what they say and where the contracts allow, and the key. Everything that a role needs
/// is wired here.
/// </summary>
public sealed class OpenInstallation : IDisposable
{
    private readonly IObjectStore? _uk;
    private readonly StoreIdentity? _table;
    private readonly ShippedCheck _shipped;

    private OpenInstallation(IObjectStore us, IObjectStore? uk, StoreIdentity capture, StoreIdentity? table, InstallationKey key,
        IReadOnlyList<Contract> contracts, TimeProvider time)
    {
        Us = us;
        _uk = uk;
        CaptureStore = capture;
        _table = table;
        Key = key;
        Contracts = contracts;
        Time = time;
        Captures = new CaptureStore(us, capture.Id, key.Captures());
        _shipped = new ShippedCheck(Captures);
        Logs = uk is null ? [] : [.. contracts.Select(contract => new TableLog(uk, contract, capture.Id, key.KeyId, time))];
    }

    public IObjectStore Us { get; }

    /// <exception cref="PipelineException">78: the configuration names no table store, or this role has none.</exception>
    public IObjectStore Uk => _uk ?? throw InstallationPlaces.NoTable();

    public StoreIdentity CaptureStore { get; }
    public StoreIdentity TableStore => _table ?? throw InstallationPlaces.NoTable();
    public InstallationKey Key { get; }
    /// <summary>The file of the key, where opening made it.</summary>
    public string? NewKey { get; private init; }
    public IReadOnlyList<Contract> Contracts { get; }
    public TimeProvider Time { get; }
    public CaptureStore Captures { get; private set; }

    /// <summary>The tables' logs; none where the table store was not opened.</summary>
    public IReadOnlyList<TableLog> Logs { get; private set; }

    /// <summary>Whether anything of an installation is there.</summary>
    public static bool Exists(InstallationPlaces places) => places.Us.Exists || places.Uk is { Exists: true };

    /// <summary>
    /// Opens what is there and makes what is absent: stores in directories, key, and the empty tables. A container must have been made a
    /// store by `store init`,
    /// because what makes itself where a name was mistyped is another installation.
    /// </summary>
    public static async Task<OpenInstallation> OpenOrCreateAsync(InstallationPlaces places, TimeProvider time, CancellationToken cancel,
        Needs needs = Needs.Both)
    {
        places = places.For(needs);
        var contracts = PublishedContracts.All;
        // Before the first folder is made: a region that no contract allows leaves nothing behind.
        StoreResidency.Check(places.Us.Where, StoreRole.Capture, StoreResidency.Normalize(places.Us.Region ?? "us"), contracts);
        if (places.Uk is { } table)
        {
            StoreResidency.Check(table.Where, StoreRole.Table, StoreResidency.Normalize(table.Region ?? "uk"), contracts);
        }
        var us = places.Us.OpenOrMakeDirectory();
        var uk = places.Uk?.OpenOrMakeDirectory();
        var there = await StoresAsync(us, uk, places, contracts, mayMake: true, cancel);
        // The key comes before anything is written with it (rule 28), and before a store says that it is one.
        var isNew = !KeyFile.Exists(places.Keys);
        var key = KeyFile.Open(places.Keys, mayCreate: !await HoldsAnyAsync(us, uk, cancel));
        var (captureStore, tableStore) = there ?? await MakeAsync(us, uk!, places, contracts, cancel);
        var installation = new OpenInstallation(us, uk, captureStore, tableStore, key, contracts, time)
        {
            NewKey = isNew ? Path.Combine(places.Keys, KeyFile.Name) : null,
        };
        foreach (var log in installation.Logs)
        {
            installation._shipped.Add(log.Contract.Dataset, (await log.OpenOrCreateAsync(cancel)).Shipped);
        }
        return installation;
    }

    /// <summary>Whether the stores are there and hold nothing yet, and the key is still to be made.</summary>
    public static async Task<bool> AwaitsKeyAsync(InstallationPlaces places, CancellationToken cancel) => !KeyFile.Exists(places.Keys)
        && !await HoldsAnyAsync(places.Us.Open(), places.Uk?.Open(), cancel);

    /// <summary>Opens what is there, to look; what is absent is an error (78).</summary>
    public static async Task<OpenInstallation> OpenAsync(InstallationPlaces places, TimeProvider time, CancellationToken cancel,
        Needs needs = Needs.Both)
    {
        places = places.For(needs);
        var contracts = PublishedContracts.All;
        var us = places.Us.Open();
        var uk = places.Uk?.Open();
        var (capture, table) = (await StoresAsync(us, uk, places, contracts, mayMake: false, cancel))!.Value;
        return new OpenInstallation(us, uk, capture, table, KeyFile.Open(places.Keys, mayCreate: false), contracts, time);
    }

    /// <summary>Before a process writes captures of a shard: whether the capture store has all that the tables have of it. Nothing to
    /// compare where it holds one store only.</summary>
    /// <exception cref="PipelineException">3: the capture store was set back.</exception>
    internal Task CheckShippedAsync(string shard, CancellationToken cancel) => _shipped.RunAsync(shard, cancel);

    /// <summary>Captures and tables are read and written through what is given back for `us` and `uk` from now on. Before anything was
    /// wired of them.</summary>
    internal void Meter(Func<string, IObjectStore, IObjectStore> meter)
    {
        Captures = new CaptureStore(meter("us", Captures.Store), Captures.StoreId, Captures.Key);
        if (Logs.Count > 0)
        {
            var uk = meter("uk", Logs[0].Store);
            Logs = [.. Logs.Select(log => new TableLog(uk, log.Contract, log.CaptureStore, log.KeyId, Time))];
        }
    }

    public void Dispose()
    {
        (Us as IDisposable)?.Dispose();
        (_uk as IDisposable)?.Dispose();
    }

    /// <summary>The stores' identities, checked; null where one is absent in a directory and may be made.</summary>
    private static async Task<(StoreIdentity Capture, StoreIdentity? Table)?> StoresAsync(IObjectStore us, IObjectStore? uk,
        InstallationPlaces places, IReadOnlyList<Contract> contracts, bool mayMake, CancellationToken cancel)
    {
        if (mayMake && uk is not null && (await MissingAsync(places.Us, us, cancel) || await MissingAsync(places.Uk!, uk, cancel)))
        {
            return null;
        }
        var capture = await StoreIdentity.OpenAsync(us, StoreRole.Capture, contracts, places.Us.Region, cancel);
        var table = uk is null ? null : await StoreIdentity.OpenAsync(uk, StoreRole.Table, contracts, places.Uk!.Region, cancel);
        return table?.CaptureStore is { } named && named != capture.Id
            ? throw new ConfigurationException(
                $"The table store {uk!.Location} is filled from capture store {named}, {us.Location} is {capture.Id}. Name the two " +
                $"stores of one installation.")
            : (capture, table);
    }

    private static async Task<bool> MissingAsync(StorePlace place, IObjectStore store, CancellationToken cancel) => !place.IsUrl
        && await StoreIdentity.FindAsync(store, cancel) is null;

    private static async Task<(StoreIdentity Capture, StoreIdentity? Table)> MakeAsync(IObjectStore us, IObjectStore uk,
        InstallationPlaces places, IReadOnlyList<Contract> contracts, CancellationToken cancel)
    {
        // Of the two one may be a container, which must be a store already: then nothing of it is made here.
        var capture = places.Us.IsUrl ? await StoreIdentity.OpenAsync(us, StoreRole.Capture, contracts, places.Us.Region, cancel)
            : await StoreIdentity.FindAsync(us, cancel);
        var table = places.Uk!.IsUrl ? await StoreIdentity.OpenAsync(uk, StoreRole.Table, contracts, places.Uk.Region, cancel)
            : await StoreIdentity.FindAsync(uk, cancel);
        return await StoreIdentity.InitEmbeddedAsync(us, places.Us.Region ?? capture?.Region ?? "us", uk, places.Uk.Region ?? table?.Region
            ?? "uk", contracts, cancel);
    }

    /// <summary>Whether anything was written with a key.</summary>
    private static async Task<bool> HoldsAnyAsync(IObjectStore us, IObjectStore? uk, CancellationToken cancel) =>
        await AnyAsync(us, CaptureNames.CapturesFolder, cancel) || await AnyAsync(us, CaptureNames.SnapshotsFolder, cancel)
            || (uk is not null && await AnyAsync(uk, "tables/", cancel));

    private static async Task<bool> AnyAsync(IObjectStore store, string folder, CancellationToken cancel)
    {
        await foreach (var _ in store.ListFoldersAsync(folder, cancel))
        {
            return true;
        }
        return false;
    }
}
