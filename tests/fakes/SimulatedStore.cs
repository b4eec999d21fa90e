using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Tests.Fakes;

/// <summary>How a <see cref="SimulatedStore"/> behaves. Chances are from 0 to 1, and of one operation.</summary>
public sealed record SimulatedFaults
{
    /// <summary>No faults and no latency.</summary>
    public static SimulatedFaults None { get; } = new();

    /// <summary>The longest wait before the effect, and again between effect and answer; drawn evenly.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>It does not happen, and an outage is reported.</summary>
    public double OutageBefore { get; init; }

    /// <summary>It happens, and an outage is reported.</summary>
    public double OutageAfter { get; init; }

    /// <summary>An outage is reported, and a put, overwrite or delete happens later, within <see cref="Delay"/>.</summary>
    public double Delayed { get; init; }

    public TimeSpan Delay { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A put that finds other bytes under its name says that it created them: a store that breaks its one promise. For tests of
    /// tests.</summary>
    public double Lies { get; init; }

    /// <summary>Objects a page of a list: each page is another operation, and sees what happened since the last.</summary>
    public int PageSize { get; init; } = 100;
}

/// <summary>
/// A store in a simulation: a <see cref="MemoryStore"/> behind seeded latency and faults, for use on a <see cref="SimulatedThread"/>.
/// A call that is cancelled gives up the answer, not the effect. Faults can be changed, and the contents rolled back, in mid-run.
/// </summary>
public sealed class SimulatedStore(MemoryStore contents, TimeProvider time, Random random, SimulatedFaults? faults = null)
{
    public SimulatedFaults Faults { get; set; } = faults ?? SimulatedFaults.None;

    /// <summary>What the store holds, without latency or faults: to look at, snapshot and restore.</summary>
    public MemoryStore Contents => contents;

    public MemorySnapshot Snapshot() => contents.Snapshot();

    public void Restore(MemorySnapshot snapshot) => contents.Restore(snapshot);

    /// <summary>The store as this actor uses it.</summary>
    public IObjectStore For(SimulatedActor actor) => new Facade(this, actor);

    private bool Lie() => random.NextDouble() < Faults.Lies;

    private TimeSpan Draw(TimeSpan longest) => longest * random.NextDouble();

    private async Task WaitAsync(TimeSpan longest)
    {
        if (longest > TimeSpan.Zero)
        {
            await Task.Delay(Draw(longest), time);
        }
        else
        {
            await Task.Yield();
        }
    }

    private async Task<T> CallAsync<T>(SimulatedActor actor, string what, bool changes, Func<Task<T>> effect)
    {
        await actor.PassAsync();
        var drawn = random.NextDouble();
        var settings = Faults;
        var before = drawn < settings.OutageBefore;
        var after = !before && drawn < settings.OutageBefore + settings.OutageAfter;
        var delayed = changes && !before && !after && drawn < settings.OutageBefore + settings.OutageAfter + settings.Delayed;
        await WaitAsync(settings.Latency);
        if (actor.Killed && random.Next(2) == 0)
        {
            await actor.PassAsync();
        }
        if (delayed)
        {
            _ = LaterAsync(settings.Delay, effect);
        }
        T? answer = default;
        if (!before && !delayed)
        {
            answer = await effect();
        }
        await WaitAsync(settings.Latency);
        await actor.PassAsync();
        return before || after || delayed
            ? throw new StoreException(StoreFault.Outage,
                $"simulated outage ({(before ? "before" : after ? "after" : "delayed")}): {what} in {contents.Location}")
            : answer!;
    }

    private async Task LaterAsync<T>(TimeSpan delay, Func<Task<T>> effect)
    {
        await WaitAsync(delay);
        await effect();
    }

    private sealed class Facade(SimulatedStore store, SimulatedActor actor) : IObjectStore
    {
        private readonly MemoryStore _contents = store.Contents;

        public string Location => _contents.Location;

        public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
        {
            // A put that lands late lands with the bytes it was called with.
            var own = bytes.ToArray();
            ObjectName.Check(name);
            return CallAsync($"put '{name}'", true, async () =>
            {
                var outcome = await _contents.PutIfAbsentAsync(name, own, CancellationToken.None);
                return outcome == PutOutcome.Other && store.Faults.Lies > 0 && store.Lie() ? PutOutcome.Created : outcome;
            }, cancel);
        }

        public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default)
        {
            ObjectName.Check(name);
            return CallAsync($"read '{name}'", false, () => _contents.ReadAsync(name, CancellationToken.None), cancel);
        }

        public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default)
        {
            ObjectName.Check(name);
            return CallAsync($"read '{name}'", false, () => _contents.ReadRangeAsync(name, offset, length, CancellationToken.None), cancel);
        }

        public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default)
        {
            ObjectName.Check(name);
            return CallAsync($"find '{name}'", false, () => _contents.FindAsync(name, CancellationToken.None), cancel);
        }

        public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null,
            [EnumeratorCancellation] CancellationToken cancel = default)
        {
            ObjectName.CheckPrefix(prefix);
            var pageSize = Math.Max(1, store.Faults.PageSize);
            while (true)
            {
                var from = after;
                var page = await CallAsync($"list '{prefix}'", false, async () =>
                {
                    var items = new List<ObjectInfo>();
                    await foreach (var item in _contents.ListAsync(prefix, from, CancellationToken.None))
                    {
                        items.Add(item);
                        if (items.Count == pageSize)
                        {
                            break;
                        }
                    }
                    return items;
                }, cancel);
                foreach (var item in page)
                {
                    yield return item;
                }
                if (page.Count < pageSize)
                {
                    yield break;
                }
                after = page[^1].Name;
            }
        }

        public async IAsyncEnumerable<string> ListFoldersAsync(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
        {
            ObjectName.CheckFolder(folder);
            var folders = await CallAsync($"list folders '{folder}'", false, async () =>
            {
                var items = new List<string>();
                await foreach (var item in _contents.ListFoldersAsync(folder, CancellationToken.None))
                {
                    items.Add(item);
                }
                return items;
            }, cancel);
            foreach (var item in folders)
            {
                yield return item;
            }
        }

        public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
        {
            var own = bytes.ToArray();
            ObjectName.Check(name);
            return CallAsync($"overwrite '{name}'", true, async () =>
                { await _contents.OverwriteAsync(name, own, CancellationToken.None); return true; }, cancel);
        }

        public Task DeleteAsync(string name, CancellationToken cancel = default)
        {
            ObjectName.Check(name);
            return CallAsync($"delete '{name}'", true, async () => { await _contents.DeleteAsync(name, CancellationToken.None); return true;
                }, cancel);
        }

        private async Task<T> CallAsync<T>(string what, bool changes, Func<Task<T>> effect, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            var call = store.CallAsync(actor, what, changes, effect);
            try
            {
                return await call.WaitAsync(cancel);
            }
            catch (OperationCanceledException)
            {
                // The call goes on without its caller, and its failure is nobody's.
                _ = call.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
                await actor.PassAsync();
                throw;
            }
        }
    }
}
