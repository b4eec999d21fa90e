using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Files;

namespace Pipeline.Cli.Commands;

/// <summary>`import`: files, to their end, committed when it returns; running it again imports nothing twice.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("PATH") { Arity = ArgumentArity.OneOrMore,
            Description = "files, folders or patterns (quoted), plain or gzip; - for standard input" };
        var source = new Option<string>("--source") { Required = true, HelpName = "NAME",
            Description = "the endpoint that wrote them; give one endpoint the same name for ever" };
        var format = new FormatOptions();
        var final = new Option<bool>("--final") { Description = "nothing more will come: an unterminated last line is a line too" };
        var dry = new Option<bool>("--dry-run") { Description = "parse and classify only; write nothing" };
        var again = new Option<bool>("--at-least-once") { Description =
            "for standard input, which cannot be recognised: lines that are piped in again count again" };
        var exclude = new Option<string[]>("--exclude") { HelpName = "PATTERN",
            Description = "names of files to leave out, such as 'error.log*'; may be repeated" };
        var second = new Option<bool>("--again") { Description = "take content that another source has a second time" };
        var metrics = Common.Metrics();
        var command = new Command("import", "read log files to their end; running it again imports nothing twice") { paths, source, final,
            dry, again, second, exclude, metrics };
        return format.AddTo(command).Does(async (parsed, output, stop) =>
        {
            var name = parsed.GetRequiredValue(source);
            if (!CaptureNames.IsName(name))
            {
                throw new UsageException(
                    $"--source: found '{name}', expected 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit.");
            }
            var input = Input(parsed.GetRequiredValue(paths), parsed.GetValue(again), parsed.GetValue(dry));
            // A dry run needs no installation.
            var settings = parsed.GetValue(dry) && parsed.GetValue(Common.Dir) is null && parsed.GetValue(Common.Config) is null ? null
                : parsed.Settings();
            var request = new ImportRequest(name, input is null ? parsed.GetRequiredValue(paths)
                : [], format.Of(parsed, settings?.Sources.FirstOrDefault(s => s.Name == name)), parsed.GetValue(final)) { Input = input,
                Again = parsed.GetValue(second), Excluded = parsed.GetValue(exclude) ?? [] };
            // The configured url belongs to the process that runs beside.
            settings = settings is null ? null : settings with { MetricsUrl = parsed.GetValue(metrics) };
            var outcome = await RunAsync(settings, request, parsed.GetValue(dry), output, stop);
            var report = ImportReport.Of(request.Source, parsed.GetValue(dry), outcome);
            report.Show(output);
            foreach (var fork in outcome.Forks)
            {
                ProgramEdge.Say(fork.ToException().Message);
            }
            // A fork of another source's shard is named, and is no fault of this import.
            return report.IsMostlyMalformed || outcome.Forks.Any(fork => fork.Shard == name) ? ExitCode.Difference
                : outcome.Files.Any(f => f.KnownAs is not null) ? ExitCode.RefusedByPolicy
                : outcome.Files.Any(f => f.Error is not null) ? ExitCode.Failed : ExitCode.Done;
        });
    }

    /// <summary>Standard input where `-` names it; null: files.</summary>
    private static Stream? Input(string[] paths, bool atLeastOnce, bool dry)
    {
        var reads = paths.Contains(StandardInput.Path);
        if (reads && paths.Length > 1)
        {
            throw new UsageException(
                $"- is standard input, and {paths.Length - 1} other path{(paths.Length == 2 ? "" : "s")} came with it; expected - " +
                $"alone: import the files in a run of their own. A file of that name is ./-");
        }
        if (reads && !atLeastOnce && !dry)
        {
            throw new UsageException(
                "- is standard input, which cannot be recognised when it comes again: a run that is killed in the middle and started " +
                "again counts the lines twice that it had captured. Give --at-least-once to accept that, or write the lines to a file " +
                "and import the file, which is never counted twice.");
        }
        if (!reads && atLeastOnce)
        {
            throw new UsageException("--at-least-once is for standard input (-); files are imported exactly once. Take it out.");
        }
        return reads ? Console.OpenStandardInput() : null;
    }

    private static async Task<ImportOutcome> RunAsync(PipelineSettings? settings, ImportRequest request, bool dry, Printer output,
        CancellationToken stop)
    {
        using var progress = new ImportProgress(output, request.Paths);
        if (dry)
        {
            using var there = settings is not null && OpenInstallation.Exists(settings.Places)
                ? await OpenInstallation.OpenAsync(settings.Places, TimeProvider.System, stop) : null;
            return await ImportRole.DryRunAsync(request, there, Workers.Pool, progress.Add, stop);
        }
        await using var telemetry = await Telemetry.Telemetry.StartAsync(settings!, Environment.GetEnvironmentVariable, TimeProvider.System,
            stop);
        using var installation = await OpenInstallation.OpenOrCreateAsync(settings!.Places, TimeProvider.System, stop);
        Printer.NewKey(installation.NewKey);
        telemetry?.Attach(installation);
        return await new ImportRole(settings, installation, Workers.Pool, Printer.Trouble, progress.Add, telemetry?.Meters)
            .RunAsync(request, stop);
    }
}
