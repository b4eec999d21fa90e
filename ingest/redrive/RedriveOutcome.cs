namespace Pipeline.Ingest.Redrive;

/// <summary>What a redrive found and did, of one source and reason. Lines are physical lines as captures name them.</summary>
public sealed record RedriveOutcome
{
    /// <summary>Rejections of files, in captures that stand, before it.</summary>
    public long Found { get; set; }

    /// <summary>Of them, now records (in a dry run: that would be).</summary>
    public long Redriven { get; set; }

    /// <summary>Still rejected, by any reason, or of several rows in one line.</summary>
    public long Left { get; set; }

    /// <summary>Of files that are gone, or hold something else by now.</summary>
    public long Unavailable { get; set; }

    /// <summary>Rejections of pushes, which no file holds.</summary>
    public long Pushed { get; set; }

    public SortedDictionary<string, long> Records { get; } = new(StringComparer.Ordinal);

    public List<string> MissingFiles { get; } = [];

    public long Captures { get; set; }
}
