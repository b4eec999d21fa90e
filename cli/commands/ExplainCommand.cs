using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Ingest.Explain;
using Pipeline.Ingest.Formats;

namespace Pipeline.Cli.Commands;

/// <summary>`explain`: lines on standard input, and of each, field by field, what would be kept and what dropped and why. Run where the log
/// is; writes nothing, and shows of what is dropped its shape only.</summary>
internal static class ExplainCommand
{
    /// <summary>Member values are addresses, versions, times and fixed texts: escaping them for HTML would only hide them from
    /// people.</summary>
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var format = new FormatOptions();
        var source = new Option<string?>("--source") { HelpName = "NAME",
            Description = "as the configuration's source of this name is read" };
        var command = new Command("explain",
            "lines on standard input: what would be kept of each, what dropped and why; changes nothing") { source };
        return format.AddTo(command).Does(async (parsed, output, stop) =>
        {
            var chosen = format.Of(parsed, parsed.GetValue(source) is { } name ? Source(parsed.Settings(), name) : null);
            await using var input = Console.OpenStandardInput();
            var lines = new LineInput(input);
            chosen ??= await DetectAsync(lines, stop);
            var explainer = new Explainer(chosen);
            while (await lines.NextAsync(stop) is { } line)
            {
                var explanation = explainer.Next(line.Bytes.Span, line.Length);
                if (output.IsJson)
                {
                    Printer.Json(ToJson(explanation, chosen.Name));
                }
                else
                {
                    Show(explanation, output);
                }
            }
            return ExitCode.Done;
        });
    }

    private static SourceSettings Source(PipelineSettings settings, string name) => settings.Sources.FirstOrDefault(s => s.Name == name)
        ?? throw new UsageException(
            $"--source: the configuration has no source '{name}'; it has " +
            $"{(settings.Sources.Count == 0 ? "none" : string.Join(", ", settings.Sources.Select(s => s.Name)))}.");

    private static async Task<ILineFormat> DetectAsync(LineInput lines, CancellationToken stop)
    {
        while (true)
        {
            var more = await lines.FillAsync(stop);
            var found = Detect.Of(lines.Held.Span);
            if (found.Format is not null && (lines.Held.Span.Contains((byte)'\n') || !more))
            {
                return found.Format;
            }
            if (!more || lines.Held.Length >= Detect.Sample)
            {
                throw new FailedException($"standard input: {found.Why}.");
            }
        }
    }

    private static void Show(Explanation explanation, Printer output)
    {
        var number = explanation.Line.ToString(CultureInfo.InvariantCulture);
        var what = explanation.Records.GroupBy(r => r.Dataset).Select(g => $"{Say.Count(g.Count(), "record")} of {g.Key}")
            .Concat(explanation.Rejected.GroupBy(r => r).Select(g => $"rejected as {g.Key.Reason}: {g.Key.Why}"))
            .Concat(explanation.Duplicates.Distinct().Select(rule => $"a duplicate by rule {rule}"));
        var rules = explanation.Records.Select(r => r.Rule).Concat(explanation.Rejected.Select(r => r.Rule)).OfType<string>().Distinct();
        output.Line($"line {number}: {(explanation.Directive ? "a directive" : string.Join("; ", what))}");
        foreach (var rule in rules)
        {
            output.Line($"  rule     {rule}");
        }
        foreach (var shape in explanation.Rejected.Select(r => r.Shape).OfType<string>())
        {
            output.Line($"  counted  {shape}");
        }
        foreach (var (name, value) in explanation.Records.SelectMany(record => record.Values))
        {
            output.Line($"  kept     {name} = {value ?? "absent"}");
        }
        foreach (var field in explanation.Dropped)
        {
            output.Line($"  dropped  {field.Name} [{field.Shape}] {Say.Bytes(field.Bytes)}: {field.Why}");
        }
    }

    private static string ToJson(Explanation explanation, string format) => JsonSerializer.Serialize(new
    {
        line = explanation.Line,
        format,
        outcome = explanation.Outcome,
        records = explanation.Records.Select(record => new { dataset = record.Dataset, rule = record.Rule, kept = new Dictionary<string,
            string?>(record.Values) }),
        rejected = explanation.Rejected.Select(rejected => new { reason = rejected.Reason, rule = rejected.Rule, shape = rejected.Shape,
            why = rejected.Why }),
        duplicates = explanation.Duplicates,
        dropped = explanation.Dropped.Select(field => new { field = field.Name, shape = field.Shape, bytes = field.Bytes,
            why = field.Why }),
    }, Plain);
}
