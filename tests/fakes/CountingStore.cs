using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Tests.Fakes;

/// <summary>Counts the calls that go through to a store, and the objects that its lists gave.</summary>
public sealed class CountingStore(IObjectStore inner) : IObjectStore
{
    private int _calls, _listed;

    public string Location => inner.Location;

    /// <summary>Calls of every kind; a list is one.</summary>
    public int Calls => _calls;

    /// <summary>Objects that lists gave: on a directory a list reads the whole folder besides.</summary>
    public int Listed => _listed;

    /// <summary>The beginnings that were listed, in order.</summary>
    public List<string> Lists { get; } = [];

    public void Reset()
    {
        (_calls, _listed) = (0, 0);
        Lists.Clear();
    }

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        Counted(inner.PutIfAbsentAsync(name, bytes, cancel));

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) => Counted(inner.ReadAsync(name, cancel));

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default) =>
        Counted(inner.ReadRangeAsync(name, offset, length, cancel));

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) => Counted(inner.FindAsync(name, cancel));

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        lock (Lists)
        {
            Lists.Add(prefix);
        }
        Interlocked.Increment(ref _calls);
        await foreach (var found in inner.ListAsync(prefix, after, cancel))
        {
            Interlocked.Increment(ref _listed);
            yield return found;
        }
    }

    public async IAsyncEnumerable<string> ListFoldersAsync(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        Interlocked.Increment(ref _calls);
        await foreach (var found in inner.ListFoldersAsync(folder, cancel))
        {
            yield return found;
        }
    }

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        Interlocked.Increment(ref _calls);
        return inner.OverwriteAsync(name, bytes, cancel);
    }

    public Task DeleteAsync(string name, CancellationToken cancel = default)
    {
        Interlocked.Increment(ref _calls);
        return inner.DeleteAsync(name, cancel);
    }

    private Task<T> Counted<T>(Task<T> answer)
    {
        Interlocked.Increment(ref _calls);
        return answer;
    }
}
