using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Cli.Roles;

/// <summary>
/// A store that tells its own watch of each fault and each answer: an outage is named with its store, and ends when that store answers
/// again.
/// </summary>
internal sealed class WatchedStore(IObjectStore store, OutageWatch watch) : IObjectStore
{
    public string Location => store.Location;

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        TellAsync(store.PutIfAbsentAsync(name, bytes, cancel));

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) => TellAsync(store.ReadAsync(name, cancel));

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default) =>
        TellAsync(store.ReadRangeAsync(name, offset, length, cancel));

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) => TellAsync(store.FindAsync(name, cancel));

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null, CancellationToken cancel = default) =>
        TellAsync(store.ListAsync(prefix, after, cancel), cancel);

    public IAsyncEnumerable<string> ListFoldersAsync(string folder, CancellationToken cancel = default) =>
        TellAsync(store.ListFoldersAsync(folder, cancel), cancel);

    public async Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        await TellAsync(DoneAsync(store.OverwriteAsync(name, bytes, cancel)));

    public async Task DeleteAsync(string name, CancellationToken cancel = default) =>
        await TellAsync(DoneAsync(store.DeleteAsync(name, cancel)));

    private static async Task<bool> DoneAsync(Task done)
    {
        await done;
        return true;
    }

    private async Task<T> TellAsync<T>(Task<T> request)
    {
        try
        {
            var answer = await request;
            watch.Answered();
            return answer;
        }
        catch (StoreException e) when (e.Fault != StoreFault.Refused)
        {
            watch.Waiting(e);
            throw;
        }
    }

    private async IAsyncEnumerable<T> TellAsync<T>(IAsyncEnumerable<T> list, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var found = list.GetAsyncEnumerator(cancel);
        while (await TellAsync(found.MoveNextAsync().AsTask()))
        {
            yield return found.Current;
        }
    }
}
