using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Classification;

/// <summary>The methods a rule is about. They are case-sensitive.</summary>
[Flags]
public enum Methods : byte
{
    Get = 1,
    Head = 2,
    Post = 4,
    Other = 8,
    Any = Get | Head | Post | Other,
}

/// <summary>Of what part of a rejected line a shape is counted.</summary>
public enum Shaped : byte { Nothing, Agent, Path }

/// <summary>A request that falls under a rule, for people and for tests.</summary>
public sealed record Example(string Path, string Agent, string Method = "GET", string Query = "");

/// <summary>
/// One row of the table by which requests are told apart: who asks, what must be so, and what becomes of it. Exactly one of
/// <see cref="Dataset"/> and <see cref="Reason"/> is set.
/// </summary>
public sealed record Rule
{
    /// <summary>A stable code: captures and outputs count under it. Never used again for another thing.</summary>
    public required string Name { get; init; }

    /// <summary>Who asks so.</summary>
    public required string Population { get; init; }

    public Term Path { get; init; } = Term.Any;
    public Term Query { get; init; } = Term.Any;
    public Methods Methods { get; init; } = Methods.Get;
    public Term Agent { get; init; } = Term.Any;

    /// <summary>The dataset that gets a record.</summary>
    public string? Dataset { get; init; }

    /// <summary>The reason of the rejection.</summary>
    public Reason? Reason { get; init; }

    /// <summary>Where nobody is known: of what the shape is counted.</summary>
    public Shaped Shape { get; init; }

    /// <summary>Why it is so, and where that is known from.</summary>
    public required string Why { get; init; }

    public required Example Example { get; init; }
}
