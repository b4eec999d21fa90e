using Pipeline.Core.Store.Directories;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Files;

/// <summary>What is followed, and how.</summary>
public sealed record TailOptions
{
    /// <summary>Files, folders and patterns: see <see cref="SourcePaths"/>. They need not exist yet.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    /// <summary>How often names, lengths and times are looked at.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long at most a file is not looked at that was quiet for less than six times as long, and a folder not listed whose time
    /// stood still for less. Zero: all at every poll.</summary>
    public TimeSpan QuietPoll { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long at most a file is not looked at, and a folder not listed, however long it was quiet. Longer: less work for idle
    /// files, lines that come after a long pause are read later. Not below <see cref="QuietPoll"/>.</summary>
    public TimeSpan IdlePoll { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a rotated file must not grow before its unterminated end is taken as a line (rule 29), and how long a finding must
    /// last before it is reported.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Files that are kept open, so that one that is deleted or moved out of sight is still read to its end. Above it, those that
    /// were quiet longest are closed and opened again when they change.</summary>
    public int MaxHandles { get; init; } = 256;

    /// <summary>How long something is not looked at that was quiet for so long: half as long, up to one limit, and a sixth as long, up to
    /// the other.</summary>
    internal TimeSpan Wait(TimeSpan quiet)
    {
        if (QuietPoll <= TimeSpan.Zero)
        {
            return TimeSpan.Zero;
        }
        var (half, sixth) = (quiet / 2, quiet / 6);
        return half < QuietPoll ? half : sixth < QuietPoll ? QuietPoll : sixth < IdlePoll ? sixth : IdlePoll;
    }
}

/// <summary>A path that is there, and what was found under it.</summary>
internal sealed class SeenPath(string path, int spread)
{
    public string Path { get; } = path;
    /// <summary>Any number: paths with different ones are not all looked at in the same poll.</summary>
    public int Spread { get; } = spread;
    /// <summary>Where it stands in <see cref="LookTimes"/>; −1 before it does.</summary>
    public int Slot { get; set; } = -1;
    public FileStamp Stamp { get; set; }
    /// <summary>Its stamp is another one than when its content was looked at.</summary>
    public bool Changed { get; set; }
    /// <summary>Its content was looked at twice with this stamp: a file that was replaced within the clock's step is found too. Until then
    /// it is looked at in each poll: set by <see cref="LookTimes"/>.</summary>
    public bool Settled { get; set; }
    public long ChangedAt { get; set; }
    /// <summary>What its content is; null where that is not known yet.</summary>
    public string? Identity { get; set; }
    /// <summary>A file that was followed here was replaced or emptied, and what is here since has no identity yet: it is no older copy of
    /// anything.</summary>
    public bool Rewritten { get; set; }
    /// <summary>It was a copy of this identity, whole or a part, when it had so many bytes.</summary>
    public string? CopyOf { get; set; }
    public long CopyLength { get; set; }
    /// <summary>It ends before the cursor of another file and is left alone; null where it does not.</summary>
    public ShrunkFile? Shrunk { get; set; }
    /// <summary>It stayed shrunk, and is read as a file that lost its end.</summary>
    public bool ReadsAgain { get; set; }
    /// <summary>Since when another path has the same content.</summary>
    public long? SameSince { get; set; }
    public bool SameReported { get; set; }
    public ContentEnd End { get; set; }
    public long Decompressed { get; set; }
    public bool EndReported { get; set; }
    public string? LastError { get; set; }
    /// <summary>The other source that has its content, as it was told; null where none has.</summary>
    public string? KnownAs { get; set; }

    /// <summary>Its content ended as no content should.</summary>
    public bool IsBroken => End is not (ContentEnd.Open or ContentEnd.Whole);

    /// <summary>Something is the matter with it that is reported when it lasts.</summary>
    public bool MayTell => (SameSince is not null && !SameReported) || (Shrunk is { } shrunk
        && (!shrunk.IsReported || (shrunk.IsNear && !ReadsAgain))) || (IsBroken && !EndReported);
}

/// <summary>A file that may be an older copy of one that was read farther.</summary>
/// <param name="Of">The first line that both have.</param>
/// <param name="Since">When it was found so: a timestamp of the clock.</param>
/// <param name="From">The cursor that it ends before.</param>
/// <param name="Length">How long it was then: with the check there it is noticed when something else takes its place. 0 where it is
/// compressed.</param>
/// <param name="IsNear">Little of it would be read again: when it lasts, it is read as a file that lost its end.</param>
internal sealed record ShrunkFile(string Of, long Since, long From, long Length, string? Check, bool IsNear, bool IsReported);

/// <summary>A file that is followed, whatever its name is.</summary>
internal sealed class FollowedFile(string identity, string firstPath, ILineFormat format, bool isGzip) : IDisposable
{
    public string Identity { get; } = identity;
    /// <summary>The first name that it was read under: where another file has that name now, it was rotated.</summary>
    public string FirstPath { get; set; } = firstPath;
    public ILineFormat Format { get; } = format;
    public bool IsGzip { get; } = isGzip;
    /// <summary>Its name; null where it was deleted or moved out of sight, and is only read through <see cref="Open"/>.</summary>
    public string? Path { get; set; }
    public string LastPath { get; set; } = firstPath;
    public SourceFile? Open { get; private set; }
    /// <summary>0 where the system does not tell.</summary>
    public ulong Inode { get; set; }
    /// <summary>Since when it has neither a name nor a handle: it is looked for under other names.</summary>
    public long? MissingSince { get; set; }
    public long Length { get; set; } = -1;
    public long GrownAt { get; set; }
    public long Pending { get; set; }
    /// <summary>Up to where there is no '\n' after the cursor, and the check there: so that an end that grows without one is not read again
    /// at each poll.</summary>
    public long Searched { get; set; }
    public string? SearchedCheck { get; set; }
    /// <summary>Paths with the same content, to be looked at again when this one is no longer followed; null where there never was one, as
    /// for almost all.</summary>
    public List<SeenPath>? Others { get; private set; }

    public void Add(SeenPath other)
    {
        if (Others?.Contains(other) != true)
        {
            (Others ??= []).Add(other);
        }
    }

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
