using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Files;

/// <summary>Files that lose their names, and what may be lost with them.</summary>
public sealed partial class TailSource
{
    /// <summary>Bytes in common that are more than a first line that many files have.</summary>
    private const int MinCopy = 1_024;

    /// <summary>A path holds something else now, or nothing: the file that had it lost its name, or was truncated.</summary>
    private void Release(SeenPath seen, string? holds, bool there = true)
    {
        if (Owned(seen.Path) is not { } file || file.Identity == holds)
        {
            return;
        }
        file.Path = null;
        _loose.Add(file);
        // What is here now was written since: with the first line of the file that was here it is all the same another one.
        seen.Rewritten = !file.IsGzip;
        var open = file.Open;
        var goesOn = open is null || cursors.Find(file.Identity) is not { } cursor || Continues(file, open, cursor);
        switch (FileTransitions.OfLostName(new LostNameFacts(open is not null, file.IsGzip,
            IsInPlace: there && file.Inode != 0 && file.Inode == seen.Stamp.Inode, goesOn)))
        {
            case FileTransition.Truncated:
                Truncated(file, open?.RawLength ?? seen.Stamp.Length);
                break;
            case FileTransition.Forget:
                Drop(file);
                break;
            case FileTransition.Missing:
                file.MissingSince = time.GetTimestamp();
                break;
        }
    }

    private bool Continues(FollowedFile file, SourceFile open, FileCursor cursor)
    {
        try
        {
            return open.Continues(cursor, hash);
        }
        catch (IOException e)
        {
            events.Unreadable(file.LastPath, e);
            return false;
        }
    }

    private void Lost()
    {
        PossibleLosses++;
        _sink?.Note(Name, LossNotes.Truncated);
    }

    /// <summary>An older copy, or a file that was written anew while nobody looked: what it holds is not read, so it counts as a possible
    /// loss.</summary>
    private void TellShrunk(SeenPath seen, ShrunkFile shrunk)
    {
        if (!shrunk.IsReported)
        {
            Lost();
            events.Shrunk(seen.Path, seen.Decompressed > 0 ? seen.Decompressed : seen.Stamp.Length, shrunk.From);
        }
    }

    /// <summary>
    /// A file that was not open goes on in another file, which is a copy of it, and has its name no more: what was written to it after the
    /// copy was made is gone, and nothing else tells of it.
    /// Of a compressed copy that is not said: so every rotation ends, and the server has let go of the file by then.
    /// </summary>
    private void CopiedUnseen(FollowedFile file, SeenPath seen, SourceFile copy)
    {
        if (file is { MissingSince: not null, IsGzip: false } && !copy.IsGzip && file.Inode != 0 && file.Inode != seen.Stamp.Inode)
        {
            Lost();
            events.Truncated(file.LastPath, 0, cursors.Find(file.Identity)?.Offset ?? 0);
        }
    }

    private void Truncated(FollowedFile file, long length)
    {
        Lost();
        events.Truncated(file.LastPath, length, cursors.Find(file.Identity)?.Offset ?? 0);
        Drop(file);
    }

    /// <summary>A file that was not open when it lost its name: it was renamed out of sight, or deleted with what was written to it since
    /// it was read.</summary>
    private void Missing(FollowedFile file, long since)
    {
        switch (FileTransitions.OfMissing(time.GetElapsedTime(since), options.Quiet * MissingQuiets, file.LastPath != file.FirstPath))
        {
            case FileTransition.Truncated:
                Truncated(file, 0);
                break;
            case FileTransition.Forget:
                Drop(file);
                break;
        }
    }

    /// <summary>No longer followed; another path with the same content is looked at again.</summary>
    private void Drop(FollowedFile file)
    {
        Keep(file, null);
        _followed.Remove(file.Identity);
        _loose.Remove(file);
        foreach (var seen in file.Others ?? [])
        {
            _times.Unsettle(seen);
        }
        if (_seen.TryGetValue(file.LastPath, out var last) && last.Identity == file.Identity)
        {
            _times.Unsettle(last);
        }
    }

    /// <summary>
    /// Whether a file that ends before a cursor is an older copy of the file that was read there. 1 It is compared with all that have its
    /// first line and can still be looked into.
    /// 2 What was seen to be a copy stays one when its original is gone: `copytruncate` copies what is read meanwhile. 3 A first line that
    /// two different files had tells nothing of a third.
    /// </summary>
    private (CopyLikeness Likeness, string Of) Compare(SeenPath seen, SourceFile file, string fingerprint)
    {
        var (known, unknown) = (cursors.Known(fingerprint), 0);
        foreach (var (identity, offset) in known)
        {
            if (offset <= file.ContentLength && !file.IsGzip)
            {
                continue;
            }
            switch (Compare(file, identity))
            {
                case CopyLikeness.Copy:
                    return (CopyLikeness.Copy, identity);
                case CopyLikeness.Unknown when seen.CopyOf == identity
                    && (seen.CopyLength == file.LengthAtOpen || seen.CopyLength >= MinCopy):
                    return (CopyLikeness.Copy, identity);
                case CopyLikeness.Unknown:
                    unknown++;
                    break;
            }
        }
        return (unknown == 0 || (known.Count > 1 && !file.IsGzip) ? CopyLikeness.Another : CopyLikeness.Unknown, fingerprint);
    }

    private CopyLikeness Compare(SourceFile file, string identity)
    {
        if (file.IsGzip || _followed.GetValueOrDefault(identity) is not { } followed || (followed.Open is null && followed.Path is null))
        {
            return CopyLikeness.Unknown;
        }
        var other = followed.Open;
        try
        {
            other ??= SourceFile.Open(followed.Path!);
            return file.Before(file.LengthAtOpen) is not { } ours || other.Before(file.LengthAtOpen) is not { } theirs
                ? CopyLikeness.Unknown : ours.AsSpan().SequenceEqual(theirs) ? CopyLikeness.Copy : CopyLikeness.Another;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return CopyLikeness.Unknown;
        }
        finally
        {
            if (!ReferenceEquals(other, followed.Open))
            {
                other?.Dispose();
            }
        }
    }
}
