using Pipeline.Core.Contracts;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Compaction;

namespace Pipeline.Cli.Commands;

/// <summary>`compact`: merges small segments, and removes segments that no version of the table needs. With `--dry-run` it shows the plan
/// and changes nothing.</summary>
internal static class CompactCommand
{
    /// <summary>How long it waits for a store that is out.</summary>
    private static readonly TimeSpan OutageLimit = TimeSpan.FromSeconds(30);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private sealed record TableResult(CompactionReport Compaction, OrphanReport? Orphaned);

    public static Command Create()
    {
        var dataset = new Option<string?>("--dataset") { HelpName = "NAME",
            Description = "one table (default: all)" }.AcceptOnlyFromAmong([.. PublishedContracts.All.Select(c => c.Dataset)]);
        var date = new Option<string?>("--date") { HelpName = "DATE", Description = "one UTC date (default: all)" };
        var dry = new Option<bool>("--dry-run") { Description = "show what would be done, and change nothing" };
        var remove = new Option<bool>("--remove-void") { Description =
            "delete, with a receipt, segments that no commit can name any more, and those that a compaction replaced longer ago than " +
            "compact.grace" };
        date.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture,
                DateTimeStyles.None, out _))
            {
                result.AddError($"--date: found '{text}', expected a date such as 2026-11-02.");
            }
        });
        return new Command("compact", "merge the small segments of each date into large, sorted ones; rows and sums stay equal") { dataset,
            date, dry, remove }.Does(async (parsed, output, stop) =>
        {
            var settings = parsed.Settings();
            using var installation = await OpenInstallation.OpenAsync(settings.Places, TimeProvider.System, stop);
            using var uk = new OutageWatch(installation.Time, OutageLimit, Console.Error.WriteLine);
            using var abandon = CancellationTokenSource.CreateLinkedTokenSource(stop, uk.GivenUp);
            UtcDay? only = parsed.GetValue(date) is { } text ? UtcDay.Parse(text) : null;
            var logs = installation.Logs.Where(log => parsed.GetValue(dataset) is not { } name || log.Contract.Dataset == name).ToList();
            var results = new List<TableResult>();
            try
            {
                foreach (var log in logs)
                {
                    results.Add(await OneAsync(settings, installation, log, only, parsed.GetValue(dry), parsed.GetValue(remove),
                        new CompactionLog(Console.Error.WriteLine, uk), abandon.Token));
                }
            }
            catch (OperationCanceledException) when (uk.Fault is not null)
            {
                throw uk.Fault;
            }
            if (output.IsJson)
            {
                Printer.Json(JsonSerializer.Serialize(new { dryRun = parsed.GetValue(dry), tables = results.Select(Document) }, Json));
            }
            Show(results, parsed.GetValue(dry), output);
            return results.Exists(result => result.Compaction.Differences.Count > 0) ? ExitCode.Difference : ExitCode.Done;
        });
    }

    private static async Task<TableResult> OneAsync(PipelineSettings settings, OpenInstallation installation, TableLog log, UtcDay? only,
        bool dry, bool remove, ICompactionEvents events, CancellationToken stop)
    {
        var compactor = CompactRole.Compactor(installation, log, Workers.Pool, new CompactionPolicy(), events);
        var removal = CompactRole.Orphaned(settings, installation, log, Workers.Pool, events);
        if (dry)
        {
            var plan = await compactor.PlanAsync(only, stop);
            return new(plan is null ? new(log.Contract.Dataset, -1) : CompactionReport.Of(plan), remove ? await removal.FindAsync(stop)
                : null);
        }
        var compaction = await compactor.RunAsync(only, stop);
        return new(compaction, remove ? await removal.RemoveAsync(stop) : null);
    }

    private static object Document(TableResult result) => new
    {
        dataset = result.Compaction.Dataset, version = result.Compaction.Version, commits = result.Compaction.Commits,
            conflicts = result.Compaction.Conflicts, rows = result.Compaction.Rows,
        dates = result.Compaction.Dates, differences = result.Compaction.Differences, @void = result.Orphaned,
    };

    private static void Show(List<TableResult> results, bool dry, Printer output)
    {
        output.Table("llrrrrr", ["dataset", "date", "files", dry ? "would be" : "now", "rows", "bytes", dry ? "" : "now"],
            results.SelectMany(result => result.Compaction.Dates.Select(date => (IReadOnlyList<string>)
        [
            result.Compaction.Dataset, date.Date, Say.N(date.FilesBefore), Say.N(date.FilesAfter), Say.N(date.RowsBefore),
                Say.Bytes(date.BytesBefore), dry ? "" : Say.Bytes(date.BytesAfter),
        ])));
        foreach (var (compaction, found) in results)
        {
            var merged = dry ? "would be merged" : $"merged in {Say.Count(compaction.Commits, "commit")}";
            output.Line($"{compaction.Dataset}: " + (compaction.Version < 0 ? "there is no table"
                : $"version {compaction.Version}, {Say.Count(compaction.Dates.Sum(d => d.FilesBefore), "segment")} of "
                    + $"{Say.Count(compaction.Dates.Count, "date")} {merged}"));
            foreach (var difference in compaction.Differences)
            {
                output.Line("DIFFERENCE: " + difference);
            }
            if (found is not null)
            {
                var removed = dry
                    ? $"{Say.Count(found.Removable.Count, "segment")} ({Say.Bytes(found.Removable.Sum(s => s.Bytes))}) could be removed"
                    : $"{Say.Count(found.Removed, "segment")} ({Say.Bytes(found.RemovedBytes)}) removed";
                output.Line($"{compaction.Dataset}: {removed}, {Say.N(found.Waiting)} in their grace, "
                    + $"{Say.N(found.Unproven)} not provably void and left alone");
                foreach (var receipt in found.Receipts)
                {
                    output.Line($"receipt: {receipt}");
                }
            }
        }
    }
}
