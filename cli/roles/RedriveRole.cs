using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Redrive;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Roles;

/// <summary>Rejections of one reason read again: of one source, or of every one. A dry run takes no shard, and offers nothing.</summary>
internal sealed class RedriveRole(PipelineSettings settings, OpenInstallation installation, Workers workers, Action<string> log)
{
    /// <param name="format">Null: the one that is detected for malformed lines, else each read's own.</param>
    public async Task<(RedriveOutcome Outcome, Shipped Shipped, IReadOnlyList<Fork> Forks)> RunAsync(string source, string reason,
        IReadOnlyList<string> paths, ILineFormat? format, bool dry, CancellationToken stop)
    {
        if (dry)
        {
            var state = await installation.Captures.FoldAsync(source, stop);
            using var encoder = ImportRole.Encoder(installation);
            using var nowhere = new DryRunSink(encoder, workers);
            return (await ReadAsync(state, nowhere, stop), default, []);
        }
        return await new ShardVisit(settings, installation, workers, log)
            .RunAsync(source, (state, shard, _, cancel) => ReadAsync(state, shard, cancel), stop);

        async Task<RedriveOutcome> ReadAsync(ShardState state, IBlockSink sink, CancellationToken cancel)
        {
            var outcome = new RedriveOutcome();
            var reads = await RejectedReads.OfAsync(installation.Captures, state, source, reason, pushed =>
                outcome.Pushed += pushed, cancel);
            var scratch = new ParsedLines(ContractOf(PublishedContracts.XenCenterChecks.Dataset),
                ContractOf(PublishedContracts.AgentUpdates.Dataset));
            using var names = settings.NamesOf(source, installation.Key);
            await new Redriver(paths, names, format, reason, installation.Key.Cursors(), sink, scratch)
                .RunAsync(reads, outcome, cancel);
            return outcome;
        }
    }

    private Contract ContractOf(string dataset) => installation.Contracts.Single(c => c.Dataset == dataset);
}
