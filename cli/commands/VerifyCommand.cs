using System.CommandLine;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core;
using Pipeline.Processor.Verify;

namespace Pipeline.Cli.Commands;

/// <summary>`verify`: promise 7 from the stored data, or the range that is missing.</summary>
internal static class VerifyCommand
{
    private const int MostDifferences = 20;

    public static Command Create()
    {
        var deep = new Option<bool>("--deep") { Description = "decode every frame and every Parquet file, and hash every row again" };
        return new Command("verify", "prove from the stored data that no line was lost or doubled, or name what is missing") { deep }.Does(async (parsed, output, stop) =>
        {
            using var installation = await Installation.OpenAsync(parsed.Settings().Places, TimeProvider.System, stop);
            var report = await RunAsync(installation, parsed.GetValue(deep), stop);
            if (output.IsJson)
            {
                Printer.Json(report.ToJson());
            }
            Show(report, output);
            return report.ExitCode;
        });
    }

    public static Task<VerifyReport> RunAsync(Installation installation, bool deep, CancellationToken stop) =>
        new Verifier(installation.Captures, installation.Logs, installation.Key.RowKey(), Workers.Pool).RunAsync(deep, stop);

    public static void Show(VerifyReport report, Printer output)
    {
        output.Line($"{Say.N(report.Lines)} lines = {Say.N(report.Records.Values.Sum())} records + {Say.N(report.Rejections.Values.Sum())} rejections + {Say.N(report.Duplicates)} duplicates");
        output.Table("lrrrrr", ["dataset", "captured", "shipped", "in Parquet", "files", "pending"], report.Records.Keys.Select(dataset => (IReadOnlyList<string>)
        [
            dataset, Say.N(report.Captured[dataset].Records), Say.N(report.Shipped[dataset].Records), report.Tables.TryGetValue(dataset, out var table) ? Say.N(table.ReadRows ?? table.Rows) : "-",
            Say.N(table?.Files), Say.N(report.Pending.Where(p => p.Dataset == dataset).Sum(p => p.Records ?? 0)),
        ]));
        foreach (var pending in report.Pending)
        {
            output.Line($"pending: {pending.Dataset}, shard {pending.Shard}, captures {pending.From} to {pending.To}");
        }
        foreach (var missing in report.Missing)
        {
            output.Line($"MISSING: {missing.Dataset}, shard {missing.Shard}, captures {missing.From} to {missing.To}{(missing.Records is { } n ? $" ({Say.N(n)} records)" : "")}");
        }
        foreach (var difference in report.Differences.Take(MostDifferences))
        {
            output.Line("DIFFERENCE: " + difference);
        }
        if (report.Differences.Count > MostDifferences)
        {
            output.Line($"and {report.Differences.Count - MostDifferences} more: --json lists all");
        }
        if (report.PossibleLoss.Unkeyed > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.Unkeyed)} pushes came without a key: a retry of one may be counted twice");
        }
        if (report.PossibleLoss.PushGaps > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.PushGaps)} pushes were refused for their number: their clients may have lost lines");
        }
        if (report.PossibleLoss.Truncated > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.Truncated)} files were shortened in place: what they held beyond the last read may be lost");
        }
        output.Line(report.Ok
            ? $"ok: every line is accounted for{(report.Deep ? ", and every row in Parquet was hashed again" : "; --deep hashes every row in Parquet again")}"
            : "NOT ok: see above; nothing was changed");
    }
}
