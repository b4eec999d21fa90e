using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Compaction;

namespace Pipeline.Cli.Roles;

/// <summary>Wires compaction of an installation: as a service beside other roles, and for the command.</summary>
internal static class CompactRole
{
    public static CompactionService Service(PipelineSettings settings, OpenInstallation installation, Workers workers,
        ICompactionEvents events) =>
        new([.. installation.Logs.Select(log => (Compactor(installation, log, workers, CompactionPolicy.Hosted, events),
            Orphaned(settings, installation, log, workers, events)))], settings.CompactPeriod, installation.Time, events);

    public static Compactor Compactor(OpenInstallation installation, TableLog log, Workers workers, CompactionPolicy policy,
        ICompactionEvents events) =>
        new(log, installation.Key.RowKey(), workers, installation.Time, policy, events);

    public static OrphanedSegments Orphaned(PipelineSettings settings, OpenInstallation installation, TableLog log, Workers workers,
        ICompactionEvents events) =>
        new(log, installation.Key.RowKey(), workers, installation.Time, settings.CompactGrace, events);
}

/// <summary>What compaction does, as lines for operations.</summary>
internal sealed class CompactionLog(Action<string> log, OutageWatch uk) : ICompactionEvents
{
    public void Compacted(string dataset, long version, int inputs, int outputs, long rows, long bytesBefore, long bytesAfter)
    {
        uk.Answered();
        log($"compact table={dataset} version={version} inputs={inputs} outputs={outputs} rows={rows} bytes-before={bytesBefore} " +
            $"bytes={bytesAfter}");
    }

    public void CompactionConflict(string dataset, long version, int groups) =>
        log($"compact-conflict table={dataset} version={version} groups={groups}");

    public void NotCompacted(string dataset, UtcDay date, string why) => log($"not-compacted table={dataset} date={date} \"{why}\"");

    public void OrphansRemoved(string dataset, int segments, long bytes, string receipt)
    {
        uk.Answered();
        log($"void-removed table={dataset} segments={segments} bytes={bytes} receipt={receipt}");
    }

    public void CompactionStopped(string dataset, DifferenceException why) => log($"compact-stopped table={dataset} \"{why.Message}\"");

    public void Waiting(StoreException fault) => uk.Waiting(fault);
}
