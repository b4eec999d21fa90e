using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Processor.Status;

/// <summary>What rejections are counted by. A rule is one of docs/classification.md, a shape that of a client or a path which no rule
/// knows, a day that on which the store, by its own clock, made the capture (UTC): a rejected line may have no time.</summary>
public enum RejectionsBy { Reason, Source, Day, Rule, Shape }

/// <summary>Lines that became no record: how many, why, and from where. Never what they held. All counts are net of what a redrive made
/// records of, but those by rule and by shape: captures do not say which of them a redriven line had.</summary>
public sealed record RejectionsReport
{
    /// <summary>Reason → lines, since each shard's first capture.</summary>
    public required SortedDictionary<string, long> Reasons { get; init; }

    /// <summary>Reason → lines that had it and are records since a redrive.</summary>
    public required SortedDictionary<string, long> Redriven { get; init; }

    /// <summary>By source, file and reason, of the captures that stand. A push has no file.</summary>
    public required IReadOnlyList<RejectionCount> Counts { get; init; }

    /// <summary>What <see cref="Groups"/> are by; null where nothing was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? By { get; init; }

    /// <summary>Most lines first; days in order.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<RejectionGroup>? Groups { get; init; }

    /// <summary>Lines whose capture has expired: they are in <see cref="Reasons"/> and in no count.</summary>
    public required long Expired { get; init; }

    /// <summary>Shards whose captures contradict one another, or cannot be read, from a number on: of them only what comes before is among
    /// <see cref="Reasons"/>.</summary>
    public IReadOnlyList<string> Forks { get; init; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, RejectionsJson.Default.RejectionsReport);
}

/// <param name="File">The file's identity; null of a push.</param>
/// <param name="Path">Its name, where the machine that is asked knows it.</param>
public sealed record RejectionCount(string Source, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? File,
    string? Path, string Reason, long Lines);

/// <summary>Lines of one reason, source, day, rule or shape.</summary>
/// <param name="Reason">Of a source's or a day's: which. Of a reason it is the key itself, and a rule or a shape has none here.</param>
/// <param name="Lines">Of a rule or a shape: as they were captured.</param>
/// <param name="Redriven">Lines that were among these and are records since a redrive; null of a rule or a shape, where it is not
/// known.</param>
public sealed record RejectionGroup(string Key, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    long Lines, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Redriven);

/// <summary>Adjacent rejected lines: the file's identity, and its name where the machine that is asked knows it (a push has neither), the
/// physical line of the first (from 1; in a push, of its body), how many, and the capture that counts them.</summary>
public sealed record RejectionRun(string Source, string? File, string? Path, long FirstLine, long Count, string Reason, string Shard,
    long Capture)
{
    /// <summary>One line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RunJson.Default.RejectionRun);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(RejectionsReport))]
internal sealed partial class RejectionsJson : JsonSerializerContext;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RejectionRun))]
internal sealed partial class RunJson : JsonSerializerContext;
