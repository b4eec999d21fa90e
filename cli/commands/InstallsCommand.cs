using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;
using Pipeline.Processor.Installs;
using Pipeline.Processor.Installs.Results;

namespace Pipeline.Cli.Commands;

/// <summary>`installs`: facts about checks and estimates of installs, per day, ISO week, 28 days or month.</summary>
internal static class InstallsCommand
{
    private static readonly WindowKind[] Every = [WindowKind.Day, WindowKind.Week, WindowKind.Days28];

    public static Command Create()
    {
        var by = new Option<string?>("--by") { HelpName = "day|week|28d|month",
            Description = "the windows (default: all but months)" }.AcceptOnlyFromAmong("day", "week", "28d", "month");
        var from = Date("--from", "the first UTC date; the window that holds it is counted whole");
        var to = Date("--to", "the last UTC date, inclusive");
        var csv = new Option<bool>("--csv") { Description = "comma-separated values on standard output, and nothing else" };
        return new Command("installs",
            "update checks, their addresses and versions, and an estimate of the installs behind them, with a band (docs/counting.md)")
            { by, from, to, csv }.Does(async (parsed, output, stop) =>
        {
            if (output.IsJson && parsed.GetValue(csv))
            {
                throw new UsageException("--csv and --json both take standard output; expected one of them.");
            }
            var question = new InstallQuestion(parsed.GetValue(by) is { } name ? [WindowKinds.Parse(name)!.Value]
                : Every, Day(parsed.GetValue(from)), Day(parsed.GetValue(to)));
            if (question is { From: { } first, To: { } last } && first > last)
            {
                throw new UsageException($"--from {first} is after --to {last}; expected a range of dates.");
            }
            using var installation = await OpenInstallation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop);
            var facts = await new InstallSeries(Log(installation)).EstimateAsync(question, cancel: stop);
            if (parsed.GetValue(csv))
            {
                Printer.Json(InstallsCsv.Of(facts));
                return ExitCode.Done;
            }
            if (output.IsJson)
            {
                Printer.Json(facts.ToJson());
            }
            InstallsView.Show(facts, output);
            return ExitCode.Done;
        });
    }

    /// <summary>Facts alone.</summary>
    public static Task<InstallFacts> CountAsync(OpenInstallation installation, InstallQuestion question, CancellationToken stop) =>
        new InstallCounter(Log(installation)).CountAsync(question, stop);

    private static TableLog Log(OpenInstallation installation) =>
        installation.Logs.Single(log => log.Contract.Dataset == PublishedContracts.XenCenterChecks.Dataset);

    private static Option<string?> Date(string name, string description)
    {
        var option = new Option<string?>(name) { HelpName = "DATE", Description = description };
        option.Validators.Add((OptionResult result) =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture,
                DateTimeStyles.None, out _))
            {
                result.AddError($"{name}: found '{text}', expected a date such as 2026-11-02.");
            }
        });
        return option;
    }

    private static UtcDay? Day(string? text) => text is null ? null : UtcDay.Parse(text);
}
