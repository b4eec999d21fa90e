using Pipeline.Core.Store;

namespace Pipeline.Tests.Fakes;

/// <summary>A store whose credentials allow reads and lists only.</summary>
public sealed class ReadOnlyStore(IObjectStore inner) : IObjectStore
{
    public string Location => inner.Location;

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        throw Refused(name);

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) => inner.ReadAsync(name, cancel);

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default) =>
        inner.ReadRangeAsync(name, offset, length, cancel);

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) => inner.FindAsync(name, cancel);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null, CancellationToken cancel = default) =>
        inner.ListAsync(prefix, after, cancel);

    public IAsyncEnumerable<string> ListFoldersAsync(string folder, CancellationToken cancel = default) =>
        inner.ListFoldersAsync(folder, cancel);

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) => throw Refused(name);

    public Task DeleteAsync(string name, CancellationToken cancel = default) => throw Refused(name);

    private static StoreException Refused(string name) => new(StoreFault.Refused, $"a write of {name} with credentials that only read");
}
