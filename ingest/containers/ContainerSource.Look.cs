using System.Buffers;
using Pipeline.Core.Captures;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Containers;

/// <summary>Steps 2 and 3 of a poll for one blob: what it is, and reading it.</summary>
public sealed partial class ContainerSource
{
    /// <summary>Bytes that are read to tell a blob's first line and format; more where they hold none.</summary>
    private const int HeadBytes = 128 * 1024, MaxHeadBytes = 8 << 20;

    private const int MaxTries = 3;

    private enum Look { Done, More, Wait, Changed, Other }

    private sealed record Head(string? Fingerprint, ILineFormat? Format, string Why, bool IsGzip);

    private async Task<Look> LookAsync(SeenBlob seen, IBlockSink sink, CancellationToken stop)
    {
        for (var tries = 1; ; tries++)
        {
            var offset = Offset(seen);
            var look = await LookOnceAsync(seen, sink, stop);
            if (look != Look.Changed || (tries >= MaxTries && Offset(seen) == offset))
            {
                // What keeps on changing is looked at in the next poll.
                return look;
            }
            // It grew since it was listed, or is gone.
            var now = await _blobs.FindAsync(seen.Name, stop);
            _listing.Update(seen.Name, now);
            if (now is null)
            {
                return Look.Done;
            }
            seen.Listed = now;
        }
    }

    private long Offset(SeenBlob seen) => seen.Identity is { } identity ? _cursors.Find(identity)?.Offset ?? 0 : 0;

    private async Task<Look> LookOnceAsync(SeenBlob seen, IBlockSink sink, CancellationToken stop)
    {
        var blob = seen.Listed;
        // The same name, not shorter, and the same bytes before the position: it grew.
        if (seen is { Identity: { } identity, Format: { } format } && _cursors.Find(identity) is { } cursor && cursor.Offset <= blob.Length)
        {
            if (!Enter(Fingerprint(identity)))
            {
                return Look.Wait;
            }
            try
            {
                // A copy under another name may have been read on meanwhile.
                cursor = _cursors.Find(identity)!;
                var look = cursor.Offset <= blob.Length ? await ReadAsync(seen, blob, identity, format, cursor, sink, stop) : Look.Other;
                if (look != Look.Other)
                {
                    return look;
                }
            }
            finally
            {
                Leave(Fingerprint(identity));
            }
        }
        if (await HeadAsync(blob, stop) is not { } head)
        {
            return Look.Changed;
        }
        if (head.IsGzip || head.Fingerprint is not { } fingerprint)
        {
            return Unreadable(seen, blob, head, sink);
        }
        if (!Enter(fingerprint))
        {
            return Look.Wait;
        }
        try
        {
            return await DecideAsync(seen, blob, head, fingerprint, sink, stop);
        }
        finally
        {
            Leave(fingerprint);
        }
    }

    /// <summary>No line yet, or none that can be read.</summary>
    private Look Unreadable(SeenBlob seen, AppendedBlob blob, Head head, IBlockSink sink)
    {
        (seen.Done, seen.Pending) = (blob.Etag, head.IsGzip || IsOld(blob) ? 0 : blob.Length);
        if (head.IsGzip)
        {
            _events.Unreadable(seen.Name, new UnreadableFileException(
                "it is gzip, and a container's blobs are read as they grow: bring it to a file and import that"));
        }
        else if (Known(seen).Select(_cursors.Find).FirstOrDefault(c => c is { Offset: > 0 }) is { } was)
        {
            Lost(seen, was.Offset, sink);
        }
        return Look.Done;
    }

    private async Task<Look> DecideAsync(SeenBlob seen, AppendedBlob blob, Head head, string fingerprint, IBlockSink sink,
        CancellationToken stop)
    {
        await _cursors.RecallAsync(fingerprint, null, stop);
        // First which positions there are, then what the blob has before each of them.
        var checks = new Dictionary<long, string?>();
        var decision = _cursors.Decide(fingerprint, blob.Length, at => checks[at] = "");
        foreach (var at in checks.Keys.ToList())
        {
            var before = new byte[(int)Math.Min(at, LineBlocks.CheckedBytes)];
            if (!await _blobs.ReadAsync(blob, at - before.Length, before, stop))
            {
                return Look.Changed;
            }
            checks[at] = _hash.Of(before);
        }
        decision = checks.Count == 0 ? decision : _cursors.Decide(fingerprint, blob.Length, at => checks[at]);
        if (decision is FileDecision.Shrunk shrunk)
        {
            (seen.Done, seen.Pending) = (blob.Etag, 0);
            lock (_lock)
            {
                _shrunk.Add((seen, shrunk));
            }
            return Look.Done;
        }
        if (decision is FileDecision.New && await OwnerAsync(blob, fingerprint, stop) is { } owner)
        {
            (seen.Done, seen.Pending) = (blob.Etag, 0);
            if (seen.KnownAs != owner)
            {
                seen.KnownAs = owner;
                _events.KnownContent(seen.Name, owner);
            }
            return Look.Done;
        }
        var cursor = (decision as FileDecision.Resume)?.Cursor;
        var why = head.Why;
        var format = _format ?? (cursor is null ? head.Format : LogFormats.Remembered(cursor.Format, out why));
        if (format is null)
        {
            (seen.Done, seen.Pending) = (blob.Etag, 0);
            _events.UnknownFormat(seen.Name, why);
            return Look.Done;
        }
        if (Known(seen) is { Count: > 0 } known && !known.Contains(decision.Identity))
        {
            Lost(seen, known.Max(id => _cursors.Find(id)?.Offset ?? 0), sink);
        }
        (seen.Identity, seen.Format) = (decision.Identity, format);
        Tell(seen, decision, cursor);
        return await ReadAsync(seen, blob, decision.Identity, format, cursor, sink, stop);
    }

    /// <summary>Another source that has captured this content; null: none.</summary>
    private async Task<string?> OwnerAsync(AppendedBlob blob, string fingerprint, CancellationToken stop) =>
        _cursors.Contents is not { } contents ? null
        : await contents.OwnerAsync(fingerprint, async other =>
        {
            var found = Likeness.Unread;
            foreach (var (identity, offset) in other.Known(fingerprint).Where(known => known.Offset > 0))
            {
                var before = new byte[(int)Math.Min(offset, LineBlocks.CheckedBytes)];
                if (offset <= blob.Length && await _blobs.ReadAsync(blob, offset - before.Length, before, stop)
                    && _hash.Of(before) == other.Find(identity)!.Check)
                {
                    return Likeness.Same;
                }
                found = Likeness.Other;
            }
            return found;
        }, stop);

    private void Tell(SeenBlob seen, FileDecision decision, FileCursor? cursor)
    {
        string owner;
        lock (_lock)
        {
            owner = _owners.TryGetValue(decision.Identity, out var name) && _seen.TryGetValue(name, out var has)
                && has.Identity == decision.Identity ? name : _owners[decision.Identity] = seen.Name;
        }
        _events.Opened(seen.Name, cursor?.Offset ?? 0);
        if (owner != seen.Name)
        {
            Same(seen, owner);
        }
        if (decision is FileDecision.New { Ordinal: > 0 } other)
        {
            _events.SameFirstLine(seen.Name, other.Ordinal);
        }
    }

    /// <summary>Offers what follows the cursor. Other: the bytes before it are not those that were read.</summary>
    private async Task<Look> ReadAsync(SeenBlob seen, AppendedBlob blob, string identity, ILineFormat format, FileCursor? cursor,
        IBlockSink sink, CancellationToken stop)
    {
        var reading = new FileReading(Name, identity, format, _hash);
        _cursors.Names.Note(identity, _cursors.Names.Find(identity) ?? seen.Name);
        var offset = cursor?.Offset ?? 0;
        using var lines = await ContainerLines.OpenAsync(_blobs, blob, reading, cursor, blob.Length, check: true, _workers, stop);
        if (lines is null || !lines.Continues)
        {
            return lines is null ? Look.Changed : Look.Other;
        }
        var final = IsOld(blob);
        ContainerRows? rows = null;
        for (var count = 0; !stop.IsCancellationRequested; count++)
        {
            if (count == MaxBlocksAtOnce)
            {
                return Look.More;
            }
            if (await lines.NextAsync(final, stop) is not { } block)
            {
                if (!lines.Changed)
                {
                    (seen.Done, seen.Pending) = (blob.Etag, lines.Pending);
                }
                return lines.Changed ? Look.Changed : Look.Done;
            }
            if (rows is null && (rows = await _windows.AtAsync(blob, reading, offset, stop)) is null)
            {
                block.Release?.Invoke();
                return Look.Changed;
            }
            var known = rows;
            var repeated = await _workers.Run(() => known.Add(block.Lines.Span, format));
            var unterminated = block.Lines.Span[^1] != '\n';
            await OfferAsync(repeated.Count == 0 ? block : block with { Repeated = repeated }, lines.Cursor!, sink);
            // After an end without '\n' the rows are made again from the bytes, as after a restart.
            rows.At = unterminated ? -1 : block.To;
            if (unterminated)
            {
                _events.TailTaken(seen.Name, block.From, block.To - block.From);
            }
            _events.Offered(seen.Name, block.From, block.To);
        }
        return Look.More;
    }

    /// <summary>One block at a time, in the order of each blob; what was read is offered, also when the source is asked to stop
    /// meanwhile.</summary>
    private async Task OfferAsync(SourceBlock block, FileCursor cursor, IBlockSink sink)
    {
        await _offering.WaitAsync(CancellationToken.None);
        try
        {
            await _taken.OfferAsync(sink, block, CancellationToken.None);
            _cursors.Advance(block.File!, cursor);
        }
        finally
        {
            _offering.Release();
        }
    }

    private async Task<Head?> HeadAsync(AppendedBlob blob, CancellationToken cancel)
    {
        for (var most = HeadBytes; ; most *= 4)
        {
            var length = (int)Math.Min(blob.Length, most);
            var buffer = ArrayPool<byte>.Shared.Rent(length + 1);
            try
            {
                if (!await _blobs.ReadAsync(blob, 0, buffer.AsMemory(0, length), cancel))
                {
                    return null;
                }
                var whole = length == blob.Length;
                var head = await _workers.Run(() => Read(buffer, length, final: whole && IsOld(blob)));
                if (head.Fingerprint is not null || head.IsGzip || whole || most >= MaxHeadBytes)
                {
                    return head;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private Head Read(byte[] buffer, int length, bool final)
    {
        if (GzipContentStream.IsGzip(buffer.AsSpan(0, length)))
        {
            return new Head(null, null, "", IsGzip: true);
        }
        var found = _format is null ? Detect.Of(buffer.AsSpan(0, length)) : new Detection(_format, 100, "");
        // Of a line that is longer than what is hashed, the end changes nothing.
        var ended = length - 1 - buffer.AsSpan(0, length).LastIndexOf((byte)'\n') > FileFingerprint.MaxHashed;
        buffer[length] = (byte)'\n';
        return new Head(FileFingerprint.Of(new MemoryStream(buffer, 0, ended ? length + 1 : length), _hash, final, found.Format),
            found.Format, found.Why, IsGzip: false);
    }

    private static string Fingerprint(string identity) => identity.Split('.')[0];

    private bool Enter(string fingerprint)
    {
        lock (_lock)
        {
            return _busy.Add(fingerprint);
        }
    }

    private void Leave(string fingerprint)
    {
        lock (_lock)
        {
            _busy.Remove(fingerprint);
        }
    }
}
