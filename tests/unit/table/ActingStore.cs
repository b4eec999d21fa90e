using System.Runtime.CompilerServices;
using Pipeline.Core.Store;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Table;

/// <summary>A store where something happens around a put: before it (a rival is quicker), or after it (the answer is lost).</summary>
internal sealed class ActingStore(MemoryStore inner) : IObjectStore
{
    /// <summary>Runs once before the next put.</summary>
    public Func<Task>? BeforePut { get; set; }

    /// <summary>Runs once after the next put has happened; what it throws is what the caller hears.</summary>
    public Action? AfterPut { get; set; }

    /// <summary>Runs once after the next list has ended.</summary>
    public Func<Task>? AfterList { get; set; }

    public string Location => inner.Location;

    public async Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        if (BeforePut is { } before)
        {
            BeforePut = null;
            await before();
        }
        var outcome = await inner.PutIfAbsentAsync(name, bytes, cancel);
        if (AfterPut is { } after)
        {
            AfterPut = null;
            after();
        }
        return outcome;
    }

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) => inner.ReadAsync(name, cancel);

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default) =>
        inner.ReadRangeAsync(name, offset, length, cancel);

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) => inner.FindAsync(name, cancel);

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        string prefix, string? after = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var found in inner.ListAsync(prefix, after, cancel))
        {
            yield return found;
        }
        if (AfterList is { } listed)
        {
            AfterList = null;
            await listed();
        }
    }

    public IAsyncEnumerable<string> ListFoldersAsync(string folder, CancellationToken cancel = default) =>
        inner.ListFoldersAsync(folder, cancel);

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        inner.OverwriteAsync(name, bytes, cancel);

    public Task DeleteAsync(string name, CancellationToken cancel = default) => inner.DeleteAsync(name, cancel);
}
