using System.Globalization;
using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Files;

/// <summary>
/// Where each file of one source was read up to: the shard's state, moved on as blocks are offered. A decider: it does not look at files.
/// Several files may be read at once; an identity has one reader at a time.
/// </summary>
public sealed class FileCursors
{
    /// <summary>Of more files with one first line, only those are compared that have the next line in common too.</summary>
    private const int MostCompared = 16;

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

    /// <summary>Which other sources have a content; null: whatever they have, it is read.</summary>
    public KnownContents? Contents { get; init; }

    /// <summary>What left the shard's state; null: nothing did.</summary>
    public ColdPages? Cold { get; init; }

    /// <summary>Takes back what is cold of the files with this first line, and of the one that was last read under this name. Call it
    /// before <see cref="Decide(string, FileContent, string)"/>. True: something was, so that an earlier decision may
    /// be wrong.</summary>
    /// <param name="path">Null: only the first line counts.</param>
    /// <exception cref="CorruptException">A cold page is damaged or gone.</exception>
    public async Task<bool> RecallAsync(string fingerprint, string? path, CancellationToken cancel)
    {
        if (Cold is not { IsEmpty: false } cold)
        {
            return false;
        }
        var any = false;
        var named = path is null ? null : Names.IdentityOf(path);
        var other = named is null || Find(named) is not null ? fingerprint : FingerprintOf(named).ToString();
        foreach (var first in new[] { fingerprint, other }.Distinct())
        {
            foreach (var file in await cold.FilesAsync(Source, first, cancel))
            {
                // What is known was read later.
                lock (_lock)
                {
                    if (!_cursors.ContainsKey(file.Identity))
                    {
                        Advance(file.Identity, file.Cursor);
                        any = true;
                    }
                }
            }
        }
        return any;
    }

    /// <summary>Takes back all of the files whose name this machine knows: a source that asks each of them at its start reads every page
    /// once instead.</summary>
    /// <exception cref="CorruptException">A cold page is damaged or gone.</exception>
    public async Task RecallNamedAsync(CancellationToken cancel)
    {
        if (Cold is not { IsEmpty: false } cold || Names.All().Select(named => named.Key).ToHashSet() is not { Count: > 0 } names)
        {
            return;
        }
        await foreach (var page in cold.NewestFirstAsync(cancel))
        {
            foreach (var (key, cursor) in page.Files.Where(file => file.Value.Source == Source))
            {
                if (key[(Source.Length + 1)..] is var identity && names.Contains(identity) && Find(identity) is null
                    && !cold.IsForgotten(identity, page.Page))
                {
                    Advance(identity, cursor);
                }
            }
        }
    }

    public FileCursor? Find(string identity)
    {
        lock (_lock)
        {
            return _cursors.GetValueOrDefault(identity);
        }
    }

    /// <summary>What a file is, where files only grow: it goes on where it was read to, or is another file.</summary>
    /// <param name="fingerprint">See <see cref="FileFingerprint"/>.</param>
    /// <param name="length">The file's length; <see cref="long.MaxValue"/> where only reading it can tell.</param>
    /// <param name="checkAt">The check at an offset of the file; null where it ends before.</param>
    public FileDecision Decide(string fingerprint, long length, Func<long, string?> checkAt) =>
        Decide(fingerprint, cursor => cursor.Offset <= length && checkAt(cursor.Offset) is { } check ? check == cursor.Check : null);

    /// <param name="isAt">Whether the file goes on where a cursor stands. Null: it ends before.</param>
    private FileDecision Decide(string fingerprint, Func<FileCursor, bool?> isAt)
    {
        var (known, next) = WithFirstLine(fingerprint);
        (string Identity, FileCursor Cursor)? beyond = null;
        // The farthest cursor first: two files that were alike for a while differ there.
        foreach (var (identity, cursor) in known.OrderByDescending(k => k.Cursor.Offset))
        {
            var goesOn = isAt(cursor);
            if (goesOn == true)
            {
                return new FileDecision.Resume(identity, cursor);
            }
            beyond = goesOn is null ? (identity, cursor) : beyond;
        }
        return beyond is { } b ? new FileDecision.Shrunk(b.Identity, b.Cursor) : new FileDecision.New(Identity(fingerprint, next), next);
    }

    /// <summary>The same for a file that may have lost its end, be restored or edited: then it goes on at the last place that is as it was
    /// read.</summary>
    internal FileDecision Decide(string fingerprint, FileContent content, string path)
    {
        var decision = Decide(fingerprint, content.IsAt);
        if (decision is FileDecision.Resume resume && !IsOvertaken(resume.Cursor, content))
        {
            return decision;
        }
        var (known, next) = WithFirstLine(fingerprint);
        FileDecision.Branch Branch(BranchPoint point) => new(Identity(fingerprint, next), next, point);
        if (known.Count == 0)
        {
            // Its first line is new. Of the file that had its name it may be an edited one all the same.
            var (was, at) = At(path);
            return at is not null && FileBranches.FindMoved(was!, at, content) is { } moved ? Branch(moved) : decision;
        }
        // Where very many files begin alike, as with a banner, only those are compared that have more in common.
        var alike = known.Count <= MostCompared ? known : known.Where(k => k.Cursor.Checks is { Count: > 0 } checks
            && content.Has(checks[0]));
        var best = alike.Select(k => FileBranches.Find(k.Identity, k.Cursor, content)).OfType<BranchPoint>().MaxBy(point => point.From);
        var branch = Branch(best ?? FileBranches.FirstLine(known, content));
        if (!branch.Point.IsPrefix || Find(branch.Point.Of) is not { } cursor)
        {
            return branch;
        }
        // A compressed file loses no end and does not grow: it is an older copy.
        return new FileDecision.Shrunk(branch.Point.Of, cursor, branch, !content.IsGzip
            && branch.Point.Doubt - branch.Point.From <= EarlierChecks.Near);
    }

    /// <summary>Whether a file that parted from another one goes on as that did after all: it is being restored.</summary>
    private bool IsOvertaken(FileCursor cursor, FileContent content) => cursor.Branch is { Doubt: not null } branch
        && Find(branch.Of) is { } of
        && of.Checks?.Any(check => check.Offset > cursor.Offset && content.Has(check)) == true;

    private (List<(string Identity, FileCursor Cursor)> Known, int Next) WithFirstLine(string fingerprint)
    {
        lock (_lock)
        {
            var next = _ordinals.GetValueOrDefault(fingerprint);
            return ([.. Enumerable.Range(0, next).Select(n => Identity(fingerprint, n)).Where(_cursors.ContainsKey)
                .Select(id => (id, _cursors[id]))], next);
        }
    }

    /// <summary>The file that was last read under a name.</summary>
    private (string? Identity, FileCursor? Cursor) At(string path)
    {
        lock (_lock)
        {
            return Names.IdentityOf(path) is { } identity && _cursors.TryGetValue(identity, out var cursor) ? (identity, cursor) : default;
        }
    }

    /// <summary>The identities that were read with this first line, and how far.</summary>
    public IReadOnlyList<(string Identity, long Offset)> Known(string fingerprint)
    {
        lock (_lock)
        {
            return [.. Enumerable.Range(0, _ordinals.GetValueOrDefault(fingerprint)).Select(n => Identity(fingerprint, n))
                .Where(_cursors.ContainsKey).Select(id => (id, _cursors[id].Offset))];
        }
    }

    /// <summary>The fingerprint of an identity.</summary>
    public static ReadOnlySpan<char> FingerprintOf(string identity) => identity.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot
        ? identity.AsSpan(0, dot) : identity;

    /// <summary>A block that ends at the cursor was offered.</summary>
    public void Advance(string identity, FileCursor cursor)
    {
        var dot = identity.IndexOf('.', StringComparison.Ordinal);
        var (fingerprint, ordinal) = dot < 0 ? (identity, 0) : (identity[..dot],
            int.Parse(identity.AsSpan(dot + 1), CultureInfo.InvariantCulture));
        lock (_lock)
        {
            _cursors[identity] = cursor;
            _ordinals[fingerprint] = Math.Max(_ordinals.GetValueOrDefault(fingerprint), ordinal + 1);
        }
    }

    private static string Identity(string fingerprint, int ordinal) => ordinal == 0 ? fingerprint : fingerprint + "."
        + ordinal.ToString(CultureInfo.InvariantCulture);
}
