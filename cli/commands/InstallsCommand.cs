using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Processor.Installs;

namespace Pipeline.Cli.Commands;

/// <summary>`installs`: facts about checks, per day, ISO week or 28 days. Not an estimate.</summary>
internal static class InstallsCommand
{
    private static readonly WindowKind[] Every = [WindowKind.Day, WindowKind.Week, WindowKind.Days28];

    public static Command Create()
    {
        var by = new Option<string?>("--by") { HelpName = "day|week|28d",
            Description = "the windows (default: all three)" }.AcceptOnlyFromAmong("day", "week", "28d");
        var from = Date("--from", "the first UTC date; the window that holds it is counted whole");
        var to = Date("--to", "the last UTC date, inclusive");
        return new Command("installs",
            "facts about update checks: how many, from how many addresses, of which version (not an estimate of installs)") { by, from,
            to }.Does(async (parsed, output, stop) =>
        {
            var question = new InstallQuestion(parsed.GetValue(by) is { } name ? [WindowKinds.Parse(name)!.Value]
                : Every, Day(parsed.GetValue(from)), Day(parsed.GetValue(to)));
            if (question is { From: { } first, To: { } last } && first > last)
            {
                throw new UsageException($"--from {first} is after --to {last}; expected a range of dates.");
            }
            using var installation = await OpenInstallation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop);
            var facts = await CountAsync(installation, question, stop);
            if (output.IsJson)
            {
                Printer.Json(facts.ToJson());
            }
            Show(facts, output);
            return ExitCode.Done;
        });
    }

    public static Task<InstallFacts> CountAsync(OpenInstallation installation, InstallQuestion question, CancellationToken stop) =>
        new InstallCounter(installation.Logs.Single(log => log.Contract.Dataset == PublishedContracts.XenCenterChecks.Dataset))
            .CountAsync(question, stop);

    public static void Show(InstallFacts facts, Printer output)
    {
        output.Line($"facts through {facts.Through ?? "(the table is empty)"}. {facts.Means}");
        output.Table("lllrrrr", ["window", "start", "version", "checks", "addresses", "IPv4", "IPv6 /64"],
            facts.Rows.Select(row => (IReadOnlyList<string>)
        [
            row.Window, row.Start, row.Version == "*" ? "all" : row.Version, Say.N(row.Checks), Say.N(row.Addresses), Say.N(row.Ipv4),
                Say.N(row.Ipv6Prefixes),
        ]));
        if (facts.UnreadableAddresses > 0)
        {
            output.Line($"{Say.N(facts.UnreadableAddresses)} rows have an address that is none: they are checks, and in no count of " +
                $"addresses");
        }
    }

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
