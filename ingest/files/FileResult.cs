using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>What an import did with one file. Offsets and lengths are of decompressed bytes.</summary>
public sealed record FileResult
{
    public required string Path { get; init; }
    /// <summary>Null where the file has no complete line yet, or could not be read.</summary>
    public string? Identity { get; init; }
    public string? Format { get; init; }
    /// <summary>Where this run began to read, and up to where everything is captured.</summary>
    public long From { get; init; }
    public long To { get; init; }
    /// <summary>Physical lines that were offered, directives among them.</summary>
    public long Lines { get; init; }
    /// <summary>Bytes after the last complete line, left for a later run.</summary>
    public long Pending { get; init; }
    public bool IsGzip { get; init; }
    public ContentEnd End { get; init; }
    /// <summary>Another path of this run has the same content; it was read once.</summary>
    public string? SameAs { get; init; }
    /// <summary>Above 0: other files have the same first line (rule 34).</summary>
    public int Ordinal { get; init; }
    /// <summary>Set where the file went back or was edited since it was read up to here; <see cref="From"/> is where it was read
    /// on.</summary>
    public long? Rewound { get; init; }
    /// <summary>What was read was changed, and goes on unchanged at <see cref="From"/>: lines that were put in before are not
    /// read.</summary>
    public bool Edited { get; init; }
    /// <summary>Lines that were read now and may have been read before.</summary>
    public long PossibleDoubles { get; init; }
    /// <summary>Another source of the installation has this content: nothing of it was read.</summary>
    public string? KnownAs { get; init; }
    /// <summary>What went wrong, naming the file; what is complete before it is captured all the same.</summary>
    public string? Error { get; init; }
    /// <summary>What became of the lines that this run read.</summary>
    public LineCounts Counts { get; init; } = new();
}
