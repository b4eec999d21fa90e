using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Withdraw;
using Pipeline.Shipper.Withdraw;

namespace Pipeline.Cli.Commands;

/// <summary>What `withdraw` shows and `--json` prints.</summary>
/// <param name="DryRun">Nothing was written.</param>
/// <param name="Captures">What goes now, both ends inclusive; none: nothing is left of what was asked for.</param>
/// <param name="Lines">Lines of these captures.</param>
/// <param name="Files">Files of the source that may be read again.</param>
/// <param name="Withdrawn">Dataset → records that go.</param>
/// <param name="Dates">Dataset → UTC date → records that go.</param>
/// <param name="Runs">What each run of the source brought.</param>
/// <param name="Receipt">The object in the capture store that says so; absent in a dry run, and where nothing goes.</param>
/// <param name="Removals">What was taken out of the tables.</param>
internal sealed record WithdrawReport(string Source, bool DryRun, IReadOnlyList<CaptureRange> Captures, long Lines, long Files,
    SortedDictionary<string, long> Withdrawn, SortedDictionary<string, SortedDictionary<string, long>> Dates,
    IReadOnlyList<BroughtRun> Runs, string? Receipt, IReadOnlyList<TableRemoval> Removals)
{
    public static WithdrawReport Of(WithdrawalPlan plan, WithdrawOutcome? outcome) => new(plan.Source, outcome is null,
        plan.Withdrawal?.Captures ?? [], plan.Lines, plan.Files,
        new(plan.Withdrawal?.Records.ToDictionary(r => r.Key, r => r.Value.Rows) ?? [], StringComparer.Ordinal), plan.Dates, plan.Runs,
        outcome?.Receipt is { } receipt ? CaptureNames.Capture(plan.Source, receipt.Number) : null, outcome?.Removals ?? []);

    public string ToJson() => JsonSerializer.Serialize(this, WithdrawJson.Default.WithdrawReport);

    /// <summary>For people: the runs of the source, and what goes.</summary>
    public void ShowPlan(Printer output)
    {
        output.Table("lrrl", ["captures", "lines", "records", "withdrawn"], Runs.Select(run => (IReadOnlyList<string>)
            [$"{run.Captures}", Say.N(run.Lines), Say.N(run.Records), run.Withdrawn ? "yes" : ""]));
        if (Captures.Count == 0)
        {
            output.Line($"source {Source}: nothing is left to withdraw{(Runs.Count == 0 ? "" : " of what was asked for")}");
            return;
        }
        output.Line($"source {Source}: captures {string.Join(", ", Captures)} with {Say.Count(Lines, "line")} go: {Say.List(Withdrawn)}");
        foreach (var (dataset, dates) in Dates.Where(d => d.Value.Count > 0))
        {
            output.Line($"  {dataset}: {Say.Count(dates.Count, "date")}, {dates.Keys.First()} to {dates.Keys.Last()}");
        }
        output.Line($"  {Say.Count(Files, "file")} of this source may be read again afterwards");
    }

    /// <summary>For people: what was done.</summary>
    public void ShowDone(Printer output)
    {
        foreach (var removal in Removals)
        {
            output.Line($"{removal.Dataset}: took {Say.Count(removal.Rows, "record")} out of the table in entry {removal.Version} of its "
                + "log");
        }
        if (Receipt is not null)
        {
            output.Line($"receipt: {Receipt}");
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(WithdrawReport))]
internal sealed partial class WithdrawJson : JsonSerializerContext;
