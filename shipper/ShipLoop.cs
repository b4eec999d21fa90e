using System.Threading.Channels;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Shipper;

/// <summary>
/// Brings captures into the tables. 1 read the tables — 2 catch up with every shard, and seal what that found at once — then, until told to stop:
/// 3 wait for a notice, a seal that is due, or the period — 4 catch up — 5 seal what is due.
/// In the embedded way ingest gives a notice with every capture; a lost notice costs one period and nothing else.
/// </summary>
public sealed class ShipLoop(Captures captures, IReadOnlyList<TableShipper> tables, SealPolicy policy, TimeSpan period, TimeProvider time, IShipEvents events)
{
    private const string Nobody = "";

    private static readonly TimeSpan OutageWait = TimeSpan.FromSeconds(1);

    private readonly CatchUp _catchUp = new(captures, tables, events);
    private readonly Channel<string> _notices = Channel.CreateUnbounded<string>(new() { SingleReader = true });

    public IReadOnlyDictionary<string, Fork> Forks => _catchUp.Forks;

    public IReadOnlyList<TableShipper> Tables => tables;

    /// <summary>A capture of this shard was written: look soon.</summary>
    public void Notice(string shard) => _notices.Writer.TryWrite(shard);

    /// <summary>Runs until <paramref name="stop"/>. Then everything captured is shipped, within <paramref name="abandon"/>; what is not is found again at the next start.</summary>
    /// <param name="last">The reason that the last seal records.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandon, string last = SealReason.Stop)
    {
        // 1 and 2
        await PersistAsync(() => CatchUpAllAsync(SealReason.Start, stop), stop);
        var lastRound = time.GetTimestamp();
        var due = new HashSet<string>(StringComparer.Ordinal);
        while (!stop.IsCancellationRequested)
        {
            // 3
            await WaitAsync(lastRound, stop);
            // 4
            while (_notices.Reader.TryRead(out var shard))
            {
                if (shard != Nobody)
                {
                    due.Add(shard);
                }
            }
            await PersistAsync(async () =>
            {
                if (time.GetElapsedTime(lastRound) >= period)
                {
                    await RefreshAsync(stop);
                    due.UnionWith(await _catchUp.ShardsAsync(stop));
                    lastRound = time.GetTimestamp();
                }
                foreach (var shard in due.ToList())
                {
                    await _catchUp.RoundAsync(shard, () => SealDueAsync(stop), stop);
                    due.Remove(shard);
                }
                // 5
                await SealDueAsync(stop);
            }, stop);
        }
        await PersistAsync(() => CatchUpAllAsync(last, abandon), abandon);
    }

    /// <summary>One round over every shard, then a seal of all that it found: the whole of `import`'s shipping, and the beginning and end of `run`'s.</summary>
    public async Task CatchUpAllAsync(string reason, CancellationToken cancel)
    {
        await RefreshAsync(cancel);
        foreach (var shard in await _catchUp.ShardsAsync(cancel))
        {
            await _catchUp.RoundAsync(shard, () => SealDueAsync(cancel), cancel);
        }
        await Task.WhenAll(tables.Select(table => table.SealAsync(reason, cancel)));
    }

    private async Task RefreshAsync(CancellationToken cancel)
    {
        foreach (var table in tables)
        {
            await table.RefreshAsync(cancel);
        }
    }

    private async Task SealDueAsync(CancellationToken cancel)
    {
        var all = tables.Sum(t => t.Backlog.Bytes);
        var largest = tables.Max(t => t.Backlog.Bytes);
        var due = tables.Select(t => (Table: t, Reason: policy.Decide(t.Backlog.Bytes, all, t.Backlog.Bytes == largest, t.OldestAge))).Where(d => d.Reason is not null);
        await Task.WhenAll(due.Select(d => d.Table.SealAsync(d.Reason!, cancel)).ToList());
    }

    /// <summary>Returns at a notice, when the oldest frame of a table is as old as it may be, or when the period is over.</summary>
    private async Task WaitAsync(long lastRound, CancellationToken stop)
    {
        var wait = tables.Where(t => t.Backlog.Count > 0).Select(t => policy.MaxAge - t.OldestAge).Append(period - time.GetElapsedTime(lastRound)).Min();
        if (wait <= TimeSpan.Zero)
        {
            return;
        }
        // One wait for all three: the timer and the stop are notices about nobody. Nothing is thrown, and the loop goes on in its own context, never on another thread.
        using var over = time.CreateTimer(static notices => ((ChannelWriter<string>)notices!).TryWrite(Nobody), _notices.Writer, wait, Timeout.InfiniteTimeSpan);
        using var stopped = stop.UnsafeRegister(static notices => ((ChannelWriter<string>)notices!).TryWrite(Nobody), _notices.Writer);
        await _notices.Reader.WaitToReadAsync(CancellationToken.None);
    }

    /// <summary>Does it again for as long as a store is out: nothing is dropped, and nothing was half done (promise 2).</summary>
    private async Task PersistAsync(Func<Task> work, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await work();
                return;
            }
            catch (StoreException e) when (e.Fault != StoreFault.Refused)
            {
                events.Waiting(e);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            try
            {
                await Task.Delay(OutageWait, time, cancel);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
