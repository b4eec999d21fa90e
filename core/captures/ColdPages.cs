using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Core.Captures;

/// <summary>A file that is cold: its identity, the newest page that has it, and where it was read up to.</summary>
public sealed record ColdCursor(string Identity, long Page, FileCursor Cursor);

/// <summary>
/// The cold pages of one shard, as a state knows them: finds what left the state. The index is read once, when it is first asked, one page
/// for every 64; then a file that is not cold costs no read, and one that is costs one. Safe to use from many threads.
/// </summary>
/// <param name="state">Read here and now only: the shard moves it on.</param>
/// <param name="retry">Waits out the store; null: its faults are thrown.</param>
public sealed class ColdPages(CaptureStore captures, ShardState state, StoreRetry? retry = null) : IDisposable
{
    /// <summary>Pages that are kept as they were read.</summary>
    private const int MostKept = 16;

    private readonly string _shard = state.Shard;
    private readonly List<Withdrawn> _withdrawn = [.. (state.Withdrawals ?? []).Where(withdrawn => withdrawn.Pages > 0)];
    private readonly SemaphoreSlim _one = new(1);
    private readonly List<ColdPage> _kept = [];
    private readonly List<ColdIndex> _index = [];
    /// <summary>Pages that are not in the store, as far as this state knows.</summary>
    private readonly List<ColdPage> _made = [.. state.Cooled];
    private readonly long? _streams = state.Cold?.Streams;
    private long _stored = (state.Cold?.Pages ?? 0) - state.Cooled.Count;
    private bool _isRead;

    /// <summary>Whether nothing is cold.</summary>
    public bool IsEmpty => _stored + _made.Count == 0;

    /// <summary>The files that begin with this first line, by identity, each from the newest page that has it.</summary>
    /// <exception cref="CorruptException">A page is damaged or gone.</exception>
    public async Task<IReadOnlyList<ColdCursor>> FilesAsync(string source, string fingerprint, CancellationToken cancel)
    {
        var (key, found) = (ShardState.FileKey(source, fingerprint), new SortedDictionary<string, ColdCursor>(StringComparer.Ordinal));
        foreach (var page in await PagesOfAsync(key, cancel))
        {
            foreach (var (name, cursor) in page.Files.Where(file => ColdIndex.WithoutOrdinal(file.Key) == key))
            {
                var identity = name[(source.Length + 1)..];
                if (!IsForgotten(identity, page.Page))
                {
                    found.TryAdd(identity, new ColdCursor(identity, page.Page, cursor));
                }
            }
        }
        return [.. found.Values];
    }

    /// <summary>As <see cref="ShardState.IsForgotten"/>.</summary>
    public bool IsForgotten(string identity, long page) => _withdrawn.Any(withdrawn => withdrawn.Hides(identity, page));

    /// <summary>Every retired stream that is cold: its key in the state, the newest page that has it, and its sequence. Reads the pages
    /// that have streams. One caller at a time, and no other call meanwhile.</summary>
    /// <exception cref="CorruptException">A page is damaged or gone.</exception>
    public async Task<Dictionary<string, (long Page, long Sequence)>> StreamsAsync(CancellationToken cancel)
    {
        var streams = new Dictionary<string, (long Page, long Sequence)>(StringComparer.Ordinal);
        for (var next = _streams; next is { } number;)
        {
            var page = await PageAsync(number, cancel);
            foreach (var (key, sequence) in page.Streams)
            {
                streams.TryAdd(key, (number, sequence));
            }
            next = page.StreamsBefore;
        }
        return streams;
    }

    /// <summary>Every page, the newest first, each read once. One caller at a time, and no other call meanwhile.</summary>
    /// <exception cref="CorruptException">A page is damaged or gone.</exception>
    public async IAsyncEnumerable<ColdPage> NewestFirstAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        for (var page = _stored + _made.Count - 1; page >= 0; page--)
        {
            yield return await PageAsync(page, cancel);
        }
    }

    /// <summary>The bytes of a page that the shard made, with the index of its block.</summary>
    /// <exception cref="CorruptException">The page before is damaged or gone.</exception>
    public async Task<byte[]> EncodeAsync(ColdPage page, CancellationToken cancel) =>
        ColdFile.Encode(page, (await BlockAsync(page.Page, cancel)).With(page), captures.Key);

    /// <summary>The shard put this page.</summary>
    public async Task AddAsync(ColdPage page, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            _stored = page.Page + 1;
            Keep(page);
            if (_isRead)
            {
                _index.Add(ColdIndex.Empty.With(page));
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>A page as it stands in the store.</summary>
    /// <exception cref="CorruptException">It is damaged, or another page.</exception>
    /// <returns>Null: the name is free.</returns>
    public static async Task<(ColdPage Page, ColdIndex Index)?> ReadAsync(CaptureStore captures, string shard, long page,
        CancellationToken cancel)
    {
        var name = CaptureNames.Cold(shard, page);
        if (await captures.Store.ReadAsync(name, cancel) is not { } bytes)
        {
            return null;
        }
        try
        {
            var found = ColdFile.DecodePage(bytes, name, captures.Key);
            return found.Store == captures.StoreId && found.Shard == shard && found.Page == page
                ? (found, ColdFile.DecodeIndex(bytes, captures.Key))
                : throw new InvalidDataException($"it is page {found.Page} of shard {found.Shard} of store {found.Store}");
        }
        catch (InvalidDataException e)
        {
            throw Damaged(captures, name, e.Message, e);
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<ColdPage>> PagesOfAsync(string key, CancellationToken cancel)
    {
        if (IsEmpty)
        {
            return [];
        }
        await _one.WaitAsync(cancel);
        try
        {
            await ReadIndexAsync(cancel);
            var pages = _index.SelectMany(index => index.PagesOf(key)).Distinct().OrderDescending().ToList();
            var read = new List<ColdPage>(pages.Count);
            foreach (var page in pages)
            {
                read.Add(await PageAsync(page, cancel));
            }
            return read;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task ReadIndexAsync(CancellationToken cancel)
    {
        if (_isRead)
        {
            return;
        }
        _index.Clear();
        for (var block = 0L; block < _stored; block += ColdIndex.Block)
        {
            _index.Add(await IndexAsync(Math.Min(block + ColdIndex.Block, _stored) - 1, cancel));
        }
        _index.AddRange(_made.Select(ColdIndex.Empty.With));
        _isRead = true;
    }

    /// <summary>The index of the pages of a block below this one.</summary>
    private async Task<ColdIndex> BlockAsync(long page, CancellationToken cancel) => page % ColdIndex.Block == 0 ? ColdIndex.Empty
        : await IndexAsync(page - 1, cancel);

    private async Task<ColdIndex> IndexAsync(long page, CancellationToken cancel)
    {
        var name = CaptureNames.Cold(_shard, page);
        var bytes = await AnsweredAsync(() => captures.Store.ReadAsync(name, cancel), cancel)
            ?? throw Damaged(captures, name, "it is gone", null);
        try
        {
            return ColdFile.DecodeIndex(bytes, captures.Key);
        }
        catch (InvalidDataException e)
        {
            throw Damaged(captures, name, e.Message, e);
        }
    }

    private async Task<ColdPage> PageAsync(long page, CancellationToken cancel)
    {
        if (_made.Find(made => made.Page == page) is { } made)
        {
            return made;
        }
        if (_kept.Find(kept => kept.Page == page) is { } known)
        {
            return known;
        }
        var (read, _) = await AnsweredAsync(() => ReadAsync(captures, _shard, page, cancel), cancel)
            ?? throw Damaged(captures, CaptureNames.Cold(_shard, page), "it is gone", null);
        Keep(read);
        return read;
    }

    private Task<T> AnsweredAsync<T>(Func<Task<T>> ask, CancellationToken cancel) =>
        retry is null ? ask() : retry.UntilAnsweredAsync(ask, cancel);

    private void Keep(ColdPage page)
    {
        if (_kept.Count >= MostKept)
        {
            _kept.RemoveAt(0);
        }
        _kept.Add(page);
    }

    private static CorruptException Damaged(CaptureStore captures, string name, string why, Exception? inner) =>
        new(name, why, $"{captures.Store.Location}: {name} is a cold page that the shard's state names: {why}. Files and streams that were "
            + "read long ago are known by it only. Restore it from a copy (docs/runbooks/disaster.md).", inner);
}
