namespace Pipeline.Ingest.Files;

/// <summary>What a tail does with a file after it looked at it.</summary>
internal enum FileTransition
{
    /// <summary>It is read here: from its cursor, from its start, or from where it parts from another file.</summary>
    Read,

    /// <summary>Another path has its content, which is read once.</summary>
    Copy,

    /// <summary>It ends before the cursor and may be an older copy: it is left alone, and reported when that lasts.</summary>
    Shrunk,

    /// <summary>It lost its end: it is read again from the last place that is as it was.</summary>
    ReadAgain,

    /// <summary>The file that it parts from is still there: it is another file, and read whole.</summary>
    Apart,

    /// <summary>The file that it parts from is gone: it takes that file's place.</summary>
    Succeed,

    /// <summary>It goes on where its content's reader has no further line: it is read here, and the other is looked at again.</summary>
    Overtake,

    /// <summary>The open file without a name is read to its end first.</summary>
    Drain,

    /// <summary>It is the compressed copy of an open file, which is read first.</summary>
    Compressed,

    /// <summary>Something else must show first: another path is decided before, or time must pass.</summary>
    Wait,

    /// <summary>What was written to it since it was read is gone: a possible loss.</summary>
    Truncated,

    /// <summary>It has neither a name nor a handle, and may come back under another name.</summary>
    Missing,

    /// <summary>It is no longer followed, and nothing is lost.</summary>
    Forget,
}

/// <summary>How a file that ends before a cursor compares to the file that was read there.</summary>
internal enum CopyLikeness { Unknown, Copy, Another }

/// <summary>Where a followed file has its name, seen from the path that is looked into.</summary>
internal enum PeerName { None, Here, Elsewhere }

/// <summary>A followed file that has the content in question, or a part of it.</summary>
/// <param name="IsDecided">Its name was looked at in this poll; only asked where that is elsewhere.</param>
internal readonly record struct PeerFacts(PeerName Name, bool IsOpen, bool IsGzip, bool IsDecided = true)
{
    /// <summary>It is only read through its handle, and may have grown.</summary>
    public bool IsLoose => this is { Name: PeerName.None, IsOpen: true, IsGzip: false };
}

/// <summary>The path that is looked into.</summary>
/// <param name="IsDrained">The open file without a name was read to its end for it.</param>
internal readonly record struct PathFacts(bool IsGzip, bool IsDrained);

/// <summary>A followed file whose path holds something else now, or nothing.</summary>
/// <param name="IsInPlace">The same inode is still under its path.</param>
/// <param name="GoesOn">Its handle still goes on at the cursor, or nothing was read yet; only asked where it is open.</param>
internal readonly record struct LostNameFacts(bool IsOpen, bool IsGzip, bool IsInPlace, bool GoesOn);

/// <summary>Decides what becomes of a followed file from facts alone. It looks at no file and has no state.</summary>
internal static class FileTransitions
{
    /// <summary>A file that ends before a cursor: <see cref="FileTransition.ReadAgain"/>, <see cref="FileTransition.Copy"/> or
    /// <see cref="FileTransition.Shrunk"/>.</summary>
    /// <param name="isNear">Little of it would be read again.</param>
    /// <param name="lasts">It has stayed so for the quiet time: it is no file that is being restored.</param>
    public static FileTransition OfShrunk(CopyLikeness likeness, bool isNear, bool lasts) => likeness switch
    {
        CopyLikeness.Another => FileTransition.ReadAgain,
        CopyLikeness.Copy => FileTransition.Copy,
        _ => isNear && lasts ? FileTransition.ReadAgain : FileTransition.Shrunk,
    };

    /// <summary>A file that parts from another one.</summary>
    /// <param name="of">The other file; null where it is not followed.</param>
    /// <param name="from">Where it parts.</param>
    public static FileTransition OfBranch(PathFacts path, PeerFacts? of, long from) => of switch
    {
        null => FileTransition.Read,
        { IsLoose: true } when path is { IsGzip: false, IsDrained: false } => FileTransition.Drain,
        { Name: PeerName.Elsewhere, IsDecided: false } => FileTransition.Wait,
        { Name: not PeerName.None } => FileTransition.Apart,
        { IsOpen: true } => from == 0 ? FileTransition.Apart : FileTransition.Read,
        _ => from > 0 ? FileTransition.Succeed : FileTransition.Read,
    };

    /// <summary>A file whose content is known, or is new and has no reader yet.</summary>
    /// <param name="reader">The followed file that has this content; null: none has.</param>
    /// <param name="goesOn">There is a cursor, and this file has a line that ends there.</param>
    public static FileTransition OfContent(PathFacts path, PeerFacts? reader, bool goesOn) => reader switch
    {
        { Name: PeerName.Elsewhere, IsDecided: false } => FileTransition.Wait,
        { Name: PeerName.Elsewhere } => goesOn ? FileTransition.Overtake : FileTransition.Copy,
        { IsLoose: true } when path.IsGzip => FileTransition.Compressed,
        { IsLoose: true } when !path.IsDrained => FileTransition.Drain,
        _ => FileTransition.Read,
    };

    /// <summary>A file that loses its name: read on through its handle, truncated, missing or forgotten.</summary>
    public static FileTransition OfLostName(LostNameFacts file) => file switch
    {
        { IsOpen: true } => file.GoesOn ? FileTransition.Read : FileTransition.Truncated,
        { IsGzip: true } => FileTransition.Forget,
        { IsInPlace: true } => FileTransition.Truncated,
        _ => FileTransition.Missing,
    };

    /// <summary>A file that is missing: it is waited for, lost, or the oldest of a rotation, which goes as it should.</summary>
    /// <param name="wasRotated">It had another name than the first one when it was seen last.</param>
    public static FileTransition OfMissing(TimeSpan since, TimeSpan limit, bool wasRotated) => since < limit ? FileTransition.Wait
        : wasRotated ? FileTransition.Forget : FileTransition.Truncated;
}
