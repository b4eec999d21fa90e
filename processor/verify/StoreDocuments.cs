using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Verify;

/// <summary>The small documents of a store: its contracts, and in a table store what it remembers of its tables.</summary>
internal static class StoreDocuments
{
    private const string Contracts = "contracts/", End = ".yaml";

    /// <summary>A contract is named by the sha256 of its bytes: each that is there is held against its name, and each that captures or
    /// commits name must be there.</summary>
    public static async Task CheckContractsAsync(IObjectStore store, IEnumerable<string> named, Findings findings, CancellationToken cancel)
    {
        if (await store.FindAsync(StoreIdentity.ObjectName, cancel) is null)
        {
            // Contracts are put before a place says that it is a store.
            return;
        }
        var there = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var found in store.ListAsync(Contracts, null, cancel))
        {
            there.Add(found.Name);
            if (await store.ReadAsync(found.Name, cancel) is { } bytes && found.Name != $"{Contracts}{Sha256.Of(bytes)}{End}")
            {
                findings.AddCorrupt(found.Name, $"its sha256 in {store.Location} is {Sha256.Of(bytes)}, its name says otherwise");
            }
        }
        foreach (var contract in named.Distinct().Order(StringComparer.Ordinal))
        {
            var name = $"{Contracts}{contract}{End}";
            if (!there.Contains(name) && await store.FindAsync(name, cancel) is null)
            {
                findings.AddDeleted(name, $"data in {store.Location} was made under this contract");
            }
        }
    }

    /// <summary>A table that was made is there, is the one that was made, and its store's `store.json` is as it was then.</summary>
    public static async Task CheckRegistryAsync(TableLog log, TableFold fold, Findings findings, CancellationToken cancel)
    {
        var dataset = log.Contract.Dataset;
        TableRegistration? made;
        try
        {
            made = await TableRegistry.FindAsync(log.Store, dataset, cancel);
        }
        catch (CorruptException e)
        {
            findings.Add(e);
            return;
        }
        if (made is null)
        {
            return;
        }
        if (fold.Version < 0 && findings.None)
        {
            findings.AddDeleted(TableNames.Folder(dataset),
                $"the table is gone, though '{TableRegistry.Name(dataset)}' says that it was made");
        }
        if (made.StoreFile is { } file)
        {
            await CheckStoreFileAsync(log.Store, file, findings, cancel);
        }
        if (fold.TableId is { } id && id != made.Table)
        {
            findings.Differences.Add(
                $"{log.Where}: its id is {id}, and '{TableRegistry.Name(dataset)}' says that the table was made as {made.Table}: " +
                $"another table was put in its place.");
        }
        if (made.Store != log.CaptureStore || made.KeyId != log.KeyId)
        {
            findings.AddCorrupt(TableRegistry.Name(dataset),
                $"it is of capture store {made.Store} and key {made.KeyId}, this installation has {log.CaptureStore} and {log.KeyId}");
        }
    }

    private static async Task CheckStoreFileAsync(IObjectStore store, Sha256 made, Findings findings, CancellationToken cancel)
    {
        if (await store.ReadAsync(StoreIdentity.ObjectName, cancel) is not { } bytes)
        {
            findings.AddDeleted(StoreIdentity.ObjectName, $"the tables in {store.Location} were made beside it");
        }
        else if (Sha256.Of(bytes) != made)
        {
            findings.AddCorrupt(StoreIdentity.ObjectName, $"it is not the one that the tables in {store.Location} were made beside");
        }
    }
}
