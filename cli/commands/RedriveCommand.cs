using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Telemetry;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Redrive;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Commands;

/// <summary>`redrive`: rejected lines read again from the files that still hold them; those that are records by now become so, once,
/// however often it is run.</summary>
internal static class RedriveCommand
{
    public static Command Create()
    {
        var reason = new Option<string>("--reason") { Required = true, HelpName = "R",
            Description = $"of {string.Join(", ", Reasons.All.Select(Reasons.Code))}" };
        reason.CompletionSources.Add([.. Reasons.All.Select(Reasons.Code)]);
        var source = new Option<string?>("--source") { HelpName = "S",
            Description = "only this source; else every source that this installation has" };
        var format = new FormatOptions();
        var dry = new Option<bool>("--dry-run") { Description = "say what would become of them; write nothing" };
        var paths = new Argument<string[]>("PATH") { Arity = ArgumentArity.ZeroOrMore,
            Description = "where to look for the files, beside their last names: files, folders or patterns (quoted)" };
        var command = new Command("redrive", "read rejected lines again, after the parser or the settings were mended") { paths, reason,
            source, dry };
        return format.AddTo(command).Does(async (parsed, output, stop) =>
        {
            var why = parsed.GetRequiredValue(reason);
            if (Reasons.All.All(r => Reasons.Code(r) != why))
            {
                throw new UsageException(
                    $"--reason: found '{why}', expected one of {string.Join(", ", Reasons.All.Select(Reasons.Code))}.");
            }
            var settings = parsed.Settings();
            using var installation = await OpenInstallation.OpenAsync(settings.Places, TimeProvider.System, stop);
            await KnownShards.CheckAsync(installation, "--source", parsed.GetValue(source), stop);
            var role = new RedriveRole(settings, installation, Workers.Pool, Printer.Trouble);
            var sources = new List<RedrivenSource>();
            var faults = new List<StoppedShard>();
            await foreach (var shard in SourcesAsync(installation, parsed.GetValue(source), stop))
            {
                // Else in the format that each was read in, as this version reads it.
                var by = format.Of(parsed, settings.Sources.FirstOrDefault(s => s.Name == shard));
                try
                {
                    var places = parsed.GetValue(paths) ?? [];
                    var (outcome, _, forked) = await role.RunAsync(shard, why, places, by, parsed.GetValue(dry), stop);
                    sources.Add(RedrivenSource.Of(shard, why, outcome));
                    faults.AddRange(forked.Select(fork => new StoppedShard(fork.Shard, StoppedShard.Fork, fork.ToException())));
                }
                catch (PipelineException e) when (StoppedShard.Of(shard, e) is { } stopped)
                {
                    // Of this source alone: the others are redriven all the same.
                    faults.Add(stopped);
                }
            }
            Show(new RedriveReport(why, parsed.GetValue(dry), sources), output);
            foreach (var fault in faults.DistinctBy(f => f.Name))
            {
                ProgramEdge.Say(fault.Fault.Message);
            }
            return StoppedShard.Gravest(faults) is { } gravest ? ExitCode.Of(gravest.Fault)
                : sources.Any(s => s.Unavailable > 0) ? ExitCode.Failed : ExitCode.Done;
        });
    }

    private static async IAsyncEnumerable<string> SourcesAsync(OpenInstallation installation, string? only,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        await foreach (var shard in installation.Captures.ShardsAsync(stop))
        {
            if (only is null || shard == only)
            {
                yield return shard;
            }
        }
    }

    private static void Show(RedriveReport report, Printer output)
    {
        if (output.IsJson)
        {
            Printer.Json(JsonSerializer.Serialize(report, RedriveJson.Default.RedriveReport));
        }
        foreach (var source in report.Sources)
        {
            output.Line($"{source.Source}: {Say.Count(source.Found, "line")} rejected as {report.Reason} in files; " +
                $"{(report.DryRun ? "would become records" : "now records")} {Say.N(source.Redriven.Values.Sum())} " +
                $"({Say.List(source.Records)}), still rejected {Say.N(source.Left)}, unavailable " +
                Say.N(source.Unavailable)
                + (source.Pushed > 0 ? $"; {Say.N(source.Pushed)} more were pushed, which no file holds" : ""));
            foreach (var missing in source.MissingFiles)
            {
                output.Line($"  not found: {missing}, or it has another content now; name where it is behind the options");
            }
        }
        if (report.DryRun)
        {
            output.Line("dry run: nothing was written");
        }
    }
}

/// <summary>`redrive --json`.</summary>
internal sealed record RedriveReport(string Reason, bool DryRun, IReadOnlyList<RedrivenSource> Sources);

/// <param name="Found">Rejected lines of files, in captures that stand.</param>
/// <param name="Redriven">Reason → lines that are records now.</param>
/// <param name="Records">Dataset → the same.</param>
/// <param name="Left">Rejected still.</param>
/// <param name="Unavailable">Of files that are gone or hold something else.</param>
/// <param name="Pushed">Rejected lines of pushes.</param>
internal sealed record RedrivenSource(string Source, long Found, SortedDictionary<string, long> Redriven, SortedDictionary<string,
    long> Records, long Left, long Unavailable, long Pushed, IReadOnlyList<string> MissingFiles, long Captures)
{
    public static RedrivenSource Of(string source, string reason, RedriveOutcome outcome) => new(source, outcome.Found,
        outcome.Redriven == 0 ? [] : new SortedDictionary<string, long>(StringComparer.Ordinal) { [reason] = outcome.Redriven },
        new SortedDictionary<string,
            long>(PublishedContracts.All.ToDictionary(c => c.Dataset, c => outcome.Records.GetValueOrDefault(c.Dataset)),
            StringComparer.Ordinal),
        outcome.Left, outcome.Unavailable, outcome.Pushed, outcome.MissingFiles, outcome.Captures);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(RedriveReport))]
internal sealed partial class RedriveJson : JsonSerializerContext;
