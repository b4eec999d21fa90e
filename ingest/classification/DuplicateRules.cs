namespace Pipeline.Ingest.Classification;

/// <summary>The rules by which lines are recognised as duplicates within a source (rule 31), as captures and outputs name them.</summary>
public static class DuplicateRules
{
    /// <summary>The source wrote the same row twice.</summary>
    public const string Repeated = "repeated-row";

    /// <summary>Front Door: the request of an edge to its parent cache, beside the client's own.</summary>
    public const string ParentCache = "frontdoor-parent-cache";

    public static IReadOnlyList<string> All { get; } = [Repeated, ParentCache];
}
