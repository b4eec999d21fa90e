using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Sources;

/// <summary>What is followed, and how.</summary>
public sealed record TailOptions
{
    /// <summary>Files, folders and patterns: see <see cref="SourcePaths"/>. They need not exist yet.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>How often names, lengths and times are looked at.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a rotated file must not grow before its unterminated end is taken as a line (rule 29), and how long a finding must last before it is reported.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Files that are kept open, so that one that is deleted or moved out of sight is still read to its end. Above it, those that were quiet longest are closed and opened again when they change.</summary>
    public int MostHandles { get; init; } = 256;
}

/// <summary>What a poll sees of a path without opening it.</summary>
internal readonly record struct Stamp(long Length, DateTime Written)
{
    public static Stamp? Of(string path)
    {
        try
        {
            var info = new FileInfo(path);
            return info.Exists ? new Stamp(info.Length, info.LastWriteTimeUtc) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A path that is there, and what was found under it.</summary>
internal sealed class SeenPath
{
    public Stamp Stamp { get; set; }
    /// <summary>Its content was looked at twice with this stamp: a file that was replaced within the clock's step is found too.</summary>
    public bool Settled { get; set; }
    public long ChangedAt { get; set; }
    /// <summary>What its content is; null where that is not known yet.</summary>
    public string? Identity { get; set; }
    /// <summary>Since when another path has the same content.</summary>
    public long? SameSince { get; set; }
    public bool SameReported { get; set; }
    public ContentEnd End { get; set; }
    public long Decompressed { get; set; }
    public bool EndReported { get; set; }
    public string? LastError { get; set; }
}

/// <summary>A file that is followed, whatever its name is.</summary>
internal sealed class FollowedFile(string identity, string firstPath, ILineFormat format, bool isGzip) : IDisposable
{
    public string Identity { get; } = identity;
    /// <summary>The first name that it was read under: where another file has that name now, it was rotated.</summary>
    public string FirstPath { get; } = firstPath;
    public ILineFormat Format { get; } = format;
    public bool IsGzip { get; } = isGzip;
    /// <summary>Its name; null where it was deleted or moved out of sight, and is only read through <see cref="Open"/>.</summary>
    public string? Path { get; set; }
    public string LastPath { get; set; } = firstPath;
    public SourceFile? Open { get; private set; }
    public long Length { get; set; } = -1;
    public long GrownAt { get; set; }
    public long Pending { get; set; }

    public void Keep(SourceFile? open)
    {
        if (!ReferenceEquals(Open, open))
        {
            Open?.Dispose();
            Open = open;
        }
    }

    public void Dispose() => Keep(null);
}
