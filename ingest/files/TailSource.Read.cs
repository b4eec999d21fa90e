using Pipeline.Core.Store;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>Steps 2, 3 and 4 of a poll for one file: what it is, and reading it.</summary>
public sealed partial class TailSource
{
    private enum Look { Done, More, Wait }

    /// <summary>An unterminated end below this is simply read again.</summary>
    private const int MinSearched = 4_096;

    private async Task<Look> LookAsync(SeenPath seen, bool changed, Func<string, bool> mayDecide, IBlockSink sink, CancellationToken stop,
        bool drained = false)
    {
        var path = seen.Path;
        SourceFile? file = null;
        try
        {
            file = await workers.Run(() => SourceFile.Open(path));
            if (file.IsGzip && changed)
            {
                // It may still be written: looked into when it stayed as it is for a poll.
                if (Owned(path) is { IsGzip: false })
                {
                    Release(seen, null);
                }
                return Look.Done;
            }
            seen.Settled = !changed;
            var opened = file;
            var (fingerprint, content, decision) = await workers.Run(() => Decide(opened));
            if (fingerprint is not null && await cursors.RecallAsync(fingerprint, path, stop))
            {
                (fingerprint, content, decision) = await workers.Run(() => Decide(opened));
            }
            (seen.End, seen.Decompressed, seen.LastError) = (file.End, file.Decompressed, null);
            var shrunk = seen.Shrunk;
            seen.Shrunk = null;
            _shrunk.Remove(seen);
            if (decision is null or FileDecision.Shrunk)
            {
                Release(seen, null);
                seen.Identity = null;
            }
            if (shrunk is not null && !file.IsGzip && Check(file, shrunk.Length) != shrunk.Check)
            {
                // It was written over before it was known what it is.
                TellShrunk(seen, shrunk);
                shrunk = null;
            }
            if (decision is FileDecision.Shrunk before)
            {
                var (likeness, copied) = seen.Rewritten && !file.IsGzip ? (CopyLikeness.Another, before.Identity)
                    : await workers.Run(() => Compare(seen, opened, fingerprint!));
                switch (FileTransitions.OfShrunk(likeness, before.IsNear, seen.ReadsAgain))
                {
                    case FileTransition.ReadAgain:
                        decision = before.Again;
                        break;
                    case FileTransition.Copy:
                        Same(seen, copied, file);
                        break;
                    default:
                        Hold(seen, file, fingerprint!, before, shrunk);
                        break;
                }
            }
            if (decision is null or FileDecision.Shrunk)
            {
                return Look.Done;
            }

            if (decision is FileDecision.New && await OwnerAsync(fingerprint!, content!, stop) is { } first)
            {
                KnownAs(seen, first);
                return Look.Done;
            }

            Release(seen, decision.Identity);
            seen.ReadsAgain = false;
            if (decision is FileDecision.Branch parted)
            {
                var of = _followed.GetValueOrDefault(parted.Point.Of);
                switch (FileTransitions.OfBranch(new PathFacts(file.IsGzip, drained), Peer(of, path, mayDecide), parted.Point.From))
                {
                    case FileTransition.Drain:
                        return await ReadOnAsync(of!, sink, stop, mayEnd: false) ? Look.More
                            : await LookAsync(seen, changed, mayDecide, sink, stop, drained: true);
                    case FileTransition.Wait:
                        return Look.Wait;
                    case FileTransition.Apart:
                        decision = parted with { Point = parted.Point.Apart() };
                        break;
                    case FileTransition.Succeed:
                        Drop(of!);
                        break;
                }
            }
            var point = (decision as FileDecision.Branch)?.Point;
            var followed = _followed.GetValueOrDefault(decision.Identity);
            var cursor = (decision as FileDecision.Resume)?.Cursor;
            var reader = Peer(followed, path, mayDecide);
            var goesOn = reader is { Name: PeerName.Elsewhere, IsDecided: true } && cursor is not null
                && await workers.Run(() => opened.EndsALine(cursor.Offset, out _));
            switch (FileTransitions.OfContent(new PathFacts(file.IsGzip, drained), reader, goesOn))
            {
                case FileTransition.Wait:
                    return Look.Wait;
                case FileTransition.Copy:
                    Same(seen, decision.Identity, file);
                    // The same first line and not yet read: whether it is the same file shows when the other was read.
                    seen.Settled &= cursor is not null;
                    return Look.Done;
                case FileTransition.Overtake:
                    // They are two files that were alike up to here: the other is a part of this one, or another file.
                    _times.Unsettle(_seen[followed!.Path!]);
                    Keep(followed, null);
                    break;
                case FileTransition.Compressed:
                    seen.Identity = decision.Identity;
                    followed!.Add(seen);
                    return Look.Done;
                case FileTransition.Drain:
                    return await ReadOnAsync(followed!, sink, stop, mayEnd: false) ? Look.More
                        : await LookAsync(seen, changed, mayDecide, sink, stop, drained: true);
            }
            (seen.SameSince, seen.SameReported, seen.Rewritten, seen.CopyOf) = (null, false, false, null);
            if (followed is null)
            {
                var why = "";
                var reads = format ?? (cursor is not null ? LogFormats.Remembered(cursor.Format, out why)
                    : point is not null && cursors.Find(point.Of) is { } origin ? LogFormats.Remembered(origin.Format, out why)
                        : await workers.Run(() => opened.DetectFormat(out why)));
                if (reads is null)
                {
                    if (changed)
                    {
                        events.UnknownFormat(path, why);
                    }
                    return Look.Done;
                }
                followed = new FollowedFile(decision.Identity, cursors.Names.Find(decision.Identity) is { } known && IsNameOf(path, known)
                    ? known : path, reads, file.IsGzip) { LastPath = path };
                _followed[decision.Identity] = followed;
                foreach (var copy in _shrunk.Where(s => FileCursors.FingerprintOf(decision.Identity).SequenceEqual(s.Shrunk?.Of)))
                {
                    // Now there is something to compare it with.
                    _times.Unsettle(copy);
                }
                events.Opened(path, cursor?.Offset ?? point?.From ?? 0);
                if (decision is FileDecision.Branch { Point.From: 0 } another)
                {
                    events.SameFirstLine(path, another.Ordinal);
                }
                else if (point is not null)
                {
                    events.Rewound(path, point.From, cursors.Find(point.Of)?.Offset ?? 0, point.Edited);
                }
            }
            else if (followed.LastPath != path)
            {
                events.Renamed(followed.LastPath, path, cursor?.Offset ?? 0);
                CopiedUnseen(followed, seen, file);
                if (!IsNameOf(path, followed.FirstPath) || (!file.IsGzip && followed.Inode != seen.Stamp.Inode))
                {
                    // Another file that was alike so far, and not the rotated one.
                    followed.FirstPath = path;
                }
            }
            // One string for all that remember it.
            seen.Identity = followed.Identity;
            if (!file.IsGzip && followed.Path == path && file.RawLength < followed.Length && seen.Stamp.Inode == followed.Inode)
            {
                // It is shorter than it was and goes on all the same: an unterminated end was cut off, or all that followed the cursor.
                Lost();
                events.Truncated(path, file.RawLength, cursor?.Offset ?? 0);
                followed.Length = file.RawLength;
            }
            (followed.Path, followed.LastPath, followed.Inode, followed.MissingSince) = (path, path, seen.Stamp.Inode, null);

            // 3 offer
            var more = await ReadAsync(followed, file, final: file.IsGzip, sink, stop, point is null ? null : (content!, point));
            (seen.End, seen.Decompressed) = (file.End, file.Decompressed);
            if (!file.IsGzip)
            {
                Keep(followed, file);
                file = null;
                CloseQuietest();
            }
            seen.Settled &= !more;
            return more ? Look.More : Look.Done;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // It vanished since it was seen: the next poll knows.
            return Look.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StoreException)
        {
            // Also where the store did not say whose content it is: nothing is read before it does.
            seen.Settled = false;
            if (seen.LastError != e.Message)
            {
                seen.LastError = e.Message;
                events.Unreadable(path, e);
            }
            return Look.Done;
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <summary>A followed file as the decision sees it. Whether its name is decided is only asked where that is elsewhere.</summary>
    private static PeerFacts? Peer(FollowedFile? file, string path, Func<string, bool> mayDecide) => file is null ? null
        : new PeerFacts(file.Path is null ? PeerName.None : file.Path == path ? PeerName.Here : PeerName.Elsewhere, file.Open is not null,
            file.IsGzip, file.Path is not { } name || name == path || mayDecide(name));

    /// <summary>A file that is left alone. With the first line that it was found with before, it is so since then.</summary>
    private void Hold(SeenPath seen, SourceFile file, string fingerprint, FileDecision.Shrunk now, ShrunkFile? before)
    {
        var (since, reported) = before?.Of == fingerprint ? (before.Since, before.IsReported) : (time.GetTimestamp(), false);
        var shrunk = new ShrunkFile(fingerprint, since, now.Cursor.Offset, 0, null, now.IsNear, reported);
        // Held before its end is read: where that fails, it is still known to be shrunk.
        seen.Shrunk = shrunk;
        _shrunk.Add(seen);
        if (!file.IsGzip)
        {
            seen.Shrunk = shrunk with { Length = file.LengthAtOpen, Check = Check(file, file.LengthAtOpen) };
        }
    }

    /// <summary>Another source that has captured this content; null: none.</summary>
    private Task<string?> OwnerAsync(string fingerprint, FileContent content, CancellationToken stop) => cursors.Contents is { } contents
        ? contents.OwnerAsync(fingerprint, other => workers.Run(() => ContentLikeness.Of(other, fingerprint, content)), stop)
        : Task.FromResult<string?>(null);

    private void KnownAs(SeenPath seen, string owner)
    {
        Release(seen, null);
        seen.Identity = null;
        if (seen.KnownAs != owner)
        {
            seen.KnownAs = owner;
            events.KnownContent(seen.Path, owner);
        }
    }

    /// <summary>Whether a rotated file of this name may be called so: log, log.1, log-2026 and log.2.gz. Of files that are alike, one that
    /// is not was never that one.</summary>
    private static bool IsNameOf(string path, string? first) => first is not null
        && Path.GetFileName(path.AsSpan()).StartsWith(Path.GetFileName(first.AsSpan()) is var name && name.IndexOf('.') is > 0 and var dot
            ? name[..dot] : name, StringComparison.Ordinal);

    private (string? Fingerprint, FileContent? Content, FileDecision? Decision) Decide(SourceFile file)
    {
        var first = FileFingerprint.Find(file.ContentAt(0), hash) ?? (file.End == ContentEnd.Whole
            ? FileFingerprint.Find(file.ContentAt(0), hash, final: true, format) : null);
        if (first is not { Hash: var fingerprint, End: var end })
        {
            return default;
        }
        var content = new FileContent(file, hash, end);
        return (fingerprint, content, cursors.Decide(fingerprint, content, file.Path));
    }

    private string? Check(SourceFile file, long at) => file.Before(at) is { } before ? hash.Of(before) : null;

    /// <summary>Another path has this content; it is read once.</summary>
    private void Same(SeenPath seen, string identity, SourceFile file)
    {
        seen.Identity = identity;
        seen.SameSince ??= time.GetTimestamp();
        (seen.CopyOf, seen.CopyLength) = (identity, file.LengthAtOpen);
        if (_followed.GetValueOrDefault(identity) is { } followed)
        {
            followed.Add(seen);
        }
    }

    /// <summary>Offers what follows the cursor. True where it stopped before the end, to give others their turn.</summary>
    /// <param name="begins">Set where it parts from another file and is read for the first time.</param>
    private async Task<bool> ReadAsync(FollowedFile followed, SourceFile file, bool final, IBlockSink sink, CancellationToken stop,
        (FileContent Content, BranchPoint Point)? begins = null)
    {
        var reading = new FileReading(cursors.Source, followed.Identity, followed.Format, hash) { IsRemembered = true,
            Begins = begins?.Point };
        var cursor = begins is null ? cursors.Find(followed.Identity)
            : await workers.Run(() => begins.Value.Content.Start(reading, begins.Value.Point));
        if (file.RawLength != followed.Length)
        {
            (followed.Length, followed.GrownAt) = (file.RawLength, time.GetTimestamp());
        }
        if (!final && !file.IsGzip && cursor is not null && await workers.Run(() => StillPending(followed, file, cursor.Offset)))
        {
            return false;
        }
        cursors.Names.Note(followed.Identity, followed.FirstPath);
        using var blocks = await workers.Run(() => file.Blocks(reading, cursor));
        var (last, doubles) = (false, 0L);
        for (var count = 0; !stop.IsCancellationRequested; count++)
        {
            if (count == MaxBlocksAtOnce && !file.IsGzip)
            {
                return true;
            }
            var block = await workers.Run(() => blocks.Next(last));
            if (block is not null)
            {
                // What was read is offered, also when the source is asked to stop meanwhile.
                await _taken.OfferAsync(sink, block, CancellationToken.None);
                cursors.Advance(followed.Identity, blocks.Cursor!);
                (PossibleDoubles, doubles) = (PossibleDoubles + blocks.PossibleDoubles - doubles, blocks.PossibleDoubles);
                events.Offered(followed.LastPath, block.From, block.To);
                continue;
            }
            followed.Pending = blocks.Pending;
            Loose(followed);
            if (last || !final || (file.IsGzip && file.End != ContentEnd.Whole))
            {
                Searched(followed, file, blocks.Offset + blocks.Pending);
                break;
            }
            last = true;
        }
        return false;
    }

    /// <summary>Whether what follows the cursor is still no line: only what came since the last look is read.</summary>
    private bool StillPending(FollowedFile followed, SourceFile file, long offset)
    {
        if (followed.Pending < MinSearched || followed.SearchedCheck is not { } check || followed.Searched - followed.Pending != offset
            || Check(file, followed.Searched) != check
            || file.EndsALine(followed.Searched, out var end))
        {
            return false;
        }
        followed.Pending = end - offset;
        Loose(followed);
        Searched(followed, file, end);
        return true;
    }

    private void Loose(FollowedFile followed)
    {
        if (followed.Pending > 0)
        {
            _loose.Add(followed);
        }
    }

    private void Searched(FollowedFile followed, SourceFile file, long end) =>
        (followed.Searched, followed.SearchedCheck) = (end, file.IsGzip || followed.Pending < MinSearched ? null : Check(file, end));

    /// <summary>A file without a name, or a rotated one with an unterminated end.</summary>
    /// <param name="mayEnd">Whether its unterminated end is a line when it was quiet; not where another name was just found for it.</param>
    private async Task<bool> ReadOnAsync(FollowedFile followed, IBlockSink sink, CancellationToken stop, bool mayEnd = true)
    {
        if (followed.Open is null && followed.Path is { } path)
        {
            _times.Unsettle(_seen[path]);
            followed.GrownAt = time.GetTimestamp();
            return false;
        }
        if (followed.MissingSince is { } missing)
        {
            Missing(followed, missing);
            return false;
        }
        if (followed.Open is not { } open || cursors.Find(followed.Identity) is not { } cursor)
        {
            Drop(followed);
            return false;
        }
        try
        {
            if (!await workers.Run(() => open.Continues(cursor, hash)))
            {
                Truncated(followed, open.RawLength);
                return false;
            }
            var quiet = mayEnd && IsQuiet(followed.GrownAt) && open.RawLength == followed.Length;
            var pending = followed.Pending;
            var more = await ReadAsync(followed, open, final: quiet, sink, stop);
            if (quiet && !more && !stop.IsCancellationRequested)
            {
                if (pending > 0)
                {
                    events.TailTaken(followed.LastPath, cursor.Offset, pending);
                }
                if (followed.Path is null)
                {
                    Drop(followed);
                }
            }
            return more;
        }
        catch (IOException e)
        {
            events.Unreadable(followed.LastPath, e);
            Drop(followed);
            return false;
        }
    }
}
