using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Shipper.Repair;
using Pipeline.Shipper.Seal;

namespace Pipeline.Cli.Commands;

/// <summary>`repair`: brings captures at or below what is shipped that no commit in force lists, after a table was restored. Done twice it
/// does nothing more.</summary>
internal static class RepairCommand
{
    public static Command Create()
    {
        var shard = new Option<string>("--shard") { Required = true, HelpName = "S", Description = "the shard, as `verify` names it" };
        var from = new Option<long>("--from") { Required = true, HelpName = "N", Description = "the first capture, as `verify` names it" };
        var to = new Option<long>("--to") { Required = true, HelpName = "N", Description = "the last capture" };
        var dry = new Option<bool>("--dry-run") { Description = "say what would be brought; write nothing" };
        return new Command("repair", "bring captures into a table that was restored, where its log no longer has them") { shard, from, to,
            dry }.Does(async (parsed, output, stop) =>
        {
            var range = new CaptureRange(parsed.GetRequiredValue(from), parsed.GetRequiredValue(to));
            var name = parsed.GetRequiredValue(shard);
            if (range.From < 0 || range.To < range.From || !CaptureNames.IsName(name))
            {
                throw new UsageException(
                    $"found --shard {name} --from {range.From} --to {range.To}, expected a shard's name and two capture numbers, the " +
                    $"first not above the last.");
            }
            using var installation = await OpenInstallation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop);
            await KnownShards.CheckAsync(installation, "--shard", name, stop);
            var repairer = new Repairer(installation.Captures, installation.Logs, log => SealerOf(installation, log), installation.Time);
            var report = parsed.GetValue(dry) ? await repairer.PlanAsync(name, range, stop) : await repairer.RunAsync(name, range, stop);
            if (output.IsJson)
            {
                Printer.Json(report.ToJson());
            }
            Show(report, output);
            return ExitCode.Done;
        });
    }

    private static Sealer SealerOf(OpenInstallation installation, TableLog log) =>
        new(log, installation.Key.RowKey(), Workers.Pool, new SemaphoreSlim(Workers.Pool.Width), installation.Time);

    private static void Show(RepairReport report, Printer output)
    {
        foreach (var table in report.Tables)
        {
            output.Line($"{table.Dataset}: " +
                $"{(table.Ranges.Count == 0 ? "nothing to bring" : $"{(report.DryRun ? "would bring" : "brought")} {Say.N(table.Rows)} records in {Say.Count(table.Frames, "frame")} of captures {string.Join(", ", table.Ranges)}")}"
                + $"; {Say.N(table.Listed)} listed " +
                    $"already{(table.Pending > 0 ? $", {Say.N(table.Pending)} above what is shipped, which the shipper brings" : "")}");
            foreach (var receipt in table.Receipts)
            {
                output.Line($"receipt: {receipt}");
            }
        }
        if (report.DryRun)
        {
            output.Line("dry run: nothing was written");
        }
    }
}
