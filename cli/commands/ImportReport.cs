using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Cli.Output;
using Pipeline.Cli.Roles;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Commands;

/// <summary>`import --json`: the counts of `verify --json`, for the lines that this run read.</summary>
internal sealed record ImportReport
{
    public required string Source { get; init; }
    public required bool DryRun { get; init; }
    /// <summary>The sum of records, rejections and duplicates.</summary>
    public required long Lines { get; init; }
    public required SortedDictionary<string, long> Records { get; init; }
    public required SortedDictionary<string, long> Rejections { get; init; }
    public required long Duplicates { get; init; }
    /// <summary>Ends of files without a line end, left for a later run or `--final`.</summary>
    public required IReadOnlyList<PendingEnd> Pending { get; init; }
    public required IReadOnlyList<ImportedFile> Files { get; init; }
    public required long Captures { get; init; }
    public required long Commits { get; init; }

    /// <summary>Below this no share of malformed lines says that the format is wrong.</summary>
    private const int FewestJudged = 20;

    /// <summary>More than half of the lines fit no pattern of the format in which they were read.</summary>
    [JsonIgnore]
    public bool IsMostlyMalformed => Lines >= FewestJudged && Rejections.GetValueOrDefault(Malformed) * 2 > Lines;

    private static string Malformed => Reasons.Code(Reason.Malformed);

    public static ImportReport Of(string source, bool dry, ImportOutcome outcome)
    {
        var counts = outcome.Counts;
        var records = new SortedDictionary<string,
            long>(PublishedContracts.All.ToDictionary(c => c.Dataset, c => counts.Records.GetValueOrDefault(c.Dataset)),
            StringComparer.Ordinal);
        return new ImportReport
        {
            Source = source, DryRun = dry, Lines = counts.Lines, Records = records, Rejections = counts.Rejected,
                Duplicates = counts.Duplicates,
            Pending = [.. outcome.Files.Where(f => f.Pending > 0).Select(f => new PendingEnd(f.Path, f.Pending))],
            Files = [.. outcome.Files.Select(f => new ImportedFile(f.Path, f.Format, f.From, f.To, f.Counts.Lines, f.SameAs, f.Error)
            {
                Ordinal = f.Ordinal > 0 ? f.Ordinal : null, ReadBefore = f.Rewound, Edited = f.Edited ? true
                    : null, PossibleDoubles = f.PossibleDoubles > 0 ? f.PossibleDoubles : null, KnownAs = f.KnownAs,
            })],
            Captures = outcome.Shipped.Captures, Commits = outcome.Shipped.Commits,
        };
    }

    public void Show(Printer output)
    {
        foreach (var error in Files.Where(f => f.Error is not null))
        {
            ProgramEdge.Say(error.Error!);
        }
        if (IsMostlyMalformed)
        {
            ProgramEdge.Say($"{Say.N(Rejections[Malformed])} of {Say.Count(Lines, "new line")} are malformed: --format is probably wrong. "
                + (DryRun ? "Leave it out, and the format is detected."
                    : $"Nothing is lost: `pipeline redrive --reason {Malformed} --source {Source}` reads them again in the detected "
                        + "format."));
        }
        if (output.IsJson)
        {
            Printer.Json(JsonSerializer.Serialize(this, ImportJson.Default.ImportReport));
        }
        var failed = Files.Count(f => f.Error is not null);
        output.Line($"{(DryRun ? "dry run, nothing is written: " : "")}{Say.Count(Lines, "new line")} of " +
            $"{Say.Count(Files.Count, "file")}{(failed > 0 ? $", {failed} with an error" : "")}");
        output.Line($"  records     {Say.List(Records)}");
        output.Line($"  rejections  {Say.List(Rejections)}");
        if (Duplicates > 0)
        {
            output.Line($"  duplicates  {Say.N(Duplicates)}");
        }
        foreach (var end in Pending)
        {
            output.Line($"  pending     {end.Path}: {Say.Count(end.Bytes, "byte")} without a line end; more may come, or give --final");
        }
        foreach (var same in Files.Where(f => f.SameAs is not null))
        {
            output.Line($"  same        {same.Path} has the content of {same.SameAs}; read once");
        }
        foreach (var file in Files.Where(f => f.Ordinal > 0))
        {
            output.Line($"  first line  {file.Path} begins as another file that was read, and is read as a file of its own");
        }
        foreach (var file in Files.Where(f => f.ReadBefore is not null))
        {
            output.Line($"  went back   {file.Path} was read to byte {file.ReadBefore}, and is another from {file.From} on: " +
                $"{(file.Edited == true ? "lines that were put in before are not read" : "read again from there")}");
        }
        foreach (var file in Files.Where(f => f.PossibleDoubles > 0))
        {
            output.Line($"  maybe twice {file.Path}: {Say.Count(file.PossibleDoubles!.Value, "line")} may have been read before");
        }
        if (!DryRun)
        {
            output.Line(Captures == 0 ? "  nothing new was found, nothing was written"
                : $"  stored      {Say.Count(Captures, "capture")}, {Say.Count(Commits, "commit")}");
        }
    }
}

/// <summary>Bytes after a file's last complete line.</summary>
internal sealed record PendingEnd(string Path, long Bytes);

/// <summary>One file: offsets of its content, and its new lines.</summary>
internal sealed record ImportedFile(string Path, string? Format, long From, long To, long Lines, string? SameAs, string? Error)
{
    /// <summary>Set where files with the same first line were read before: how many.</summary>
    public int? Ordinal { get; init; }
    /// <summary>Set where another source has its content: that source.</summary>
    public string? KnownAs { get; init; }
    /// <summary>Set where the file went back or was edited: up to where it was read before.</summary>
    public long? ReadBefore { get; init; }
    /// <summary>It was edited in place, and is read on where it is as it was.</summary>
    public bool? Edited { get; init; }
    /// <summary>Lines of this run that may have been read before.</summary>
    public long? PossibleDoubles { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(ImportReport))]
internal sealed partial class ImportJson : JsonSerializerContext;
