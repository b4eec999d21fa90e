using Pipeline.Core.Captures;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Sources;

/// <summary>
/// Follows files that grow, are rotated by name, compressed, truncated or deleted. Each poll: 1 see which paths are there — 2 look into those that changed: what is its content, by rule 34, whatever its name —
/// 3 offer what is new — 4 read on in files that lost their name, and take the ends of rotated ones that stay quiet (rule 29).
/// Nothing rests on a path: a file that is renamed, copied or compressed goes on where its content was read to. It is kept open, so that it is read to its end after it was deleted, and so that a truncation is told from a rotation.
/// </summary>
/// <param name="format">Null: each file's is detected; a file that was read before keeps its own.</param>
public sealed partial class TailSource(TailOptions options, FileCursors cursors, ILineFormat? format, KeyedHash hash, Workers workers, TimeProvider time, ISourceEvents events) : ISource
{
    /// <summary>Blocks that one plain file may offer before the others have their turn.</summary>
    private const int MostBlocksAtOnce = 16;

    private readonly SortedDictionary<string, SeenPath> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FollowedFile> _followed = new(StringComparer.Ordinal);
    private readonly Acknowledgements _taken = new();

    public string Name => cursors.Source;

    /// <summary>How often lines may have been lost by a truncation in place (promise 2).</summary>
    public long PossibleLosses { get; private set; }

    private IBlockSink? _sink;

    /// <summary>What became of the lines that are acknowledged.</summary>
    public LineCounts Counts => _taken.Counts;

    public async Task RunAsync(IBlockSink sink, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                if (!await PollAsync(sink, stop))
                {
                    await Task.Delay(options.Poll, time, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stop: what was offered is still acknowledged.
        }
        finally
        {
            Close();
        }
        await _taken.FinishAsync();
    }

    /// <summary>One poll; true where there is more to read at once.</summary>
    internal async Task<bool> PollAsync(IBlockSink sink, CancellationToken stop)
    {
        _sink = sink;
        await _taken.SettleAsync();
        // 1 see
        var present = new SortedDictionary<string, Stamp>(StringComparer.Ordinal);
        foreach (var path in options.Paths.SelectMany(SourcePaths.Find))
        {
            if (Stamp.Of(path) is { } stamp)
            {
                present[path] = stamp;
            }
        }
        foreach (var path in _seen.Keys.Where(p => !present.ContainsKey(p)).ToList())
        {
            Release(path, null);
            _seen.Remove(path);
        }

        // 2 look, first into the files that are followed: so that a name they lost is free before others are found
        var more = false;
        var looked = new HashSet<string>(StringComparer.Ordinal);
        var waited = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<string>(present.Keys.OrderBy(p => Owned(p) is null));
        while (queue.TryDequeue(out var path) && !stop.IsCancellationRequested)
        {
            if (!_seen.TryGetValue(path, out var seen))
            {
                _seen[path] = seen = new SeenPath();
            }
            var changed = seen.Stamp != present[path];
            if (changed)
            {
                (seen.Stamp, seen.ChangedAt, seen.Settled, seen.EndReported) = (present[path], time.GetTimestamp(), false, false);
            }
            if (seen.Settled && !waited.Contains(path))
            {
                looked.Add(path);
                continue;
            }
            switch (await LookAsync(path, seen, changed, owner => looked.Contains(owner) || !waited.Add(path), sink, stop))
            {
                case Look.Wait:
                    queue.Enqueue(path);
                    break;
                case Look.More:
                    more = true;
                    goto default;
                default:
                    looked.Add(path);
                    seen.Settled &= !waited.Contains(path);
                    break;
            }
        }

        // 4 read on
        foreach (var file in _followed.Values.ToList())
        {
            if (!stop.IsCancellationRequested && (file.Path is null || (file.Pending > 0 && IsRotated(file) && IsQuiet(file.GrownAt))))
            {
                more |= await ReadOnAsync(file, sink, stop);
            }
        }
        ReportWhatLasts();
        CloseQuietest();
        return more;
    }

    private FollowedFile? Owned(string path) => _seen.GetValueOrDefault(path)?.Identity is { } identity && _followed.GetValueOrDefault(identity) is { } file && file.Path == path ? file : null;

    /// <summary>A path holds something else now: the file that had it lost its name, or was truncated; then true.</summary>
    private bool Release(string path, string? holds)
    {
        if (Owned(path) is not { } file || file.Identity == holds)
        {
            return false;
        }
        file.Path = null;
        if (file.Open is not { } open)
        {
            Drop(file);
            return false;
        }
        if (cursors.Find(file.Identity) is { } cursor && !open.Continues(cursor, hash))
        {
            Truncated(file, open, cursor.Offset);
            return true;
        }
        return false;
    }

    private void Truncated(FollowedFile file, SourceFile open, long offset)
    {
        PossibleLosses++;
        _sink?.Note(Name, LossNotes.Truncated);
        events.Truncated(file.LastPath, open.RawLength, offset);
        Drop(file);
    }

    /// <summary>No longer followed; another path with the same content is looked at again.</summary>
    private void Drop(FollowedFile file)
    {
        file.Dispose();
        _followed.Remove(file.Identity);
        foreach (var seen in _seen.Values.Where(s => s.Identity == file.Identity))
        {
            seen.Settled = false;
        }
    }

    /// <summary>Another file has the name under which this one was first read.</summary>
    private bool IsRotated(FollowedFile file) => file.Path != file.FirstPath && _seen.TryGetValue(file.FirstPath, out var there) && there.Identity != file.Identity;

    private bool IsQuiet(long since) => time.GetElapsedTime(since) >= options.Quiet;

    private void ReportWhatLasts()
    {
        foreach (var (path, seen) in _seen)
        {
            if (seen.SameSince is { } since && !seen.SameReported && IsQuiet(since) && seen.Identity is { } identity && _followed.GetValueOrDefault(identity)?.Path is { } other && other != path)
            {
                seen.SameReported = true;
                events.SameContent(path, other);
            }
            if (!seen.EndReported && IsQuiet(seen.ChangedAt) && seen.End is not (ContentEnd.Open or ContentEnd.Whole))
            {
                seen.EndReported = true;
                events.BadGzip(path, seen.End, seen.Decompressed);
            }
        }
    }

    private void CloseQuietest()
    {
        var open = _followed.Values.Where(f => f.Open is not null).ToList();
        foreach (var file in open.Where(f => f.Path is not null).OrderBy(f => f.GrownAt).Take(open.Count - options.MostHandles).ToList())
        {
            file.Keep(null);
        }
    }

    private void Close()
    {
        foreach (var file in _followed.Values.ToList())
        {
            if (file is { Path: null, Pending: > 0 })
            {
                events.TailGivenUp(file.LastPath, cursors.Find(file.Identity)?.Offset ?? 0, file.Pending);
            }
            file.Dispose();
        }
        _followed.Clear();
        _seen.Clear();
    }
}
