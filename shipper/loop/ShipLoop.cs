using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;

namespace Pipeline.Shipper.Loop;

/// <summary>
/// Brings captures into the tables. Catch-up and feed yield captures; this loop alone offers them, seals, and stores offsets:
/// 1 read the tables, catch up with every shard, and seal what that found — then, until told to stop:
/// 2 wait for a notice, a message, a seal that is due, or the period — 3 take what came — 4 look at the heads once a period —
/// 5 read the shards that are due — 6 seal what is due — 7 store the offsets of what is shipped — then 8 finish: seal what is held.
/// In the embedded way ingest gives a notice with every capture. With a feed, catch-up takes only what does not come by it.
/// </summary>
public sealed class ShipLoop
{
    private readonly TableSet _tables;
    private readonly ShipPolicy _policy;
    private readonly TimeProvider _time;
    private readonly CatchUp _catchUp;
    private readonly DueShards _due = new();
    private readonly Notices _notices;
    private readonly FeedQueue? _queue;
    private readonly HeadRounds? _rounds;
    private readonly FeedIntake? _intake;
    private readonly long _start;
    private TimeSpan _lastRound, _notBefore;

    /// <param name="feed">Where the captures come from sooner; null: the embedded way.</param>
    public ShipLoop(
        CaptureStore captures, IReadOnlyList<TableShipper> tables, ShipPolicy policy, TimeProvider time, IShipEvents events,
        FeedQueue? feed = null)
    {
        (_tables, _policy, _time, _queue) = (new TableSet(tables, events), policy, time, feed);
        (_start, _notices) = (time.GetTimestamp(), feed?.Notices ?? new Notices());
        _catchUp = new CatchUp(captures, _tables);
        if (feed is not null)
        {
            _rounds = new HeadRounds(captures, _tables, _due, _notices, policy, time);
            _intake = new FeedIntake(feed, captures, _tables, _catchUp, _rounds.Heads, _due);
        }
    }

    /// <summary>By shard, the fork or the damage that stopped it; every other shard goes on. From any thread.</summary>
    public IReadOnlyDictionary<string, DifferenceException> Stopped => _tables.Stopped;

    /// <summary>Those of <see cref="Stopped"/> that a fork stopped.</summary>
    public IReadOnlyDictionary<string, Fork> Forks =>
        Stopped.Where(s => s.Value is ForkException).ToDictionary(s => s.Key, s => ((ForkException)s.Value).Fork, StringComparer.Ordinal);

    public IReadOnlyList<TableShipper> Tables => _tables.Tables;

    /// <summary>What of the topic was set aside; null where there is no feed.</summary>
    public SetAsides? SetAsides => _intake?.SetAsides;

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>A capture of this shard was written: look soon.</summary>
    public void Notice(string shard) => _notices.Tell(shard);

    /// <summary>
    /// Runs until <paramref name="stop"/>. Then, without a feed, everything captured is shipped; with one, what is held: the rest comes to
    /// the next owner of
    /// its partition. Both within <paramref name="abandon"/>; what is not shipped is found again at the next start.
    /// </summary>
    /// <param name="last">The reason that the last seal records.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken abandon, string last = SealReason.Stop)
    {
        // 1
        await PersistAsync(() => CatchUpAllAsync(SealReason.Start, stop), stop);
        _rounds?.Begin(_catchUp.Read());
        _lastRound = Now;
        while (!stop.IsCancellationRequested)
        {
            // 2
            await _notices.WaitAsync(Wait(), _time, stop);
            await PersistAsync(() => TurnAsync(stop), stop);
        }
        // 8
        await PersistAsync(() => _intake is null ? CatchUpAllAsync(last, abandon) : FinishAsync(last, abandon), abandon);
        StoreOffsets();
    }

    /// <summary>
    /// One round over every shard, then a seal of all that it found: the whole of `import`'s shipping, and the beginning and end of
    /// `run`'s.
    /// </summary>
    public async Task CatchUpAllAsync(string reason, CancellationToken cancel)
    {
        await _catchUp.LookAtAllAsync(_due, cancel);
        await ReadDueAsync(cancel);
        await _tables.SealAllAsync(reason, cancel);
    }

    private async Task TurnAsync(CancellationToken stop)
    {
        // 3
        TakeNotices();
        foreach (var offered in _intake?.Take(stop) ?? [])
        {
            _tables.Offer(offered);
            await _tables.SealDueAsync(_policy.Seal, stop);
        }
        if (_intake is null)
        {
            await LookAndReadAsync(stop);
        }
        else if (Now >= _notBefore)
        {
            try
            {
                await LookAndReadAsync(stop);
            }
            catch (StoreException e) when (e.Fault != StoreFault.Refused)
            {
                // A capture store that is out delays this and nothing else: messages go on.
                _tables.Events.Waiting(e);
                _notBefore = Now + Persistence.Pause;
            }
        }
        // 6
        await _tables.SealDueAsync(_policy.Seal, stop);
        // 7
        StoreOffsets();
    }

    private async Task LookAndReadAsync(CancellationToken cancel)
    {
        // 4
        if (_rounds is not null)
        {
            await _rounds.RoundAsync(_intake!.Assignment, _intake.BrokerUp, cancel);
        }
        else if (Now - _lastRound >= _policy.Period)
        {
            await _catchUp.LookAtAllAsync(_due, cancel);
            _lastRound = Now;
        }
        // 5
        await ReadDueAsync(cancel);
    }

    /// <summary>With a feed: what ingest in this process captured, and what is held.</summary>
    private async Task FinishAsync(string last, CancellationToken cancel)
    {
        TakeNotices();
        if (_due.Count > 0)
        {
            // A stop may come while the tables could not be read for the first time.
            await _tables.RefreshAsync(cancel);
        }
        await ReadDueAsync(cancel);
        await _tables.SealAllAsync(last, cancel);
    }

    private void TakeNotices()
    {
        foreach (var shard in _notices.Take())
        {
            _due.Add(shard, null);
        }
    }

    private async Task ReadDueAsync(CancellationToken cancel)
    {
        foreach (var (shard, upTo) in _due.All())
        {
            // First: a seal in the middle may make it due again.
            _due.Remove(shard);
            try
            {
                await ReadAsync(shard, upTo, cancel);
            }
            catch
            {
                _due.Add(shard, upTo);
                throw;
            }
        }
    }

    /// <summary>
    /// A fork or damage is believed only when the tables and the store were read again (rule 14): another shipper may have moved the table.
    /// Then it stops this shard.
    /// </summary>
    private async Task ReadAsync(string shard, long? upTo, CancellationToken cancel)
    {
        if (_tables.IsStopped(shard) || await ReadOnceAsync(shard, upTo, cancel) is null)
        {
            return;
        }
        _tables.Drop(shard);
        await _tables.RefreshAsync(cancel);
        _catchUp.Forget(shard);
        if (await ReadOnceAsync(shard, null, cancel) is { } why)
        {
            _tables.Stop(shard, why);
        }
    }

    /// <returns>What is wrong with the shard; null mostly. What is wrong with a table is thrown.</returns>
    private async Task<DifferenceException?> ReadOnceAsync(string shard, long? upTo, CancellationToken cancel)
    {
        await using var found = _catchUp.ReadAsync(shard, upTo, cancel).GetAsyncEnumerator(cancel);
        while (true)
        {
            try
            {
                if (!await found.MoveNextAsync())
                {
                    return null;
                }
            }
            catch (DifferenceException why)
            {
                return why;
            }
            _tables.Offer(new Offered(found.Current, ByFeed: false));
            await _tables.SealDueAsync(_policy.Seal, cancel);
        }
    }

    /// <summary>Rule 18.</summary>
    private void StoreOffsets()
    {
        if (_intake is not null)
        {
            _queue!.Shipped(_intake.Shipped());
        }
    }

    /// <summary>Until the period is over or the oldest frame of a table is as old as it may be.</summary>
    private TimeSpan Wait()
    {
        var round = _rounds is null ? _policy.Period - (Now - _lastRound)
            : _intake!.IsWaiting ? TimeSpan.Zero
            : new[] { _due.Count > 0 ? TimeSpan.Zero : _rounds.Wait, _notBefore - Now }.Max();
        return _tables.UntilDue(_policy.Seal) is { } seal && seal < round ? seal : round;
    }

    private Task PersistAsync(Func<Task> work, CancellationToken cancel) =>
        Persistence.UntilDoneAsync(work, _time, _tables.Events.Waiting, cancel);
}
