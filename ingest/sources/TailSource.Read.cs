using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Sources;

/// <summary>Steps 2, 3 and 4 of a poll for one file: what it is, and reading it.</summary>
public sealed partial class TailSource
{
    private enum Look { Done, More, Wait }

    private async Task<Look> LookAsync(string path, SeenPath seen, bool changed, Func<string, bool> mayDecide, IBlockSink sink, CancellationToken stop)
    {
        SourceFile? file = null;
        try
        {
            file = await workers.Run(() => SourceFile.Open(path));
            if (file.IsGzip && changed)
            {
                // It may still be written: looked into when it stayed as it is for a poll.
                if (Owned(path) is { IsGzip: false })
                {
                    Release(path, null);
                }
                return Look.Done;
            }
            seen.Settled = !changed;
            var opened = file;
            var fingerprint = await workers.Run(() => Fingerprint(opened));
            (seen.End, seen.Decompressed, seen.LastError) = (file.End, file.Decompressed, null);
            var decision = fingerprint is null ? null
                : await workers.Run(() => cursors.Decide(fingerprint, opened.ContentLength, at => opened.Before(at) is { } before ? hash.Of(before) : null));
            if (decision is null or FileDecision.Shrunk)
            {
                var truncated = Release(path, null);
                seen.Identity = null;
                if (decision is FileDecision.Shrunk shrunk)
                {
                    (seen.End, seen.Decompressed) = (file.End, file.Decompressed);
                    if (!truncated && seen.Settled && file.End is ContentEnd.Open or ContentEnd.Whole)
                    {
                        events.Shrunk(path, file.IsGzip ? file.Decompressed : file.RawLength, shrunk.Cursor.Offset);
                    }
                }
                return Look.Done;
            }

            Release(path, decision.Identity);
            var followed = _followed.GetValueOrDefault(decision.Identity);
            if (followed?.Path is { } owner && owner != path)
            {
                if (!mayDecide(owner))
                {
                    return Look.Wait;
                }
                seen.Identity = decision.Identity;
                seen.SameSince ??= time.GetTimestamp();
                // The same first line and not yet read: whether it is the same file shows when the other was read.
                seen.Settled &= decision is FileDecision.Resume;
                return Look.Done;
            }
            if (followed is { Path: null, Open: not null, IsGzip: false } && file.IsGzip)
            {
                // The file that was compressed is still open, and may have grown since: it is read to its end first.
                seen.Identity = decision.Identity;
                return Look.Done;
            }
            (seen.SameSince, seen.SameReported) = (null, false);
            var cursor = (decision as FileDecision.Resume)?.Cursor;
            if (followed is null)
            {
                var why = "";
                var reads = format ?? (cursor is not null ? Formats.Formats.Remembered(cursor.Format, out why) : await workers.Run(() => opened.DetectFormat(out why)));
                if (reads is null)
                {
                    if (changed)
                    {
                        events.UnknownFormat(path, why);
                    }
                    return Look.Done;
                }
                followed = new FollowedFile(decision.Identity, cursor?.Path ?? path, reads, file.IsGzip) { LastPath = path };
                _followed[decision.Identity] = followed;
                events.Opened(path, cursor?.Offset ?? 0);
                if (decision is FileDecision.New { Ordinal: > 0 } other)
                {
                    events.SameFirstLine(path, other.Ordinal);
                }
            }
            else if (followed.LastPath != path)
            {
                events.Renamed(followed.LastPath, path, cursor?.Offset ?? 0);
            }
            seen.Identity = decision.Identity;
            (followed.Path, followed.LastPath) = (path, path);

            // 3 offer
            var more = await ReadAsync(followed, file, final: file.IsGzip, sink, stop);
            (seen.End, seen.Decompressed) = (file.End, file.Decompressed);
            if (!file.IsGzip)
            {
                followed.Keep(file);
                file = null;
            }
            seen.Settled &= !more;
            return more ? Look.More : Look.Done;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            // It vanished since it was seen: the next poll knows.
            return Look.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            seen.Settled = false;
            if (seen.LastError != e.Message)
            {
                seen.LastError = e.Message;
                events.Unreadable(path, $"{e.GetType().Name}: {e.Message}");
            }
            return Look.Done;
        }
        finally
        {
            file?.Dispose();
        }
    }

    private string? Fingerprint(SourceFile file) =>
        FileFingerprint.Of(file.ContentAt(0), hash) ?? (file.End == ContentEnd.Whole ? FileFingerprint.Of(file.ContentAt(0), hash, final: true, format) : null);

    /// <summary>Offers what follows the cursor. True where it stopped before the end, to give others their turn.</summary>
    private async Task<bool> ReadAsync(FollowedFile followed, SourceFile file, bool final, IBlockSink sink, CancellationToken stop)
    {
        var cursor = cursors.Find(followed.Identity);
        using var blocks = await workers.Run(() => file.Blocks(new FileReading(cursors.Source, followed.Identity, followed.FirstPath, followed.Format, hash), cursor));
        if (file.RawLength != followed.Length)
        {
            (followed.Length, followed.GrownAt) = (file.RawLength, time.GetTimestamp());
        }
        var last = false;
        for (var count = 0; !stop.IsCancellationRequested; count++)
        {
            if (count == MostBlocksAtOnce && !file.IsGzip)
            {
                return true;
            }
            var block = await workers.Run(() => blocks.Next(last));
            if (block is not null)
            {
                // What was read is offered, also when the source is asked to stop meanwhile.
                await _taken.OfferAsync(sink, block, CancellationToken.None);
                cursors.Advance(followed.Identity, blocks.Cursor!);
                events.Offered(followed.LastPath, block.From, block.To);
                continue;
            }
            followed.Pending = blocks.Pending;
            if (last || !final || (file.IsGzip && file.End != ContentEnd.Whole))
            {
                break;
            }
            last = true;
        }
        return false;
    }

    /// <summary>A file without a name, or a rotated one with an unterminated end.</summary>
    private async Task<bool> ReadOnAsync(FollowedFile followed, IBlockSink sink, CancellationToken stop)
    {
        if (followed.Open is null && followed.Path is { } path)
        {
            _seen[path].Settled = false;
            followed.GrownAt = time.GetTimestamp();
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
                Truncated(followed, open, cursor.Offset);
                return false;
            }
            var quiet = IsQuiet(followed.GrownAt) && open.RawLength == followed.Length;
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
            events.Unreadable(followed.LastPath, $"{e.GetType().Name}: {e.Message}");
            Drop(followed);
            return false;
        }
    }
}
