using System.CommandLine;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core;
using Pipeline.Processor.Status;

namespace Pipeline.Cli.Commands;

/// <summary>`rejections`: lines that became no record, by reason and file, or line by line. Never what they held.</summary>
internal static class RejectionsCommand
{
    public static Command Create()
    {
        var reason = new Option<string?>("--reason") { HelpName = "R", Description = "only this reason" };
        var source = new Option<string?>("--source") { HelpName = "S", Description = "only this source" };
        var lines = new Option<bool>("--lines") { Description = "where each stood: file and line number, never the text (with --json: one object a line)" };
        return new Command("rejections", "lines that became no record: how many, why, and where they stand") { reason, source, lines }.Does(async (parsed, output, stop) =>
        {
            using var installation = await Installation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop, Needs.Captures);
            var reader = new RejectionReader(installation.Captures);
            var (only, why) = (parsed.GetValue(source), parsed.GetValue(reason));
            if (parsed.GetValue(lines))
            {
                await foreach (var run in reader.RunsAsync(only, why, Printer.Warn, stop))
                {
                    if (output.IsJson)
                    {
                        Printer.Json(run.ToJson());
                    }
                    else
                    {
                        output.Line($"{run.Path ?? $"{run.Source} (push, capture {run.Capture})"}:{run.FirstLine}{(run.Count > 1 ? $"-{run.FirstLine + run.Count - 1}" : "")} {run.Reason}");
                    }
                }
                return ExitCode.Done;
            }
            var report = await reader.CountAsync(only, why, stop);
            if (output.IsJson)
            {
                Printer.Json(report.ToJson());
            }
            output.Table("lllr", ["source", "file", "reason", "lines"], report.Counts.Select(c => (IReadOnlyList<string>)[c.Source, c.Path is null ? "(push)" : Path.GetRelativePath(Environment.CurrentDirectory, c.Path), c.Reason, Say.N(c.Lines)]));
            output.Line($"in all: {Say.List(report.Reasons)}{(report.Expired > 0 ? $" ({Say.N(report.Expired)} of them in captures that have expired)" : "")}");
            // A fork is named and the rest shown: what is looked for is as often in the shards that are whole.
            foreach (var fork in report.Forks)
            {
                Printer.Warn(fork);
            }
            return report.Forks.Count == 0 ? ExitCode.Done : ExitCode.Difference;
        });
    }
}
