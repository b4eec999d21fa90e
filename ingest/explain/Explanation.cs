using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Explain;

/// <summary>A record that a line became: its dataset, and the values that would be stored, in the contract's order. Null: an optional value
/// that is absent.</summary>
/// <param name="Rule">The rule of docs/classification.md; null where a line holds several records.</param>
public sealed record KeptRecord(string Dataset, IReadOnlyList<KeyValuePair<string, string?>> Values, string? Rule);

/// <summary>A part of a line of which nothing is kept, or not all: its name, its <see cref="Shape"/>, its length in bytes, and the
/// rule.</summary>
public sealed record DroppedField(string Name, string Shape, long Bytes, string Why);

/// <summary>A rejection's code (rule 30) and what it means.</summary>
/// <param name="Rule">The rule of docs/classification.md; null where the line was not well-formed.</param>
/// <param name="Shape">What is counted of a client or path that no rule knows, as captures have it; null where a rule knows it, or where a
/// line holds several.</param>
public sealed record RejectedLine(string Reason, string Why, string? Rule = null, string? Shape = null);

/// <summary>
/// What becomes of one physical line. A directive has neither records nor rejections; an envelope of several records may have many.
/// Of the line itself it holds what would be stored, and nothing else.
/// </summary>
public sealed record Explanation(long Line, bool Directive, IReadOnlyList<KeptRecord> Records, IReadOnlyList<RejectedLine> Rejected,
    IReadOnlyList<DroppedField> Dropped)
{
    /// <summary>The rules by which its rows are some of several for one request (rule 31).</summary>
    public IReadOnlyList<string> Duplicates { get; init; } = [];

    public string Outcome => Directive ? "directive" : (Records.Count, Rejected.Count, Duplicates.Count) switch
    {
        (1, 0, 0) => "record",
        (0, 1, 0) => "rejected",
        (0, 0, 1) => "duplicate",
        _ => "several",
    };
}
