using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Telemetry;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Ingest.Shard;
using Pipeline.Shipper.Seal;

namespace Pipeline.Cli.Roles;

/// <summary>
/// A shard taken for as long as something is read into it, committed when it returns: 1 lock the source — 2 fold what was read before — 3
/// read, capture, and ship beside it — 4 everything captured — 5 everything shipped, sealed as final.
/// </summary>
internal sealed class ShardVisit(PipelineSettings settings, OpenInstallation installation, Workers workers, Action<string> log,
    Action<long>? progress = null, Meters? meters = null)
{
    /// <summary>How long it waits for a store that is out.</summary>
    private static readonly TimeSpan OutageLimit = TimeSpan.FromSeconds(30);

    /// <param name="read">Reads, given the shard's state, where to offer, and whom to tell.</param>
    /// <exception cref="PipelineException">5: another process has the source. 3: a fork of this shard.</exception>
    /// <exception cref="Core.Store.StoreException">A store was out for longer than the limit.</exception>
    public async Task<(T Result, Shipped Shipped, IReadOnlyList<Fork> Forks)> RunAsync<T>(string source, Func<ShardState, IBlockSink,
        RoleEvents, CancellationToken, Task<T>> read, CancellationToken stop)
    {
        var time = installation.Time;
        // 1
        using var held = ShardLock.Take(installation, source);
        // 2
        await installation.CheckShippedAsync(source, stop);
        var state = await installation.Captures.FoldAsync(source, stop);
        // 3
        using var us = new OutageWatch(time, OutageLimit, log);
        using var uk = new OutageWatch(time, OutageLimit, log);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop, us.GivenUp, uk.GivenUp);
        var events = new RoleEvents(log, uk) { Progress = progress, Meters = meters };
        var ship = ShipRole.Create(installation, settings.Seal, settings.Period, workers, events);
        meters?.Watch(ship, null);
        using var encoder = ImportRole.Encoder(installation);
        BestEffort[] told = [new("telemetry", events.Captured), new("shipper", (shard, _) => ship.Notice(shard))];
        var options = new ShardOptions { Flush = settings.Flush, Told = told, PassedOver = events.PassedOver, TakesPushes = false };
        var retry = new StoreRetry(time, us.Waiting, us.Answered);
        using var loop = new ShardLoop(source, installation.Captures, encoder, retry, workers, options);
        var shard = new LazyShard(loop, state, time, abandon.Token);
        using var shipStop = CancellationTokenSource.CreateLinkedTokenSource(abandon.Token);
        var shipping = ship.RunAsync(shipStop.Token, abandon.Token, SealReason.Final);
        try
        {
            var result = await ReadAsync();
            // 4
            await shard.FinishAsync();
            // 5
            await shipStop.CancelAsync();
            await shipping;
            abandon.Token.ThrowIfCancellationRequested();
            if (ship.Stopped.GetValueOrDefault(source) is CorruptException damage)
            {
                throw damage;
            }
            return (result, events.Counts, [.. ship.Forks.Values]);
        }
        catch (OperationCanceledException) when ((us.Fault ?? uk.Fault) is not null)
        {
            throw (us.Fault ?? uk.Fault)!;
        }
        finally
        {
            await abandon.CancelAsync();
            await shard.EndAsync();
            await ((Task)shipping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task<T> ReadAsync()
        {
            try
            {
                return await read(state, shard, events, abandon.Token);
            }
            catch (ShardStoppedException)
            {
                // The shard stopped under the reading: its own loop throws the fault.
                await shard.FinishAsync();
                throw;
            }
        }
    }
}
