using Pipeline.Cli.Config;
using Pipeline.Cli.Telemetry;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Sources;
using Pipeline.Shipper;

namespace Pipeline.Cli.Roles;

/// <summary>What to import. Format null: each file's is detected.</summary>
internal sealed record ImportRequest(string Source, IReadOnlyList<string> Paths, ILineFormat? Format, bool Final)
{
    /// <summary>What is piped in, instead of files.</summary>
    public Stream? Input { get; init; }
}

/// <summary>What an import did: its files, what was put and committed, and the shards that the shipper found forked.</summary>
internal sealed record ImportOutcome(IReadOnlyList<FileResult> Files, Shipped Shipped, IReadOnlyList<Fork> Forks)
{
    public LineCounts Counts
    {
        get
        {
            var sum = new LineCounts();
            foreach (var file in Files)
            {
                sum.Add(file.Counts);
            }
            return sum;
        }
    }
}

/// <summary>
/// Files, to their end, committed when it returns: 1 lock the source — 2 fold what was read before — 3 read, capture, and ship beside it — 4 everything captured — 5 everything shipped, sealed as final.
/// </summary>
internal sealed class ImportRole(Settings settings, Installation installation, Workers workers, Action<string> log, Action<long>? progress = null, Meters? meters = null)
{
    /// <summary>How long an import waits for a store that is out.</summary>
    private static readonly TimeSpan OutageLimit = TimeSpan.FromSeconds(30);

    /// <exception cref="PipelineException">5: another process has the source. 3: a fork of this shard.</exception>
    /// <exception cref="Core.Store.StoreException">A store was out for longer than the limit.</exception>
    public async Task<ImportOutcome> RunAsync(ImportRequest request, CancellationToken stop)
    {
        var time = installation.Time;
        // 1
        using var held = ShardLock.Take(installation, request.Source);
        // 2
        var state = await installation.Captures.FoldAsync(request.Source, stop);
        // 3
        using var us = new OutageWatch(time, OutageLimit, log);
        using var uk = new OutageWatch(time, OutageLimit, log);
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop, us.GivenUp, uk.GivenUp);
        var events = new RoleEvents(log, us, uk) { Progress = progress, Meters = meters };
        var ship = ShipRole.Create(installation, settings.Seal, settings.Period, workers, events);
        events.Shipper = ship;
        meters?.Watch(ship, null);
        using var encoder = Encoder(installation);
        using var loop = new ShardLoop(request.Source, installation.Captures, installation.Contracts, encoder, settings.Flush, workers, time, events);
        var shard = new LazyShard(loop, state, time, abandon.Token);
        using var shipStop = CancellationTokenSource.CreateLinkedTokenSource(abandon.Token);
        var shipping = ship.RunAsync(shipStop.Token, abandon.Token, SealReason.Final);
        try
        {
            var files = await ReadAsync(request, state, shard, events, abandon.Token);
            // 4
            await shard.FinishAsync();
            // 5
            await shipStop.CancelAsync();
            await shipping;
            abandon.Token.ThrowIfCancellationRequested();
            return new ImportOutcome(files, events.Counts, [.. ship.Forks.Values]);
        }
        catch (OperationCanceledException) when ((us.Fault ?? uk.Fault) is not null)
        {
            throw (us.Fault ?? uk.Fault)!;
        }
        finally
        {
            await abandon.CancelAsync();
            await ((Task)shipping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Parses and classifies, and writes nothing. Where an installation is there, what it read before is left out.</summary>
    public static async Task<ImportOutcome> DryRunAsync(ImportRequest request, Installation? installation, Workers workers, Action<long>? progress, CancellationToken stop)
    {
        var key = installation?.Key ?? InstallationKey.New();
        IEnumerable<KeyValuePair<string, FileCursor>> files = installation is null ? [] : (await installation.Captures.FoldAsync(request.Source, stop)).Files;
        using var encoder = new BlockEncoder(Contracts.XenCenterChecks, Contracts.AgentUpdates, key.RowKey());
        using var us = new OutageWatch(TimeProvider.System, null, _ => { });
        var events = new RoleEvents(_ => { }, us, us) { Progress = progress };
        using var sink = new DryRunSink(encoder, workers);
        if (request.Input is { } input)
        {
            return new ImportOutcome([await new StandardInput(input, request.Source, request.Format, key.Pushes(), sink, workers, events).RunAsync(stop)], default, []);
        }
        var import = new FileImport(new FileCursors(request.Source, files), request.Format, key.Cursors(), sink, workers, events);
        return new ImportOutcome(await import.RunAsync(request.Paths, request.Final, stop), default, []);
    }

    public static BlockEncoder Encoder(Installation installation) => new(
        installation.Contracts.Single(c => c.Dataset == Contracts.XenCenterChecks.Dataset), installation.Contracts.Single(c => c.Dataset == Contracts.AgentUpdates.Dataset), installation.Key.RowKey());

    private async Task<IReadOnlyList<FileResult>> ReadAsync(ImportRequest request, ShardState state, LazyShard shard, RoleEvents events, CancellationToken cancel)
    {
        var import = new FileImport(new FileCursors(request.Source, state.Files), request.Format, installation.Key.Cursors(), shard, workers, events);
        try
        {
            if (request.Input is { } input)
            {
                return [await new StandardInput(input, request.Source, request.Format, installation.Key.Pushes(), shard, workers, events).RunAsync(cancel)];
            }
            return await import.RunAsync(request.Paths, request.Final, cancel);
        }
        catch (InvalidOperationException)
        {
            // The shard stopped under the import: why is what its own loop throws.
            await shard.FinishAsync();
            throw;
        }
    }
}
