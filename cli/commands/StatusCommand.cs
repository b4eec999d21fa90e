using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Processor.Status;

namespace Pipeline.Cli.Commands;

/// <summary>`status`: captured, shipped and how old what waits is, per shard.</summary>
internal static class StatusCommand
{
    public static Command Create() => new Command("status", "what is captured, what is shipped, and how old what waits is")
        .Does(async (parsed, output, stop) =>
    {
        using var installation = await OpenInstallation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop);
        var report = await new StatusReader(installation.Captures, installation.Logs, TimeProvider.System).ReadAsync(stop);
        if (output.IsJson)
        {
            Printer.Json(report.ToJson());
        }
        output.Table("llrrrrr", ["shard", "dataset", "records", "shipped to", "behind", "records behind", "oldest"],
            report.Shards.SelectMany(shard => shard.Datasets.Select(dataset => (IReadOnlyList<string>)
        [
            shard.Shard, dataset.Key, Say.N(dataset.Value.Captured), Say.N(dataset.Value.Shipped), Say.N(dataset.Value.PendingCaptures),
                Say.N(dataset.Value.PendingRecords), Say.Age(dataset.Value.OldestPendingAge),
        ])));
        output.Line();
        output.Table("lrrrrll", ["table", "version", "files", "rows", "bytes", "dates", "age"],
            report.Tables.Select(table => (IReadOnlyList<string>)
        [
            table.Dataset, Say.N(table.Version), Say.N(table.Files), Say.N(table.Rows), Say.Bytes(table.Bytes), table.FirstDate is null
                ? "-" : $"{table.FirstDate}/{table.LastDate}",
            Say.Age(table.LastCommit is { } last ? (TimeProvider.System.GetUtcNow() - last).TotalSeconds : null),
        ]));
        foreach (var (source, totals) in report.Shards.SelectMany(shard => shard.Sources))
        {
            foreach (var note in totals.Notes.Where(note => LossNotes.All.Contains(note.Key)))
            {
                output.Line($"source {source}: lines may be lost ({note.Key}, {Say.Count(note.Value, "time")})");
            }
            foreach (var note in totals.Notes.Where(note => DoubleNotes.All.Contains(note.Key)))
            {
                output.Line($"source {source}: {Say.Count(note.Value, "line")} may be counted twice ({note.Key})");
            }
        }
        foreach (var shard in report.Shards.Where(s => s.Fork is not null))
        {
            output.Line($"FORK of shard {shard.Shard}: {shard.Fork}");
        }
        return report.Shards.Any(s => s.Fork is not null) ? ExitCode.Difference : ExitCode.Done;
    });
}
