using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Shipper;
using Pipeline.Tests.Fakes;
using Contract = Pipeline.Core.Contracts.Contracts;

namespace Pipeline.Tests.Simulation;

/// <summary>One shipper, wired as the program wires it, until it is killed or stopped.</summary>
internal sealed class ShipProcess : IShipEvents
{
    private readonly Schedule _schedule;
    private readonly CancellationToken _stop;
    private readonly Action _cancel;
    private readonly ShipLoop _loop;

    public ShipProcess(Schedule schedule, int incarnation)
    {
        _schedule = schedule;
        var stop = new CancellationTokenSource();
        (_stop, _cancel) = (stop.Token, stop.Cancel);
        Actor = new SimulatedActor($"shipper#{incarnation}");
        var (us, uk) = (schedule.Us.For(Actor), schedule.Uk.For(Actor));
        var slots = new SemaphoreSlim(64);
        var tables = Contract.Published.Select(contract => new TableLog(uk, contract, Schedule.StoreId, Schedule.Key.Kid, schedule.Time)).Select(log => new TableShipper(
            log.Contract, log, new Committer(log, Waiting),
            new Sealer(log.Contract, uk, TableNames.Folder(log.Contract.Dataset), Schedule.StoreId, Schedule.Key.Kid, Schedule.Key.RowKey(), Workers.Inline, slots, schedule.Time),
            schedule.Time, this)).ToList();
        _loop = new ShipLoop(new Captures(us, Schedule.StoreId, Schedule.Key.Kid), tables, schedule.Scenario.Seal, schedule.Scenario.Period, schedule.Time, this);
    }

    public SimulatedActor Actor { get; }

    public IReadOnlyDictionary<string, Fork> Forks => _loop.Forks;

    public void Notice(string shard) => _loop.Notice(shard);

    /// <summary>Ship everything, and end.</summary>
    public void Stop() => _cancel();

    /// <summary>Runs as a service. False: it found that the table was restored under it, and stopped.</summary>
    public Task<bool> RunAsync() => RunAsync(() => _loop.RunAsync(_stop, CancellationToken.None));

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

    public void Waiting(StoreException fault) => _schedule.Totals.Faults++;

    private async Task<bool> RunAsync(Func<Task> work)
    {
        await Task.Yield();
        try
        {
            await work();
            return true;
        }
        catch (PipelineException e) when (e.Code == ExitCode.Difference && (_schedule.UkWasRolledBack || _schedule.UsWasRolledBack))
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
