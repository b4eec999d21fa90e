using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;
using Pipeline.Processor.Status;

namespace Pipeline.Cli.Commands;

/// <summary>`rejections`: lines that became no record, by reason and file, by whatever else is asked for, or line by line. Never what they
/// held.</summary>
internal static class RejectionsCommand
{
    public static Command Create()
    {
        var reason = new Option<string?>("--reason") { HelpName = "R", Description = "only this reason" };
        var source = new Option<string?>("--source") { HelpName = "S", Description = "only this source" };
        var by = new Option<string?>("--by") { HelpName = "WHAT", Description =
            "reason, source, day (on which it was captured), rule, shape (docs/classification.md)" };
        by.AcceptOnlyFromAmong([.. Enum.GetValues<RejectionsBy>().Select(RejectionReader.Name)]);
        var lines = new Option<bool>("--lines") { Description =
            "where each stood: file (its name where this machine knows it) and line number, never the text (with --json: one object a " +
            "line)" };
        return new Command("rejections", "lines that became no record: how many, why, and where they stand") { reason, source, by,
            lines }.Does(async (parsed, output, stop) =>
        {
            var (only, why, asked) = (parsed.GetValue(source), parsed.GetValue(reason), parsed.GetValue(by) is { } name
                ? Enum.Parse<RejectionsBy>(name, ignoreCase: true) : (RejectionsBy?)null);
            if (parsed.GetValue(lines) && asked is not null)
            {
                throw new UsageException("--lines tells each line and --by counts them: give one of the two.");
            }
            if (asked == RejectionsBy.Shape && why is not null)
            {
                throw new UsageException(
                    "captures count shapes without the reason; give --by shape without --reason (shapes of agents are of other-client " +
                    "and bad-version, those of paths of other-path).");
            }
            var settings = parsed.Settings();
            using var installation = await OpenInstallation.OpenAsync(settings.Places, TimeProvider.System, stop, Needs.Captures);
            await KnownShards.CheckAsync(installation, "--source", only, stop);
            var names = new Dictionary<string, FileNames>(StringComparer.Ordinal);
            var reader = new RejectionReader(installation.Captures, (of, file) =>
                (names.TryGetValue(of, out var known) ? known : names[of] = settings.NamesOf(of, installation.Key)).Find(file));
            if (parsed.GetValue(lines))
            {
                await ShowLinesAsync(reader, only, why, output, stop);
                return ExitCode.Done;
            }
            var report = await reader.CountAsync(only, why, asked, stop);
            report = asked == RejectionsBy.Rule ? report with { Groups = WithReasons(report.Groups!, why) } : report;
            if (output.IsJson)
            {
                Printer.Json(report.ToJson());
            }
            Show(report, output);
            // A fork is named and the rest shown: what is looked for is as often in the shards that are whole.
            foreach (var fork in report.Forks)
            {
                Printer.Warn(fork);
            }
            return report.Forks.Count == 0 ? ExitCode.Done : ExitCode.Difference;
        });
    }

    /// <summary>Each rule's reason, which captures do not repeat. A rule that this version does not know has none, and is shown where no
    /// reason was asked for.</summary>
    private static List<RejectionGroup> WithReasons(IReadOnlyList<RejectionGroup> groups, string? only)
    {
        var reasons = RuleTable.All.Where(rule => rule.Reason is not null)
            .ToDictionary(rule => rule.Name, rule => Reasons.Code(rule.Reason!.Value), StringComparer.Ordinal);
        return [.. groups.Select(group => group with { Reason = reasons.GetValueOrDefault(group.Key) })
            .Where(group => only is null || group.Reason == only)];
    }

    private static void Show(RejectionsReport report, Printer output)
    {
        if (report.Groups is null)
        {
            output.Table("lllr", ["source", "file", "reason", "lines"],
                report.Counts.Select(c => (IReadOnlyList<string>)[c.Source, c.File is null ? "(push)"
                : Name(c.File, c.Path), c.Reason, Say.N(c.Lines)]));
        }
        else
        {
            output.Table("llrr", [report.By!, "reason", "lines", "redriven"],
                report.Groups.Select(g => (IReadOnlyList<string>)[g.Key, g.Reason
                ?? (report.By == RejectionReader.Name(RejectionsBy.Reason) ? g.Key : "-"), Say.N(g.Lines), g.Redriven is { } redriven
                ? Say.N(redriven) : "-"]));
        }
        output.Line($"in all: {Say.List(report.Reasons.Where(r => r.Value != 0))}"
            + (report.Expired > 0 ? $" ({Say.N(report.Expired)} of them in captures that have expired)" : ""));
        if (report.Redriven.Count > 0)
        {
            // Those that the last line sums up are net; of a rule or a shape it is not known which lines were redriven.
            output.Line(report.Groups is [{ Redriven: null }, ..]
                ? $"redriven, and no longer among the reasons: {Say.List(report.Redriven)}. By {report.By} they still are: captures do " +
                    $"not say which {report.By} a redriven line had"
                : $"redriven, and no longer among these: {Say.List(report.Redriven)}");
        }
    }

    /// <summary>Another machine than the one that read the file knows its identity only.</summary>
    private static string Name(string file, string? path) => path is null ? $"file {file}"
        : Path.GetRelativePath(Environment.CurrentDirectory, path);

    private static async Task ShowLinesAsync(RejectionReader reader, string? source, string? reason, Printer output, CancellationToken stop)
    {
        await foreach (var run in reader.RunsAsync(source, reason, Printer.Warn, stop))
        {
            if (output.IsJson)
            {
                Printer.Json(run.ToJson());
            }
            else
            {
                var place = run.File is null ? $"{run.Source} (push, capture {run.Capture})" : run.Path ?? $"{run.Source} file {run.File}";
                var last = run.Count > 1 ? $"-{run.FirstLine + run.Count - 1}" : "";
                output.Line($"{place}:{run.FirstLine}{last} {run.Reason}");
            }
        }
    }
}
