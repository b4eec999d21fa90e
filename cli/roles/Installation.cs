using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;

namespace Pipeline.Cli.Roles;

/// <summary>Where an installation's two stores and its key are, and the regions that they are declared to be in.</summary>
public sealed record InstallationPlaces(string Us, string UsRegion, string Uk, string UkRegion, string Keys)
{
    /// <summary>`--dir DIR`: DIR/us, DIR/uk and DIR/keys.</summary>
    public static InstallationPlaces Embedded(string dir) => new(Path.Combine(dir, "us"), "us", Path.Combine(dir, "uk"), "uk", Path.Combine(dir, "keys"));
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
    public Captures Captures { get; }
    public IReadOnlyList<TableLog> Logs { get; }

    /// <summary>Opens what is there and makes what is absent: stores, key, and both empty tables (DESIGN section 9).</summary>
    public static async Task<Installation> OpenOrCreateAsync(InstallationPlaces places, TimeProvider time, CancellationToken cancel)
    {
        var contracts = Core.Contracts.Contracts.Published;
        var us = DirectoryStore.Create(places.Us);
        var uk = DirectoryStore.Create(places.Uk);
        // The key comes before anything is written with it (rule 28); where a store stands already, it was.
        var mayCreate = await StoreIdentity.FindAsync(us, cancel) is null && await StoreIdentity.FindAsync(uk, cancel) is null;
        var key = KeyFile.Open(places.Keys, mayCreate);
        var (capture, table) = await StoreIdentity.InitEmbeddedAsync(us, places.UsRegion, uk, places.UkRegion, contracts, cancel);
        var installation = new Installation(us, uk, capture, table, key, contracts, time);
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
        var capture = await StoreIdentity.OpenAsync(us, StoreRole.Capture, contracts, null, cancel);
        var table = await StoreIdentity.OpenAsync(uk, StoreRole.Table, contracts, null, cancel);
        if (table.CaptureStore is { } named && named != capture.Id)
        {
            throw new PipelineException(ExitCode.Configuration, $"The table store {places.Uk} is filled from capture store {named}, {places.Us} is {capture.Id}. Name the two stores of one installation.");
        }
        return new Installation(us, uk, capture, table, KeyFile.Open(places.Keys, mayCreate: false), contracts, time);
    }

    public void Dispose()
    {
        Us.Dispose();
        Uk.Dispose();
    }
}
