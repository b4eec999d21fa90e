using System.CommandLine;
using System.Globalization;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Cli.Commands;

/// <summary>`withdraw`: takes what a source brought out of the tables again. Done twice it does nothing more; a run that did not end is
/// finished by the next.</summary>
internal static class WithdrawCommand
{
    public static Command Create()
    {
        var source = new Option<string>("--source") { Required = true, HelpName = "NAME", Description = "whose lines go" };
        var captures = new Option<string?>("--captures") { HelpName = "N-N",
            Description = "only these captures, as --dry-run lists them by run; else all that the source brought" };
        var dry = new Option<bool>("--dry-run") { Description = "say what would go; write nothing" };
        var yes = new Option<bool>("--yes") { Description = "do not ask for the source's name first" };
        return new Command("withdraw", "take records of a source, or of some of its captures, out of the tables again") { source, captures,
            dry, yes }.Does(async (parsed, output, stop) =>
        {
            var name = parsed.GetRequiredValue(source);
            if (!CaptureNames.IsName(name))
            {
                throw new UsageException(
                    $"--source: found '{name}', expected 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit.");
            }
            var range = Range(parsed.GetValue(captures));
            var settings = parsed.Settings();
            using var installation = await OpenInstallation.OpenAsync(settings.Places, TimeProvider.System, stop);
            var role = new WithdrawRole(settings, installation, Workers.Pool, Printer.Trouble);
            if (parsed.GetValue(dry))
            {
                var plan = WithdrawReport.Of(await role.PlanAsync(name, range, stop), null);
                Print(plan, output);
                plan.ShowPlan(output);
                output.Line("dry run: nothing was written");
                return ExitCode.Done;
            }
            var outcome = await role.RunAsync(name, range, plan =>
            {
                WithdrawReport.Of(plan, null).ShowPlan(output);
                return parsed.GetValue(yes) || Confirms(name, output);
            }, stop) ?? throw new UsageException(
                $"the name {name} was not typed. Nothing was withdrawn; type it when asked, or give --yes.");
            var report = WithdrawReport.Of(outcome.Plan, outcome);
            Print(report, output);
            if (outcome.Receipt is null)
            {
                report.ShowPlan(output);
            }
            report.ShowDone(output);
            return ExitCode.Done;
        });
    }

    private static void Print(WithdrawReport report, Printer output)
    {
        if (output.IsJson)
        {
            Printer.Json(report.ToJson());
        }
    }

    private static bool Confirms(string name, Printer output)
    {
        output.Line($"The records go from the tables; the captures and older versions of the tables keep them. Type {name} to go on:");
        return Console.In.ReadLine()?.Trim() == name;
    }

    private static CaptureRange? Range(string? text)
    {
        if (text is null)
        {
            return null;
        }
        var parts = text.Split('-');
        return parts.Length is 1 or 2 && Number(parts[0]) is { } from && Number(parts[^1]) is { } to && from <= to
            ? new CaptureRange(from, to)
            : throw new UsageException($"--captures: found '{text}', expected one capture's number, or two with '-', the first not above "
                + "the last: --captures 3-7.");
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
