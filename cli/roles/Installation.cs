using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;

namespace Pipeline.Cli.Roles;

/// <summary>Where an installation's two stores and its key are, and the regions that they are declared to be in; null: the one that the store names, or where it is made `us` and `uk`.</summary>
public sealed record InstallationPlaces(string Us, string? UsRegion, string Uk, string? UkRegion, string Keys)
{
    /// <summary>`--dir DIR`: DIR/us, DIR/uk and DIR/keys.</summary>
    public static InstallationPlaces Embedded(string dir) => new(Path.Combine(dir, "us"), null, Path.Combine(dir, "uk"), null, Path.Combine(dir, "keys"));
}

/// <summary>
/// An opened installation: both stores, found to be what they say and where the contracts allow, and the key. Everything that a role needs is wired here.
/// </summary>
public sealed class Installation : IDisposable
{
    private Installation(DirectoryStore us, DirectoryStore uk, StoreIdentity capture, StoreIdentity table, InstallationKey key, IReadOnlyList<Contract> contracts, TimeProvider time)
    {
        Us = us;
        Uk = uk;
        CaptureStore = capture;
        TableStore = table;
        Key = key;
        Contracts = contracts;
        Time = time;
        Captures = new Captures(us, capture.Id, key.Kid);
        Logs = [.. contracts.Select(contract => new TableLog(uk, contract, capture.Id, key.Kid, time))];
    }

    public DirectoryStore Us { get; }
    public DirectoryStore Uk { get; }
    public StoreIdentity CaptureStore { get; }
    public StoreIdentity TableStore { get; }
    public InstallationKey Key { get; }
    public IReadOnlyList<Contract> Contracts { get; }
    public TimeProvider Time { get; }
    public Captures Captures { get; private set; }
    public IReadOnlyList<TableLog> Logs { get; private set; }

    /// <summary>Whether anything of an installation is there.</summary>
    public static bool Exists(InstallationPlaces places) => Directory.Exists(places.Us) || Directory.Exists(places.Uk);

    /// <summary>Opens what is there and makes what is absent: stores, key, and both empty tables (DESIGN section 9).</summary>
    public static async Task<Installation> OpenOrCreateAsync(InstallationPlaces places, TimeProvider time, CancellationToken cancel)
    {
        var contracts = Core.Contracts.Contracts.Published;
        // Before the first folder is made: a region that no contract allows leaves nothing behind.
        StoreResidency.Check(places.Us, StoreRole.Capture, StoreResidency.Normalize(places.UsRegion ?? "us"), contracts);
        StoreResidency.Check(places.Uk, StoreRole.Table, StoreResidency.Normalize(places.UkRegion ?? "uk"), contracts);
        var us = DirectoryStore.Create(places.Us);
        var uk = DirectoryStore.Create(places.Uk);
        var (capture, table) = (await StoreIdentity.FindAsync(us, cancel), await StoreIdentity.FindAsync(uk, cancel));
        // The key comes before anything is written with it (rule 28): where there are captures or tables, it was.
        var key = KeyFile.Open(places.Keys, mayCreate: !await AnyAsync(us, CaptureNames.CapturesFolder, cancel) && !await AnyAsync(us, CaptureNames.SnapshotsFolder, cancel) && !await AnyAsync(uk, "tables/", cancel));
        var (captureStore, tableStore) = capture is not null && table is not null
            ? await OpenStoresAsync(us, uk, places, contracts, cancel)
            : await StoreIdentity.InitEmbeddedAsync(us, places.UsRegion ?? capture?.Region ?? "us", uk, places.UkRegion ?? table?.Region ?? "uk", contracts, cancel);
        var installation = new Installation(us, uk, captureStore, tableStore, key, contracts, time);
        foreach (var log in installation.Logs)
        {
            await log.OpenOrCreateAsync(cancel);
        }
        return installation;
    }

    /// <summary>Opens what is there, to look; what is absent is an error (78).</summary>
    public static async Task<Installation> OpenAsync(InstallationPlaces places, TimeProvider time, CancellationToken cancel)
    {
        var contracts = Core.Contracts.Contracts.Published;
        var us = new DirectoryStore(places.Us);
        var uk = new DirectoryStore(places.Uk);
        var (capture, table) = await OpenStoresAsync(us, uk, places, contracts, cancel);
        return new Installation(us, uk, capture, table, KeyFile.Open(places.Keys, mayCreate: false), contracts, time);
    }

    /// <summary>Captures and tables are read and written through what is given back for `us` and `uk` from now on. Before anything was wired of them.</summary>
    internal void Meter(Func<string, IObjectStore, IObjectStore> meter)
    {
        Captures = new Captures(meter("us", Captures.Store), Captures.StoreId, Captures.Kid);
        if (Logs.Count > 0)
        {
            var uk = meter("uk", Logs[0].Store);
            Logs = [.. Logs.Select(log => new TableLog(uk, log.Contract, log.CaptureStore, log.Kid, Time))];
        }
    }

    public void Dispose()
    {
        Us.Dispose();
        Uk.Dispose();
    }

    private static async Task<(StoreIdentity Capture, StoreIdentity Table)> OpenStoresAsync(DirectoryStore us, DirectoryStore uk, InstallationPlaces places, IReadOnlyList<Contract> contracts, CancellationToken cancel)
    {
        var capture = await StoreIdentity.OpenAsync(us, StoreRole.Capture, contracts, places.UsRegion, cancel);
        var table = await StoreIdentity.OpenAsync(uk, StoreRole.Table, contracts, places.UkRegion, cancel);
        return table.CaptureStore is { } named && named != capture.Id
            ? throw new PipelineException(ExitCode.Configuration, $"The table store {places.Uk} is filled from capture store {named}, {places.Us} is {capture.Id}. Name the two stores of one installation.")
            : (capture, table);
    }

    private static async Task<bool> AnyAsync(DirectoryStore store, string folder, CancellationToken cancel)
    {
        await foreach (var _ in store.ListFoldersAsync(folder, cancel))
        {
            return true;
        }
        return false;
    }
}
