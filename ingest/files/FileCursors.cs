using System.Globalization;
using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Files;

/// <summary>What a file is that was found (rule 34).</summary>
public abstract record FileDecision(string Identity)
{
    /// <summary>It was read before, under whatever name: go on from the cursor.</summary>
    public sealed record Resume(string Identity, FileCursor Cursor) : FileDecision(Identity);

    /// <summary>It was never read. Above ordinal 0, another file with the same first line was: that is reported.</summary>
    public sealed record New(string Identity, int Ordinal) : FileDecision(Identity);

    /// <summary>Its first line is known, but it ends before the cursor: an error that names it; nothing is read.</summary>
    public sealed record Shrunk(string Identity, FileCursor Cursor) : FileDecision(Identity);
}

/// <summary>
/// Where each file of one source was read up to: the shard's state, moved on as blocks are offered. A decider: it does not look at files.
/// Several files may be read at once; an identity has one reader at a time.
/// </summary>
public sealed class FileCursors
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FileCursor> _cursors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _ordinals = new(StringComparer.Ordinal);

    /// <param name="files">A shard's files: <see cref="ShardState.Files"/>. Those of other sources are left out.</param>
    /// <param name="names">What this machine knows of their names; null: nothing.</param>
    public FileCursors(string source, IEnumerable<KeyValuePair<string, FileCursor>> files, FileNames? names = null)
    {
        Source = source;
        Names = names ?? new FileNames();
        foreach (var (key, cursor) in files)
        {
            if (cursor.Source == source)
            {
                Advance(key[(source.Length + 1)..], cursor);
            }
        }
    }

    public string Source { get; }

    /// <summary>The names that this machine reads them under.</summary>
    public FileNames Names { get; }

    public FileCursor? Find(string identity)
    {
        lock (_lock)
        {
            return _cursors.GetValueOrDefault(identity);
        }
    }

    /// <param name="fingerprint">See <see cref="FileFingerprint"/>.</param>
    /// <param name="length">The file's length; <see cref="long.MaxValue"/> where only reading it can tell.</param>
    /// <param name="checkAt">The check at an offset of the file; null where it ends before.</param>
    public FileDecision Decide(string fingerprint, long length, Func<long, string?> checkAt)
    {
        List<(string Identity, FileCursor Cursor)> known;
        int next;
        lock (_lock)
        {
            next = _ordinals.GetValueOrDefault(fingerprint);
            // The farthest cursor first: two files that were alike for a while differ there.
            known = [.. Enumerable.Range(0, next).Select(n => Identity(fingerprint, n)).Where(_cursors.ContainsKey).Select(id => (id, _cursors[id])).OrderByDescending(k => k.Item2.Offset)];
        }
        (string Identity, FileCursor Cursor)? beyond = null;
        foreach (var (identity, cursor) in known)
        {
            var check = cursor.Offset <= length ? checkAt(cursor.Offset) : null;
            if (check == cursor.Check)
            {
                return new FileDecision.Resume(identity, cursor);
            }
            beyond = check is null ? (identity, cursor) : beyond;
        }
        return beyond is { } b ? new FileDecision.Shrunk(b.Identity, b.Cursor) : new FileDecision.New(Identity(fingerprint, next), next);
    }

    /// <summary>The identities that were read with this first line, and how far.</summary>
    public IReadOnlyList<(string Identity, long Offset)> Known(string fingerprint)
    {
        lock (_lock)
        {
            return [.. Enumerable.Range(0, _ordinals.GetValueOrDefault(fingerprint)).Select(n => Identity(fingerprint, n)).Where(_cursors.ContainsKey).Select(id => (id, _cursors[id].Offset))];
        }
    }

    /// <summary>The fingerprint of an identity.</summary>
    public static ReadOnlySpan<char> FingerprintOf(string identity) => identity.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? identity.AsSpan(0, dot) : identity;

    /// <summary>A file that is known to be another one than all that have its first line.</summary>
    public FileDecision.New Another(string fingerprint)
    {
        lock (_lock)
        {
            var next = _ordinals.GetValueOrDefault(fingerprint);
            return new FileDecision.New(Identity(fingerprint, next), next);
        }
    }

    /// <summary>A block that ends at the cursor was offered.</summary>
    public void Advance(string identity, FileCursor cursor)
    {
        var dot = identity.IndexOf('.', StringComparison.Ordinal);
        var (fingerprint, ordinal) = dot < 0 ? (identity, 0) : (identity[..dot], int.Parse(identity.AsSpan(dot + 1), CultureInfo.InvariantCulture));
        lock (_lock)
        {
            _cursors[identity] = cursor;
            _ordinals[fingerprint] = Math.Max(_ordinals.GetValueOrDefault(fingerprint), ordinal + 1);
        }
    }

    private static string Identity(string fingerprint, int ordinal) => ordinal == 0 ? fingerprint : fingerprint + "." + ordinal.ToString(CultureInfo.InvariantCulture);
}
