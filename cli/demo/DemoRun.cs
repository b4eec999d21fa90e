using Pipeline.Cli.Commands;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Processor.Installs;
using Pipeline.Worlds;

namespace Pipeline.Cli.Demo;

/// <summary>
/// The whole way, seen: 1 a world writes its logs — 2 each web server's logs are imported as a source of their own — 3 the tables are
/// verified — 4 facts — 5 everything beside the truth.
/// </summary>
internal sealed class DemoRun(DemoFolder folder, WorldOptions options, Printer output)
{
    private static readonly TimeProvider Time = TimeProvider.System;

    /// <returns>0, or 3 where the pipeline and the truth disagree.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var began = Time.GetTimestamp();
        folder.Renew($$"""{"seed":{{options.Seed}},"days":{{options.Days}},"installs":{{options.Installs}}}""");
        // 1
        var truth = await LiveAsync(stop);
        // 2
        var places = InstallationPlaces.Embedded(folder.Root);
        using var installation = await OpenInstallation.OpenOrCreateAsync(places, Time, stop);
        var imported = await ImportAsync(installation, truth, stop);
        // 3
        output.Heading("3. Verify: what was read, what was captured, and what Parquet really holds");
        var start = Time.GetTimestamp();
        var verified = await VerifyCommand.RunAsync(installation, deep: true, stop);
        VerifyCommand.Show(verified, output);
        output.Line($"({Say.Seconds(Time.GetElapsedTime(start))})");
        // 4
        var facts = await InstallsCommand.CountAsync(installation, new InstallQuestion([WindowKind.Day, WindowKind.Week]), stop);
        // 5
        var comparison = new DemoComparison(truth, verified, facts, imported);
        new DemoReport(output, truth, comparison).Show(facts, verified);
        var ok = verified.Ok && comparison.Differences.Count == 0;
        var elapsed = Time.GetElapsedTime(began);
        Finish(ok, elapsed);
        if (output.IsJson)
        {
            Printer.Json(comparison.ToJson(options, ok, elapsed));
        }
        return ok ? ExitCode.Done : ExitCode.Difference;
    }

    private async Task<WorldTruth> LiveAsync(CancellationToken stop)
    {
        output.Heading($"1. A world: {Say.N(options.Installs)} XenCenter installs for {Say.Count(options.Days, "day")}, seed " +
            $"{options.Seed}");
        var start = Time.GetTimestamp();
        var truth = await Workers.Pool.Run(() => new World(options).WriteLogs(folder.Logs));
        stop.ThrowIfCancellationRequested();
        await File.WriteAllTextAsync(folder.Truth, truth.ToJson(), stop);
        output.Line($"{Say.N(truth.Installs.Never)} never check, {Say.N(truth.Installs.Nameless)} are too old to name themselves, " +
            $"{Say.N(truth.Installs.Active)} check at least once as themselves.");
        output.Line($"Three web servers wrote {Say.N(truth.Total.Counts.Lines)} lines into {Say.Count(truth.Total.Files.Count, "file")} " +
            $"below {Path.Combine(folder.Shown, "logs")} ({Say.Seconds(Time.GetElapsedTime(start))}).");
        return truth;
    }

    private async Task<IReadOnlyDictionary<string, ImportOutcome>> ImportAsync(OpenInstallation installation, WorldTruth truth,
        CancellationToken stop)
    {
        output.Heading("2. Import: lines → captures (US) → segments and commits (UK)");
        var outcomes = new SortedDictionary<string, ImportOutcome>(StringComparer.Ordinal);
        var columns = new List<IReadOnlyList<string>>();
        foreach (var source in truth.Sources)
        {
            var start = Time.GetTimestamp();
            var logs = Path.Combine(folder.Logs, source.Source);
            var outcome = await new ImportRole(new PipelineSettings { Names = Path.Combine(folder.Root, "names") }, installation,
                Workers.Pool, _ => { }).RunAsync(new ImportRequest(source.Source, [logs], null, Final: true), stop);
            outcomes[source.Source] = outcome;
            columns.Add(Stages(outcome, Time.GetElapsedTime(start)));
        }
        string[] stages = ["format, as detected", "files", "lines", "records", "rejected", "captures (US)", "  bytes", "segments (UK)",
            "  bytes", "commits", "time"];
        output.Table("lrrr", ["", .. truth.Sources.Select(s => s.Source)],
            stages.Select((stage, i) => (IReadOnlyList<string>)[stage, .. columns.Select(column => column[i])]));
        return outcomes;
    }

    private static IReadOnlyList<string> Stages(ImportOutcome outcome, TimeSpan time)
    {
        var (counts, shipped) = (outcome.Counts, outcome.Shipped);
        return
        [
            outcome.Files.Select(f => f.Format).FirstOrDefault(f => f is not null)
                ?? "-", Say.N(outcome.Files.Count), Say.N(counts.Lines), Say.N(counts.Records.Values.Sum()),
                Say.N(counts.Rejected.Values.Sum()),
            Say.N(shipped.Captures), Say.Bytes(shipped.CaptureBytes), Say.N(shipped.Segments), Say.Bytes(shipped.SegmentBytes),
                Say.N(shipped.Commits), Say.Seconds(time),
        ];
    }

    private void Finish(bool ok, TimeSpan elapsed)
    {
        output.Line();
        output.Line(ok ? $"The pipeline and the truth agree ({Say.Seconds(elapsed)} in all)."
            : "THE PIPELINE AND THE TRUTH DISAGREE: see above.");
        output.Heading("Try next");
        var logs = Path.Combine(folder.Shown, "logs", World.Sources[0]);
        foreach (var command in new[] { "status", "verify --deep", "installs --by week", "rejections",
            "rejections --lines --reason malformed", $"import {logs} --source {World.Sources[0]}" })
        {
            output.Line($"  pipeline {command} --dir {folder.Shown}");
        }
    }
}
