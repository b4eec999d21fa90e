using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

/// <summary>One shipper, wired as the program wires it, until it is killed or stopped.</summary>
internal sealed class ShipProcess : IShipEvents
{
    private readonly Schedule _schedule;
    private readonly CancellationToken _stop;
    private readonly Action _cancel;
    private readonly ShipLoop _loop;

    /// <param name="topic">Whose group it joins; null: the embedded way.</param>
    public ShipProcess(Schedule schedule, int incarnation, SimulatedTopic? topic)
    {
        _schedule = schedule;
        var stop = new CancellationTokenSource();
        (_stop, _cancel) = (stop.Token, stop.Cancel);
        Actor = new SimulatedActor($"shipper#{incarnation}");
        var (us, uk) = (schedule.Us.For(Actor), schedule.Uk.For(Actor));
        var slots = new SemaphoreSlim(64);
        var tables = PublishedContracts.All.Select(contract => schedule.LogOf(uk, contract)).Select(log => new TableShipper(
            log.Contract, log, new Committer(log, Waiting),
            new Sealer(log, Schedule.Key.RowKey(), Workers.Inline, slots, schedule.Time),
            schedule.Time, this)).ToList();
        var queue = topic is null ? null : new FeedQueue(schedule.Scenario.QueueBytes);
        _loop = new ShipLoop(new CaptureStore(us, Schedule.StoreId, Schedule.Key.Captures()), tables,
            new ShipPolicy(schedule.Scenario.Seal, schedule.Scenario.Period), schedule.Time, this, queue);
        Feed = topic?.Join(queue!, new MessageReader(Schedule.StoreId, Schedule.Key.Captures()));
    }

    /// <summary>Its member of the group; null in the embedded way.</summary>
    public SimulatedFeed? Feed { get; }

    public bool Ended { get; private set; }

    public SimulatedActor Actor { get; }

    public IReadOnlyDictionary<string, Fork> Forks => _loop.Forks;

    public void Notice(string shard) => _loop.Notice(shard);

    /// <summary>Ship everything, and end.</summary>
    public void Stop() => _cancel();

    /// <summary>Runs as a service. False: it found that the table was restored under it, and stopped.</summary>
    public Task<bool> RunAsync() => RunAsync(RunLoopAsync);

    /// <summary>Ships what there is, as `import` does.</summary>
    public Task<bool> ShipAllAsync() => RunAsync(() => _loop.CatchUpAllAsync(SealReason.Final, CancellationToken.None));

    public void Sealed(SealFacts facts)
    {
        _schedule.Totals.Commits++;
        _schedule.Totals.Seals[facts.Reason] = _schedule.Totals.Seals.GetValueOrDefault(facts.Reason) + 1;
    }

    public void Conflict(string dataset, long version) => _schedule.Totals.Conflicts++;

    public void Gap(string dataset, string shard, CaptureRange range) => _schedule.Totals.Gaps++;

    public void Forked(Fork fork) => _schedule.Forked(fork);

    public void SetAside(FeedPosition position, string reason) => _schedule.SetAside(reason);

    public void Damaged(string shard, DifferenceException why) => _schedule.Damaged(why);

    public void Waiting(StoreException fault) => _schedule.Totals.Faults++;

    private async Task RunLoopAsync()
    {
        if (Feed is null)
        {
            await _loop.RunAsync(_stop, CancellationToken.None);
            return;
        }
        using var over = new CancellationTokenSource();
        var feed = Feed.RunAsync(over.Token, Actor.PassAsync);
        try
        {
            await _loop.RunAsync(_stop, CancellationToken.None);
        }
        finally
        {
            Ended = true;
            over.Cancel();
            await feed;
            _schedule.Totals.Delivered += Feed.Delivered;
        }
    }

    private async Task<bool> RunAsync(Func<Task> work)
    {
        await Task.Yield();
        try
        {
            await work();
            return true;
        }
        catch (DifferenceException e) when ((_schedule.UkWasRolledBack || _schedule.UsWasRolledBack))
        {
            _schedule.Named(e.Message);
            return false;
        }
        catch (Exception e)
        {
            // A service that dies of anything else is a fault, even where its next start would make good for it.
            _schedule.Died(Actor, e);
            return false;
        }
    }
}
