using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Core.Store.Directories;

namespace Pipeline.Cli.Settings;

/// <summary>Where one store is: a directory, or a container's URL and what opens it.</summary>
/// <param name="Where">A path, or a URL.</param>
/// <param name="Region">The region that it is declared to be in; null: the one that the store names, or where it is made `us` or
/// `uk`.</param>
/// <param name="Connection">A connection string; null: the identity of this process.</param>
/// <param name="Timeout">What one request may take; null: as the store has it. A directory has none.</param>
public sealed record StorePlace(string Where, string? Region = null, Secret? Connection = null, TimeSpan? Timeout = null)
{
    public bool IsUrl => AzureLocation.IsUrl(Where);

    /// <summary>Whether anything is there. Of a container that is not known before it is asked; it is taken to be.</summary>
    public bool Exists => IsUrl || Directory.Exists(Where);

    /// <summary>Opens it; nothing is made. Dispose it where it is <see cref="IDisposable"/>.</summary>
    /// <exception cref="PipelineException">4: in the clear. 78: not a place.</exception>
    public IObjectStore Open() => IsUrl ? new AzureBlobStore(AzureLocation.Parse(Where), Connection, Timeout) : new DirectoryStore(Where);

    /// <summary>Opens it; a directory that is absent is made. Containers are made by `store init` only: a slip in a name must not begin
    /// another store.</summary>
    public IObjectStore OpenOrMakeDirectory() => IsUrl ? Open() : DirectoryStore.Create(Where);

    /// <summary>Makes the directory or the container, and opens it.</summary>
    public async Task<IObjectStore> CreateAsync(CancellationToken cancel)
    {
        var store = OpenOrMakeDirectory();
        if (store is AzureBlobStore container)
        {
            await container.CreateContainerAsync(cancel);
        }
        return store;
    }
}
