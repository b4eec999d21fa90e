using System.CommandLine;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Processor.Verify;

namespace Pipeline.Cli.Commands;

/// <summary>`verify`: promise 7 from the stored data, or the range that is missing.</summary>
internal static class VerifyCommand
{
    private const int MaxDifferences = 20;

    public static Command Create()
    {
        var deep = new Option<bool>("--deep") { Description = "decode every frame and every Parquet file, and hash every row again" };
        var since = new Option<bool>("--since-receipt") { Description =
            "with --deep: only frames and dates that came or changed since the newest receipt of a deep check" };
        var full = new Option<bool>("--full") { Description = "begin from nothing, whatever receipts there are" };
        var side = new Option<string?>("--side") { Description =
            "check one side, with the credentials of its store only" }.AcceptOnlyFromAmong("us", "uk");
        var receipt = new Option<bool>("--receipt") { Description =
            "write a receipt of a clean check to the table store, at which the next one begins (the check itself only reads)" };
        var to = new Option<string?>("--receipt-to") { HelpName = "FILE",
            Description = "write the receipt of a clean check to a file, to be kept away from both stores" };
        var against = new Option<string?>("--against") { HelpName = "FILE",
            Description = "compare with a receipt that was kept: what it saw must still be there" };
        return new Command("verify", "prove from the stored data that no line was lost or doubled, or name what is missing") { deep, since,
            full, side, receipt, to, against }.Does(async (parsed, output, stop) =>
        {
            var (one, write) = (parsed.GetValue(side), parsed.GetValue(receipt));
            if (parsed.GetValue(full) && parsed.GetValue(since) || one == "us" && (write || parsed.GetValue(since)))
            {
                throw new UsageException(one == "us"
                    ? "receipts lie in the table store, which --side us does not open. Leave --receipt and --since-receipt away."
                    : "--full and --since-receipt say opposite things. Give one of them.");
            }
            var request = new VerifyRequest(parsed.GetValue(deep), parsed.GetValue(deep) ? parsed.GetValue(since)
                : !parsed.GetValue(full), Kept(parsed.GetValue(against)));
            var places = parsed.Settings().Places;
            IDisposable? opened;
            Verifier verifier;
            IObjectStore? receipts = null;
            if (one == "us")
            {
                (verifier, opened) = await OneSide.CapturesAsync(places, stop);
            }
            else if (one == "uk")
            {
                (verifier, opened, receipts) = await OneSide.TablesAsync(places, TimeProvider.System, stop);
            }
            else
            {
                var installation = await OpenInstallation.OpenAsync(places, TimeProvider.System, stop);
                (verifier, opened, receipts) = (Of(installation), installation, installation.Uk);
            }
            using var held = opened;
            var report = await verifier.RunAsync(request, stop);
            // Written before anything is shown: who reads `ok` with --receipt may count on it.
            var written = write && report.Ok ? await VerifiedReceipts.WriteAsync(receipts!, report, TimeProvider.System, stop) : null;
            if (parsed.GetValue(to) is { } file)
            {
                Keep(receipts is null ? null : await VerifiedReceipts.OfAsync(receipts, report, TimeProvider.System, stop), file, output);
            }
            if (output.IsJson)
            {
                Printer.Json((report with { Receipt = written }).ToJson());
            }
            Show(report, output);
            if (write)
            {
                output.Line(written is null ? "no receipt: the check was not clean" : $"receipt: {written}");
            }
            return report.Ok ? ExitCode.Done : ExitCode.Difference;
        });
    }

    private static VerifiedThrough? Kept(string? file)
    {
        try
        {
            return file is null ? null : VerifiedThrough.FromJson(File.ReadAllBytes(file), file)
                ?? throw new ConfigurationException($"receipt {file}: a later version of this program wrote it. Upgrade this program.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(
                $"receipt {file}: it cannot be read ({e.GetType().Name}). Name a file that `verify --receipt-to` wrote.", e);
        }
    }

    private static void Keep(VerifiedThrough? receipt, string file, Printer output)
    {
        if (receipt is null)
        {
            output.Line($"nothing was written to {file}: the check was not clean, or saw no table");
            return;
        }
        try
        {
            File.WriteAllBytes(file, receipt.ToJson());
            output.Line($"kept: {file}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"receipt {file}: it cannot be written ({e.GetType().Name}). Name a file that this user may write.",
                e);
        }
    }

    public static Task<VerifyReport> RunAsync(OpenInstallation installation, bool deep, CancellationToken stop) =>
        Of(installation).RunAsync(deep, stop);

    private static Verifier Of(OpenInstallation installation) => new(installation.Captures, installation.Logs, installation.Key.RowKey(),
        Workers.Pool);

    public static void Show(VerifyReport report, Printer output)
    {
        output.Line($"{Say.N(report.Lines)} lines = {Say.N(report.Records.Values.Sum())} records + " +
            $"{Say.N(report.Rejections.Values.Sum())} rejections + {Say.N(report.Duplicates)} duplicates" +
            $"{(report.Withdrawn.Values.Sum() is > 0 and var gone ? $" + {Say.N(gone)} withdrawn" : "")}");
        output.Table("lrrrrr", ["dataset", "captured", "shipped", "in Parquet", "files", "pending"],
            report.Records.Keys.Select(dataset => (IReadOnlyList<string>)
        [
            dataset, Say.N(report.Captured[dataset].Records), Say.N(report.Shipped[dataset].Records),
                report.Tables.TryGetValue(dataset, out var table) ? Say.N(report.Since is null ? table.ReadRows ?? table.Rows : table.Rows)
                : "-",
            Say.N(table?.Files), Say.N(report.Pending.Where(p => p.Dataset == dataset).Sum(p => p.Records ?? 0)),
        ]));
        foreach (var pending in report.Pending)
        {
            output.Line($"pending: {pending.Dataset}, shard {pending.Shard}, captures {pending.From} to {pending.To}");
        }
        foreach (var missing in report.Missing)
        {
            output.Line($"MISSING: {missing.Dataset}, shard {missing.Shard}, captures {missing.From} to " +
                $"{missing.To}{(missing.Records is { } n ? $" ({Say.N(n)} records)" : "")}");
        }
        Show("CORRUPT", [.. report.Corrupt.Select(found => $"{found.Object}: {found.Why}")], output);
        Show("DELETED", [.. report.Deleted.Select(found => $"{found.Object}: {found.Why}")], output);
        Show("DIFFERENCE", report.Differences, output);
        if (report.Corrupt.Count + report.Deleted.Count > 0)
        {
            output.Line("restore each object that is named from a copy; docs/runbooks/disaster.md says how, and what to do where there " +
                "is none");
        }
        if (report.PossibleLoss.Unkeyed > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.Unkeyed)} pushes came without a key: a retry of one may be counted twice");
        }
        if (report.PossibleLoss.PushGaps > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.PushGaps)} pushes were refused for their number: their clients may have lost lines");
        }
        if (report.PossibleLoss.PushOtherBodies > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.PushOtherBodies)} pushes were refused because their number had another body: their " +
                $"clients may have lost lines");
        }
        if (report.PossibleLoss.Truncated > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.Truncated)} files were shortened in place: what they held beyond the last read may " +
                $"be lost");
        }
        if (report.PossibleLoss.Edited > 0)
        {
            output.Line($"{Say.N(report.PossibleLoss.Edited)} files were edited in place: lines that were put into what was read may be " +
                $"lost");
        }
        if (report.PossibleDouble.Values.Sum() is > 0 and var doubles)
        {
            output.Line($"{Say.N(doubles)} lines of files that went back may be counted twice");
        }
        foreach (var remark in report.Remarks)
        {
            output.Line("note: " + remark);
        }
        output.Line(report.Ok
            ? $"ok: every line is accounted " +
                $"for{(report.Checked is ["us", "uk"] ? "" : $" on the side that was looked at ({string.Join(", ", report.Checked)})")}{(report.Since is null ? "" : $"; what receipt {report.Since} went through was not read again")}{(report.Deep ? $", and {(report.Since is null ? "every row" : "every row of the dates touched since")} was hashed again" : "; --deep hashes every row in Parquet again")}"
            : "NOT ok: see above; nothing was changed");
    }

    private static void Show(string kind, IReadOnlyList<string> found, Printer output)
    {
        foreach (var one in found.Take(MaxDifferences))
        {
            output.Line($"{kind}: {one}");
        }
        if (found.Count > MaxDifferences)
        {
            output.Line($"and {found.Count - MaxDifferences} more: --json lists all");
        }
    }
}
