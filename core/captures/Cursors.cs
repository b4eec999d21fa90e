using System.Text.Json.Serialization;

namespace Pipeline.Core.Captures;

/// <summary>Where a file was read up to (rule 34). Offsets are of decompressed bytes.</summary>
public sealed record FileCursor
{
    public required string Source { get; init; }
    public required long Offset { get; init; }
    public required string Check { get; init; }
    public string? Fields { get; init; }
    /// <summary>Physical lines before Offset.</summary>
    public long Line { get; init; }
    /// <summary>The format it was read with.</summary>
    public required string Format { get; init; }
    /// <summary>Line ends of the file up to <see cref="Offset"/>, that one too, in order: see <see cref="EarlierChecks"/>. Null: none is
    /// known.</summary>
    public IReadOnlyList<EarlierCheck>? Checks { get; init; }
    /// <summary>Set while lines after <see cref="Offset"/> may be lines of another file that are captured already.</summary>
    public FileBranch? Branch { get; init; }
    /// <summary>The capture that read it last, in a state that has <see cref="ShardState.Cold"/>: the files that were read longest ago go
    /// cold first. Null: it was read before that.</summary>
    public long? At { get; init; }
}

/// <summary>
/// A client's stream of pushes (rule 32): the last sequence taken, and the checks of up to 64 pushes that end with it; of a retired one
/// none.
/// </summary>
public sealed record PushCursor(long Sequence, IReadOnlyList<string> Checks)
{
    /// <summary>Its sequence goes on; which bodies the last ones had is not known any more.</summary>
    [JsonIgnore]
    public bool IsRetired => Checks.Count == 0;

    public const int Remembered = 64;
}
