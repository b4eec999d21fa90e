using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Cli.Telemetry;

/// <summary>A store whose requests are counted by operation and outcome. Tells nothing of what they name or hold.</summary>
/// <param name="side">`us` or `uk`.</param>
/// <param name="count">Operation and outcome of one request.</param>
internal sealed class MeteredStore(string side, IObjectStore store, TimeProvider time, Action<string, string> count) : IObjectStore
{
    private long _failingSince = -1;

    public string Side => side;

    public string Location => store.Location;

    /// <summary>Since when there were only faults; zero where the last answer was none.</summary>
    public TimeSpan Outage => Interlocked.Read(ref _failingSince) is >= 0 and var since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        CountAsync("put", store.PutIfAbsentAsync(name, bytes, cancel), outcome =>
            outcome switch { PutOutcome.Created => "created", PutOutcome.Same => "same", _ => "other" });

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) =>
        CountAsync("read", store.ReadAsync(name, cancel), Found);

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default) =>
        CountAsync("read", store.ReadRangeAsync(name, offset, length, cancel), Found);

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) =>
        CountAsync("find", store.FindAsync(name, cancel), Found);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null, CancellationToken cancel = default) =>
        CountAsync(store.ListAsync(prefix, after, cancel), cancel);

    public IAsyncEnumerable<string> ListFoldersAsync(string folder, CancellationToken cancel = default) =>
        CountAsync(store.ListFoldersAsync(folder, cancel), cancel);

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        CountAsync("overwrite", Of(store.OverwriteAsync(name, bytes, cancel)), static _ => "ok");

    public Task DeleteAsync(string name, CancellationToken cancel = default) =>
        CountAsync("delete", Of(store.DeleteAsync(name, cancel)), static _ => "ok");

    private static string Found<T>(T? found) => found is null ? "absent" : "ok";

    private static async Task<bool> Of(Task done)
    {
        await done;
        return true;
    }

    private async Task<T> CountAsync<T>(string operation, Task<T> request, Func<T, string> outcome)
    {
        try
        {
            var result = await request;
            Answered(operation, outcome(result));
            return result;
        }
        catch (StoreException e)
        {
            Failed(operation, e);
            throw;
        }
    }

    /// <summary>One request, however many objects it lists.</summary>
    private async IAsyncEnumerable<T> CountAsync<T>(IAsyncEnumerable<T> list, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var found = list.GetAsyncEnumerator(cancel);
        for (var first = true; ; first = false)
        {
            bool more;
            try
            {
                more = await found.MoveNextAsync();
            }
            catch (StoreException e)
            {
                Failed("list", e);
                throw;
            }
            if (first)
            {
                Answered("list", "ok");
            }
            if (!more)
            {
                yield break;
            }
            yield return found.Current;
        }
    }

    private void Answered(string operation, string outcome)
    {
        count(operation, outcome);
        Interlocked.Exchange(ref _failingSince, -1);
    }

    private void Failed(string operation, StoreException e)
    {
        count(operation, e.Fault switch { StoreFault.Outage => "outage", StoreFault.Full => "full", _ => "refused" });
        Interlocked.CompareExchange(ref _failingSince, time.GetTimestamp(), -1);
    }
}
