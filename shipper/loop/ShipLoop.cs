using System.Threading.Channels;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Loop;

/// <summary>
/// Brings captures into the tables. 1 read the tables — 2 catch up with every shard, and seal what that found at once — then, until told to stop:
/// 3 wait for a notice, a message, a seal that is due, or the period — 4 take what came — 5 catch up — 6 seal what is due — then 7 finish: seal what is held.
/// In the embedded way ingest gives a notice with every capture; a lost notice costs one period and nothing else. With a feed, catch-up takes only what does not come by it.
/// </summary>
public sealed class ShipLoop
{
    private const string Nobody = "";

    private static readonly TimeSpan OutageWait = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<TableShipper> _tables;
    private readonly SealPolicy _policy;
    private readonly TimeSpan _period;
    private readonly TimeProvider _time;
    private readonly IShipEvents _events;
    private readonly CatchUp _catchUp;
    private readonly FeedRounds? _feed;
    private readonly Channel<string> _notices = Channel.CreateUnbounded<string>(new() { SingleReader = true });
    private readonly HashSet<string> _due = new(StringComparer.Ordinal);
    private long _lastRound;

    /// <param name="period">Between two rounds of the catch-up. 1 s to 1 h; longer: fewer probes, and a later find of what did not come.</param>
    /// <param name="feed">Where the captures come from sooner; null: the embedded way.</param>
    public ShipLoop(CaptureStore captures, IReadOnlyList<TableShipper> tables, SealPolicy policy, TimeSpan period, TimeProvider time, IShipEvents events, FeedQueue? feed = null)
    {
        (_tables, _policy, _period, _time, _events) = (tables, policy, period, time, events);
        _catchUp = new CatchUp(captures, tables, events);
        if (feed is not null)
        {
            feed.Wake = Wake;
            _feed = new FeedRounds(feed, captures, tables, _catchUp, policy, time, events, Wake);
        }
    }

    public IReadOnlyDictionary<string, Fork> Forks => _catchUp.Forks;

    public IReadOnlyList<TableShipper> Tables => _tables;

    /// <summary>What of the topic was set aside; null where there is no feed.</summary>
    public SetAsides? SetAsides => _feed?.Intake.SetAsides;

    /// <summary>A capture of this shard was written: look soon.</summary>
    public void Notice(string shard) => _notices.Writer.TryWrite(shard);

    /// <summary>
    /// Runs until <paramref name="stop"/>. Then, without a feed, everything captured is shipped; with one, what is held: the rest comes to whoever has its partition next.
    /// Both within <paramref name="abandon"/>; what is not shipped is found again at the next start.
    /// </summary>
    /// <param name="last">The reason that the last seal records.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandon, string last = SealReason.Stop)
    {
        // 1 and 2
        await PersistAsync(() => CatchUpAllAsync(SealReason.Start, stop), stop);
        _feed?.Begin();
        _lastRound = _time.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            // 3
            await WaitAsync(stop);
            TakeNotices();
            await PersistAsync(() => TurnAsync(stop), stop);
        }
        // 7
        await PersistAsync(() => _feed is null ? CatchUpAllAsync(last, abandon) : FinishAsync(last, abandon), abandon);
        _feed?.Intake.TellShipped();
    }

    /// <summary>One round over every shard, then a seal of all that it found: the whole of `import`'s shipping, and the beginning and end of `run`'s.</summary>
    public async Task CatchUpAllAsync(string reason, CancellationToken cancel)
    {
        await RefreshAsync(cancel);
        foreach (var shard in await _catchUp.ShardsAsync(cancel))
        {
            await _catchUp.RoundAsync(shard, () => SealDueAsync(cancel), cancel);
        }
        await SealAllAsync(reason, cancel);
    }

    private async Task TurnAsync(CancellationToken stop)
    {
        if (_feed is not null)
        {
            // 4 and 5
            await _feed.Intake.TakeAsync(() => SealDueAsync(stop), stop);
            await _feed.RoundAsync(_period, () => SealDueAsync(stop), stop);
        }
        else if (_time.GetElapsedTime(_lastRound) >= _period)
        {
            // 5
            await RefreshAsync(stop);
            _due.UnionWith(await _catchUp.ShardsAsync(stop));
            _lastRound = _time.GetTimestamp();
        }
        await RoundsAsync(stop);
        // 6
        await SealDueAsync(stop);
        _feed?.Intake.TellShipped();
    }

    /// <summary>With a feed: what ingest in this process captured, and what is held.</summary>
    private async Task FinishAsync(string last, CancellationToken cancel)
    {
        TakeNotices();
        if (_due.Count > 0)
        {
            // A stop may come while the tables could not be read for the first time.
            await RefreshAsync(cancel);
        }
        await RoundsAsync(cancel);
        await SealAllAsync(last, cancel);
    }

    private void TakeNotices()
    {
        while (_notices.Reader.TryRead(out var shard))
        {
            if (shard != Nobody)
            {
                _due.Add(shard);
            }
        }
    }

    private async Task RoundsAsync(CancellationToken cancel)
    {
        foreach (var shard in _due.ToList())
        {
            await _catchUp.RoundAsync(shard, () => SealDueAsync(cancel), cancel);
            _due.Remove(shard);
        }
    }

    private async Task RefreshAsync(CancellationToken cancel)
    {
        foreach (var table in _tables)
        {
            await table.RefreshAsync(cancel);
        }
    }

    private Task SealAllAsync(string reason, CancellationToken cancel) => SealAsync(_tables.Select(table => (table, reason)), cancel);

    private Task SealDueAsync(CancellationToken cancel)
    {
        var all = _tables.Sum(t => t.Backlog.Bytes);
        var largest = _tables.Max(t => t.Backlog.Bytes);
        var due = _tables.Select(t => (Table: t, Reason: _policy.Decide(t.Backlog.Bytes, all, t.Backlog.Bytes == largest, t.OldestAge))).Where(d => d.Reason is not null).ToList();
        return due.Count == 0 ? Task.CompletedTask : SealAsync(due.Select(d => (d.Table, d.Reason!)), cancel);
    }

    private async Task SealAsync(IEnumerable<(TableShipper Table, string Reason)> due, CancellationToken cancel)
    {
        foreach (var shard in (await Task.WhenAll(due.Select(d => d.Table.SealAsync(d.Reason, cancel)).ToList())).SelectMany(shards => shards))
        {
            _feed!.Intake.Leave(shard, null);
        }
    }

    /// <summary>Returns at a notice, when the oldest frame of a table is as old as it may be, or when the period is over.</summary>
    private async Task WaitAsync(CancellationToken stop)
    {
        var round = _feed is null ? _period - _time.GetElapsedTime(_lastRound) : _feed.Wait(_period);
        var wait = _tables.Where(t => t.Backlog.Count > 0).Select(t => _policy.MaxAge - t.OldestAge).Append(round).Min();
        if (wait <= TimeSpan.Zero)
        {
            return;
        }
        // One wait for all: the timer, the feed and the stop are notices about nobody. Nothing is thrown, and the loop goes on in its own context, never on another thread.
        using var over = _time.CreateTimer(static notices => ((ChannelWriter<string>)notices!).TryWrite(Nobody), _notices.Writer, wait, Timeout.InfiniteTimeSpan);
        using var stopped = stop.UnsafeRegister(static notices => ((ChannelWriter<string>)notices!).TryWrite(Nobody), _notices.Writer);
        await _notices.Reader.WaitToReadAsync(CancellationToken.None);
    }

    private void Wake() => _notices.Writer.TryWrite(Nobody);

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
                _events.Waiting(e);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            try
            {
                await Task.Delay(OutageWait, _time, cancel);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
