using Pipeline.Core.Captures;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

/// <summary>What goes on in a schedule side by side: clients that push, processes that start, die and sleep, shippers, rewriters, and a
/// store that goes back in time.</summary>
internal sealed partial class Schedule
{
    private readonly HashSet<(string Dataset, string Row)> _acknowledged = [];
    private readonly HashSet<string> _refused = [];

    /// <summary>Shards whose last start of ingest named a fork and ended with exit 3 (rule 4), so that the rest of their lines was read by
    /// nobody.</summary>
    public IReadOnlySet<string> Refused => _refused;

    /// <summary>Whether a process of ingest told anybody that it has the record.</summary>
    public bool IsAcknowledged(string dataset, string row) => _acknowledged.Contains((dataset, row));

    /// <summary>Promise 1: what is acknowledged lies in the store at that moment, as the acknowledging process wrote it.</summary>
    public void Acknowledged(IngestProcess process, ShardPlan shard, BlockOutcome outcome, SourceBlock block)
    {
        Totals.Acknowledged++;
        _acknowledged.UnionWith(block.Stream is { } stream
            ? shard.Streams.Single(s => s.Source == block.Source && s.Stream == stream).Pushes[(int)block.To - 1].Records
            : shard.Files.Single(f => f.Source == block.Source && f.Identity == block.File).Lines.Between(block.From, block.To));
        if (outcome.Read.From != block.From || outcome.Read.To != block.To)
        {
            Violated($"{process.Actor.Name} offered {block.From}-{block.To} and was told {outcome.Read.From}-{outcome.Read.To}");
        }
        if (!UsWasRolledBack)
        {
            var there = Us.Contents.ReadAsync(CaptureNames.Capture(shard.Name, outcome.Capture.Number)).Result;
            if (there is null || Sha256.Of(there) != outcome.Capture.Hash)
            {
                Violated($"promise 1: {process.Actor.Name} acknowledged capture {outcome.Capture}, and the store has " +
                    $"{(there is null ? "none" : "another's")}");
            }
        }
    }

    private async Task PushAsync(ShardPlan shard, StreamPlan plan, Random random)
    {
        try
        {
            await PushClient.RunAsync(this, shard, plan, random);
        }
        catch (Exception e)
        {
            Violated($"{plan.Stream} died: {e}");
        }
        Done(plan);
    }

    /// <summary>The life of a shard's processes: started, killed, stopped, frozen, or met by a second one.</summary>
    private async Task HostAsync(ShardPlan shard, Random random)
    {
        while (Time.Elapsed < Scenario.Duration)
        {
            await HeldAsync();
            var process = Start(shard);
            await Task.WhenAny(process.Ended, Task.Delay(Scenario.Life * 2 * random.NextDouble(), Time));
            await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 5)), Time);
            if (process.Ended.IsCompleted)
            {
                await EndedAsync(shard, process);
                continue;
            }
            var fate = random.NextDouble();
            if (fate < Scenario.Zombies)
            {
                Totals.Zombies++;
                process.Actor.Pause();
                _ = WakeAsync(process.Actor, Scenario.Sleep * random.NextDouble());
            }
            else if (fate < Scenario.Zombies + Scenario.Seconds)
            {
                // The next one starts while this one lives.
                _ = EndedAsync(shard, process);
            }
            else if (random.Next(2) == 0)
            {
                Kill(process.Actor);
            }
            else
            {
                process.Stop();
                _ = EndedAsync(shard, process);
            }
        }
    }

    private IngestProcess Start(ShardPlan shard)
    {
        var process = new IngestProcess(this, shard, ++_incarnations);
        _ingest[shard.Name].Add(process);
        return process;
    }

    private async Task<string> EndedAsync(ShardPlan shard, IngestProcess process)
    {
        string how;
        try
        {
            how = await process.Ended;
        }
        catch (Exception e)
        {
            Died(process.Actor, e);
            how = "died";
        }
        if (how == "fenced")
        {
            Totals.Fences++;
            if (!UsWasRolledBack && ReferenceEquals(process, _ingest[shard.Name][^1])
                && _ingest[shard.Name].TrueForAll(p => ReferenceEquals(p, process) || p.Actor.Killed || p.Ended.IsCompleted))
            {
                // The newest start wins; only one that woke inside its own start may come after it.
                Totals.Named++;
            }
        }
        return how;
    }

    private void Kill(SimulatedActor actor)
    {
        Totals.Kills++;
        actor.Kill();
    }

    private async Task WakeAsync(SimulatedActor actor, TimeSpan sleep)
    {
        await Task.Delay(sleep, Time);
        actor.Resume();
    }

    private async Task ShipAsync(Random random)
    {
        while (Time.Elapsed < Scenario.Duration)
        {
            await HeldAsync();
            var shipper = new ShipProcess(this, ++_incarnations, Topic);
            _shippers.Add(shipper);
            var run = shipper.RunAsync();
            await Task.WhenAny(run, Task.Delay(Scenario.ShipperLife * 2 * random.NextDouble(), Time));
            switch (random.Next(5))
            {
                case 0:
                    shipper.Stop();
                    break;
                case 1:
                    Totals.Zombies++;
                    shipper.Actor.Pause();
                    _ = WakeAsync(shipper.Actor, Scenario.Sleep * random.NextDouble());
                    break;
                default:
                    Kill(shipper.Actor);
                    break;
            }
            _ = ExpelAsync(shipper);
            await Task.Delay(TimeSpan.FromSeconds(random.Next(1, 10)), Time);
        }
    }

    private async Task RewriteAsync(Random random)
    {
        while (Scenario.Rewrites > TimeSpan.Zero && Time.Elapsed < Scenario.Duration)
        {
            await Task.Delay(Scenario.Rewrites * 2 * random.NextDouble(), Time);
            await HeldAsync();
            var rewriter = new Rewriter(this, ++_incarnations, Fork());
            _rewriters.Add(rewriter);
            await Task.WhenAny(rewriter.RunAsync(), Task.Delay(TimeSpan.FromSeconds(random.Next(1, 90)), Time));
            switch (random.Next(4))
            {
                case 0:
                    rewriter.Actor.Pause();
                    _ = WakeAsync(rewriter.Actor, Scenario.Sleep * random.NextDouble());
                    break;
                case 1:
                    rewriter.Actor.Kill();
                    break;
            }
        }
    }

    private async Task RollBackAsync(Random random)
    {
        if (Scenario.Rollback == Rollback.None)
        {
            return;
        }
        var us = Scenario.Rollback is Rollback.UsDown or Rollback.UsLive;
        var store = us ? Us : Uk;
        var copied = Scenario.Duration * random.NextDouble();
        await Task.Delay(copied, Time);
        var copy = store.Snapshot();
        await Task.Delay((Scenario.Duration - copied) * random.NextDouble(), Time);
        if (Scenario.Rollback is Rollback.UsDown or Rollback.UkDown)
        {
            _held = true;
            foreach (var actor in us ? _ingest.Values.SelectMany(p => p).Select(p => p.Actor)
                : _shippers.Select(s => s.Actor).Concat(_rewriters.Select(r => r.Actor)).Concat(_others))
            {
                Kill(actor);
            }
            await DrainAsync();
        }
        Totals.Rollbacks++;
        (UsWasRolledBack, UkWasRolledBack) = (us, !us && Scenario.Rollback == Rollback.UkLive);
        store.Restore(copy);
        _held = false;
    }
}
