using System.Collections.Concurrent;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Files;

/// <summary>What a content is to a source that reads one with the same first line.</summary>
public enum Likeness
{
    /// <summary>That source has captured nothing that begins so.</summary>
    Unread,
    /// <summary>It differs before the place up to which that source has captured it.</summary>
    Other,
    /// <summary>What that source has captured is here too.</summary>
    Same,
}

/// <summary>
/// Which source of this installation reads a content: the first that meets it puts an object under a name made of the content's first line,
/// before it captures anything of it. Whoever finds the name taken compares: 1 an object of its own source, or none: it may read — 2
/// another source that captured the same: it may not — 3 another source that captured nothing yet: it may not, for that one may be about
/// to — 4 another content, or one that the source withdrew since: the next name.
/// Safe to use from many threads.
/// </summary>
/// <param name="own">The state of the shard that reads, before it reads.</param>
/// <param name="writes">False: nothing is put, as in a dry run.</param>
public sealed class KnownContents(CaptureStore captures, string source, ShardState own, TimeProvider time, bool writes = true) : IDisposable
{
    /// <summary>Contents with one first line that are told apart. Beyond it nothing is refused.</summary>
    public const int MaxAlike = 16;

    /// <summary>A source with more files from before there were such objects gets none for them: its state is asked instead.</summary>
    public const int MaxMarked = 10_000;

    /// <summary>How long what another source has captured is believed.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, (FileCursors? Cursors, long Withdrawn, long At)> _others = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _one = new(1);

    // Taken now: the shard moves its state on while its source reads.
    private readonly List<string>? _before = own.Files.Count > MaxMarked || own.Cold is { Pages: > 0 } ? null
        : [.. own.Files.Keys.Select(key => FileCursors.FingerprintOf(key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]).ToString())
            .Distinct()];
    private readonly long _gave = Withdrawn(own);
    private List<string>? _unmarked;

    /// <summary>The source that has this content; null: this source may read it.</summary>
    /// <param name="compare">What the content is to another source, given where that one has read its files up to.</param>
    /// <exception cref="StoreException">The store does not answer.</exception>
    public async Task<string?> OwnerAsync(string fingerprint, Func<FileCursors, Task<Likeness>> compare, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            _unmarked ??= await BeginAsync(cancel);
            foreach (var other in _unmarked)
            {
                if (await LikenessAsync(other, fingerprint, compare, cancel) == Likeness.Same)
                {
                    return other;
                }
            }
            for (var number = 0; number < MaxAlike; number++)
            {
                var owner = await TakeAsync(ContentObject.Name(fingerprint, number), cancel);
                if (owner.Source == source && owner.Next > _gave)
                {
                    return null;
                }
                if (owner.Source == source)
                {
                    // This source gave it up; another one may have it since.
                    continue;
                }
                var likeness = await LikenessAsync(owner.Source, fingerprint, compare, cancel);
                if (likeness == Likeness.Same || likeness == Likeness.Unread && !Gave(owner))
                {
                    return owner.Source;
                }
            }
            return null;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    /// <summary>The newest capture that withdrew all that its source had brought; −1: none.</summary>
    private static long Withdrawn(ShardState state) =>
        state.Withdrawals?.LastOrDefault(withdrawn => withdrawn.Whole == true)?.Capture ?? -1;

    /// <summary>Whether that source withdrew all that it had brought after it took this content (rule 36): it is about to read none of
    /// it.</summary>
    private bool Gave(ContentObject content) => _others[content.Source].Withdrawn >= content.Next;

    /// <summary>Takes the name where it is free. Who has it.</summary>
    private async Task<ContentObject> TakeAsync(string name, CancellationToken cancel)
    {
        var mine = new ContentObject(source, own.Next);
        if (writes && await captures.Store.PutIfAbsentAsync(name, mine.Encode(), cancel) != PutOutcome.Other)
        {
            return mine;
        }
        return await captures.Store.ReadAsync(name, cancel) is { } bytes ? ContentObject.Decode(bytes, name) : mine;
    }

    /// <summary>Gives the contents that this source read before there were objects theirs, and finds the sources whose contents may have
    /// none.</summary>
    private async Task<List<string>> BeginAsync(CancellationToken cancel)
    {
        var marked = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var mark in captures.Store.ListAsync(ContentObject.MarksFolder, null, cancel))
        {
            marked.Add(mark.Name[ContentObject.MarksFolder.Length..]);
        }
        if (writes && !marked.Contains(source) && _before is not null)
        {
            foreach (var fingerprint in _before)
            {
                await TakeAsync(ContentObject.Name(fingerprint, 0), cancel);
            }
            await captures.Store.PutIfAbsentAsync(ContentObject.Mark(source), "{}"u8.ToArray(), cancel);
        }
        var unmarked = new List<string>();
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            if (shard != source && !marked.Contains(shard))
            {
                unmarked.Add(shard);
            }
        }
        return unmarked;
    }

    private async Task<Likeness> LikenessAsync(string other, string fingerprint, Func<FileCursors, Task<Likeness>> compare,
        CancellationToken cancel)
    {
        if (!_others.TryGetValue(other, out var known) || time.GetElapsedTime(known.At) >= Fresh)
        {
            var state = await StateAsync(other, cancel);
            known = _others[other] = (state is null ? null
                : new FileCursors(other, state.Files) { Cold = new ColdPages(captures, state) },
                state is null ? -1 : Withdrawn(state), time.GetTimestamp());
        }
        try
        {
            if (known.Cursors is not null)
            {
                await known.Cursors.RecallAsync(fingerprint, null, cancel);
            }
        }
        catch (CorruptException)
        {
            known.Cursors = null;
        }
        return known.Cursors is null ? Likeness.Unread : await compare(known.Cursors);
    }

    /// <summary>Null where that source's shard is damaged or forked: what it captured cannot be told, and the others go on.</summary>
    private async Task<ShardState?> StateAsync(string other, CancellationToken cancel)
    {
        try
        {
            return await captures.FoldAsync(other, cancel);
        }
        catch (PipelineException e) when (e is DifferenceException or CorruptException)
        {
            return null;
        }
    }
}

/// <summary>Compares one opened file with what another source has captured.</summary>
internal static class ContentLikeness
{
    public static Likeness Of(FileCursors other, string fingerprint, FileContent content)
    {
        var known = other.Known(fingerprint).Select(file => other.Find(file.Identity)).OfType<FileCursor>()
            .Where(cursor => cursor.Offset > 0).ToList();
        return known.Count == 0 ? Likeness.Unread : known.Any(cursor => content.IsAt(cursor) ?? IsPart(cursor, content)) ? Likeness.Same
            : Likeness.Other;
    }

    /// <summary>It ends before the cursor: a part of that content where it has an earlier check beyond the first line, which other files
    /// may have too.</summary>
    private static bool IsPart(FileCursor cursor, FileContent content) =>
        cursor.Checks?.LastOrDefault(check => content.Reaches(check.Offset)) is { Offset: var offset } last && offset > content.FirstLineEnd
            && content.Has(last);
}
