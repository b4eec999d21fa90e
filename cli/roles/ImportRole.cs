using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Telemetry;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Roles;

/// <summary>What to import. Format null: each file's is detected.</summary>
internal sealed record ImportRequest(string Source, IReadOnlyList<string> Paths, ILineFormat? Format, bool Final)
{
    /// <summary>What is piped in, instead of files.</summary>
    public Stream? Input { get; init; }

    /// <summary>Patterns of names of files that are left out.</summary>
    public IReadOnlyList<string> Excluded { get; init; } = [];

    /// <summary>Content that another source has is read all the same.</summary>
    public bool Again { get; init; }
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

/// <summary>Files, to their end, committed when it returns.</summary>
internal sealed class ImportRole(PipelineSettings settings, OpenInstallation installation, Workers workers, Action<string> log,
    Action<long>? progress = null, Meters? meters = null)
{
    /// <exception cref="PipelineException">5: another process has the source. 3: a fork of this shard.</exception>
    /// <exception cref="Core.Store.StoreException">A store was out for longer than the limit.</exception>
    public async Task<ImportOutcome> RunAsync(ImportRequest request, CancellationToken stop)
    {
        using var names = settings.NamesOf(request.Source, installation.Key);
        var visit = new ShardVisit(settings, installation, workers, log, progress, meters);
        var (files, shipped, forks) = await visit.RunAsync(request.Source, ReadAsync, stop);
        return new ImportOutcome(files, shipped, forks);

        async Task<IReadOnlyList<FileResult>> ReadAsync(ShardState state, IBlockSink shard, RoleEvents events, CancellationToken cancel)
        {
            var told = events.Of(request.Source, names);
            if (request.Input is { } input)
            {
                return [await new StandardInput(input, request.Source, request.Format, installation.Key.Pushes(), shard, workers, told)
                    .RunAsync(cancel)];
            }
            using var contents = request.Again ? null : new KnownContents(installation.Captures, request.Source, state, installation.Time);
            var cursors = new FileCursors(request.Source, state.Files, names)
            {
                Contents = contents, Cold = new ColdPages(installation.Captures, state),
            };
            return await new FileImport(cursors, request.Format, installation.Key.Cursors(), shard, workers, told)
                { Excluded = request.Excluded }.RunAsync(request.Paths, request.Final, cancel);
        }
    }

    /// <summary>Parses and classifies, and writes nothing. Where an installation is there, what it read before is left out.</summary>
    public static async Task<ImportOutcome> DryRunAsync(ImportRequest request, OpenInstallation? installation, Workers workers,
        Action<long>? progress, CancellationToken stop)
    {
        var key = installation?.Key ?? InstallationKey.New();
        var state = installation is null ? null : await installation.Captures.FoldAsync(request.Source, stop);
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, key.RowKey());
        var names = new FileNames();
        var events = new SourceLog(request.Source, names, _ => { }, progress);
        using var sink = new DryRunSink(encoder, workers);
        if (request.Input is { } input)
        {
            return new ImportOutcome([await new StandardInput(input, request.Source, request.Format, key.Pushes(), sink, workers, events)
                .RunAsync(stop)], default, []);
        }
        using var contents = state is null || request.Again ? null : new KnownContents(installation!.Captures, request.Source, state,
            installation.Time, writes: false);
        var cursors = new FileCursors(request.Source, state?.Files ?? [], names)
        {
            Contents = contents, Cold = state is null ? null : new ColdPages(installation!.Captures, state),
        };
        var import = new FileImport(cursors, request.Format, key.Cursors(), sink, workers, events) { Excluded = request.Excluded };
        return new ImportOutcome(await import.RunAsync(request.Paths, request.Final, stop), default, []);
    }

    public static BlockEncoder Encoder(OpenInstallation installation) => new(
        installation.Contracts.Single(c => c.Dataset == PublishedContracts.XenCenterChecks.Dataset),
            installation.Contracts.Single(c => c.Dataset == PublishedContracts.AgentUpdates.Dataset), installation.Key.RowKey());
}
