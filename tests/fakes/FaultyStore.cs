using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Tests.Fakes;

/// <summary>What happens to one operation.</summary>
public enum Fault
{
    None,
    /// <summary>It does not happen, and failure is reported.</summary>
    FailBefore,
    /// <summary>It happens, and a timeout is reported.</summary>
    FailAfter,
    /// <summary>A put or overwrite leaves nothing and reports failure; a read gives the first half; a list fails after its first
    /// half.</summary>
    Tear,
    /// <summary>It does not happen until it is released, or cancelled (then never).</summary>
    Hang,
    /// <summary>It happens, and its answer does not come until it is released or cancelled.</summary>
    HangAfter,
}

public enum StoreVerb { Put, Read, ReadRange, Find, List, ListFolders, Overwrite, Delete }

/// <summary>One call: its number from 0, in the order in which calls began, what it was and on which name, prefix or folder.</summary>
public sealed record StoreOperation(int Number, StoreVerb Verb, string Name);

/// <summary>
/// A store in which the plan decides what happens to each operation. It counts and records them.
/// A list is one operation, which begins when its first item is asked for.
/// </summary>
public sealed class FaultyStore(IObjectStore inner, Func<StoreOperation, Fault>? plan = null, StoreFault reported = StoreFault.Outage)
    : IObjectStore
{
    private readonly ConcurrentQueue<StoreOperation> _operations = new();
    private int _next;
    private TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What decides from here on; may be replaced in mid-run.</summary>
    public Func<StoreOperation, Fault> Plan { get; set; } = plan ?? (_ => Fault.None);

    public IReadOnlyList<StoreOperation> Operations => [.. _operations];

    public int Count => _operations.Count;

    public string Location => inner.Location;

    /// <summary>The plan in which the n-th operation meets this fault, and no other any.</summary>
    public static Func<StoreOperation, Fault> At(int number, Fault fault) => operation => operation.Number == number ? fault : Fault.None;

    /// <summary>Lets every hanging operation go on.</summary>
    public void Release() => Interlocked.Exchange(ref _released, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        RunAsync(StoreVerb.Put, name, () => inner.PutIfAbsentAsync(name, bytes, cancel), null, cancel);

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) =>
        RunAsync(StoreVerb.Read, name, () => inner.ReadAsync(name, cancel), Half, cancel);

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default) =>
        RunAsync(StoreVerb.ReadRange, name, () => inner.ReadRangeAsync(name, offset, length, cancel), Half, cancel);

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) =>
        RunAsync(StoreVerb.Find, name, () => inner.FindAsync(name, cancel), null, cancel);

    public IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null, CancellationToken cancel = default) =>
        ListedAsync(StoreVerb.List, prefix, inner.ListAsync(prefix, after, cancel), cancel);

    public IAsyncEnumerable<string> ListFoldersAsync(string folder, CancellationToken cancel = default) =>
        ListedAsync(StoreVerb.ListFolders, folder, inner.ListFoldersAsync(folder, cancel), cancel);

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        RunAsync(StoreVerb.Overwrite, name, async () => { await inner.OverwriteAsync(name, bytes, cancel); return true; }, null, cancel);

    public Task DeleteAsync(string name, CancellationToken cancel = default) =>
        RunAsync(StoreVerb.Delete, name, async () => { await inner.DeleteAsync(name, cancel); return true; }, null, cancel);

    private async Task<T> RunAsync<T>(StoreVerb verb, string name, Func<Task<T>> work, Func<T, T>? tear, CancellationToken cancel)
    {
        var operation = Begin(verb, name);
        switch (Plan(operation))
        {
            case Fault.FailBefore:
            case Fault.Tear when tear is null:
                throw Failed(operation);
            case Fault.Tear:
                return tear(await work());
            case Fault.FailAfter:
                await work();
                throw Failed(operation);
            case Fault.Hang:
                await _released.Task.WaitAsync(cancel);
                return await work();
            case Fault.HangAfter:
                var answer = await work();
                await _released.Task.WaitAsync(cancel);
                return answer;
            default:
                return await work();
        }
    }

    private async IAsyncEnumerable<T> ListedAsync<T>(StoreVerb verb, string name, IAsyncEnumerable<T> inner,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var items = await RunAsync(verb, name, async () =>
        {
            var all = new List<T>();
            await foreach (var item in inner.WithCancellation(cancel))
            {
                all.Add(item);
            }
            return (Items: all, Torn: false);
        }, whole => (whole.Items[..(whole.Items.Count / 2)], true), cancel);
        foreach (var item in items.Items)
        {
            yield return item;
        }
        if (items.Torn)
        {
            throw Failed(_operations.First(o => o.Verb == verb && o.Name == name));
        }
    }

    private StoreOperation Begin(StoreVerb verb, string name)
    {
        var operation = new StoreOperation(Interlocked.Increment(ref _next) - 1, verb, name);
        _operations.Enqueue(operation);
        return operation;
    }

    private StoreException Failed(StoreOperation operation) =>
        new(reported, $"planned fault at operation {operation.Number}: {operation.Verb} '{operation.Name}' in {Location}");

    private static byte[]? Half(byte[]? bytes) => bytes?[..(bytes.Length / 2)];
}
