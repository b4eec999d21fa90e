using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Sources;

/// <summary>
/// Follows files that grow, are rotated by name, compressed, truncated or deleted. Each poll: 1 see which paths are there, and which of them changed — 2 look into those: what is its content, by rule 34, whatever its name —
/// 3 offer what is new — 4 read on in files that lost their name, and take the ends of rotated ones that stay quiet (rule 29).
/// Nothing rests on a path: a file that is renamed, copied or compressed goes on where its content was read to. It is kept open, so that it is read to its end after it was deleted, and so that a truncation is told from a rotation.
/// A file that was quiet is looked at less often (<see cref="TailOptions.QuietPoll"/>), but all are as soon as a name or an inode says that files were moved.
/// </summary>
/// <param name="format">Null: each file's is detected; a file that was read before keeps its own.</param>
public sealed partial class TailSource(TailOptions options, FileCursors cursors, ILineFormat? format, KeyedHash hash, Workers workers, TimeProvider time, ISourceEvents events) : ISource
{
    /// <summary>Blocks that one plain file may offer before the others have their turn.</summary>
    private const int MostBlocksAtOnce = 16;

    /// <summary>A file that was closed and lost its name is looked for so many quiet times: compressing a large one takes a while.</summary>
    private const int MissingQuiets = 10;

    private readonly List<TailFolders> _folders = [.. options.Paths.Select(path => new TailFolders(path, options.QuietPoll, time))];
    private readonly Dictionary<string, SeenPath> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FollowedFile> _followed = new(StringComparer.Ordinal);
    private readonly Acknowledgements _taken = new();
    private readonly List<SeenPath> _due = [];
    private readonly List<FollowedFile> _readOn = [];
    private readonly HashSet<SeenPath> _shrunk = [];
    private int _open;
    private int _spread;
    private IBlockSink? _sink;

    public string Name => cursors.Source;

    /// <summary>How often lines may have been lost or read twice by a truncation in place, or by a deletion while the file was not open (promise 2).</summary>
    public long PossibleLosses { get; private set; }

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
        await workers.Run(See);

        // 2 look, first into the files that are followed: so that a name they lost is free before others are found
        var more = false;
        var waiting = _due.Select(s => s.Path).ToHashSet(StringComparer.Ordinal);
        var waited = new HashSet<string>(StringComparer.Ordinal);
        var queue = new Queue<SeenPath>(_due.OrderBy(s => Owned(s.Path) is null).ThenBy(s => s.Path, StringComparer.Ordinal));
        while (queue.TryDequeue(out var seen) && !stop.IsCancellationRequested)
        {
            var changed = seen.Changed;
            var look = await LookAsync(seen, changed, owner => !waiting.Contains(owner) || !waited.Add(seen.Path), sink, stop);
            if (look == Look.Wait)
            {
                queue.Enqueue(seen);
                continue;
            }
            more |= look == Look.More;
            waiting.Remove(seen.Path);
            seen.Settled &= !waited.Contains(seen.Path);
            seen.Changed = false;
        }

        // 4 read on
        foreach (var file in _followed.Values)
        {
            if (file.Path is null || (file.Pending > 0 && IsRotated(file) && IsQuiet(file.GrownAt)))
            {
                _readOn.Add(file);
            }
        }
        foreach (var file in _readOn)
        {
            more |= !stop.IsCancellationRequested && await ReadOnAsync(file, sink, stop);
        }
        _readOn.Clear();
        ReportWhatLasts();
        CloseQuietest();
        return more;
    }

    /// <summary>Finds the paths whose content must be looked into, in <see cref="_due"/>.</summary>
    private int See()
    {
        _due.Clear();
        var all = false;
        foreach (var folder in _folders)
        {
            all |= folder.Look();
        }
        if (all)
        {
            var there = _folders.Count == 1 ? _folders[0].Files : _folders.SelectMany(f => f.Files).ToHashSet(StringComparer.Ordinal);
            foreach (var path in there)
            {
                if (!_seen.ContainsKey(path))
                {
                    _seen[path] = new SeenPath(path, _spread++);
                }
            }
            var names = there as HashSet<string>;
            foreach (var gone in _seen.Keys.Where(path => names?.Contains(path) == false).ToList())
            {
                Vanished(gone);
            }
        }
        if (!Ask(all) || all)
        {
            return _due.Count;
        }
        // A path leads to another file: what it led to may be under any other name by now.
        Ask(all: true);
        return _due.Count;
    }

    /// <summary>Asks the disk for the stamps of all paths, or of those whose time has come. True where one leads to another file, or to a shorter one.</summary>
    private bool Ask(bool all)
    {
        var (now, moved) = (time.GetTimestamp(), false);
        List<string>? gone = null;
        _due.Clear();
        foreach (var (path, seen) in _seen)
        {
            if (!all && now < seen.LookAt && seen.Settled && !seen.Changed)
            {
                continue;
            }
            if (FileStamp.Of(path) is not { IsFolder: false } stamp)
            {
                (gone ??= []).Add(path);
                continue;
            }
            if (stamp != seen.Stamp)
            {
                moved |= stamp.Inode != seen.Stamp.Inode || stamp.Length < seen.Stamp.Length;
                (seen.Stamp, seen.Changed, seen.ChangedAt, seen.Settled, seen.EndReported) = (stamp, true, now, false, false);
            }
            if (seen.Settled)
            {
                // Half as long as it was quiet, up to the limit; files that were written last at one time are not all asked at one time.
                var quiet = Math.Min((now - seen.ChangedAt) / 2, Ticks(options.QuietPoll));
                seen.LookAt = now + quiet - quiet / 8 * (seen.Spread & 3);
            }
            else
            {
                _due.Add(seen);
            }
        }
        foreach (var path in gone ?? [])
        {
            Vanished(path);
        }
        return moved || gone is not null;
    }

    private void Vanished(string path)
    {
        var seen = _seen[path];
        Release(seen, null, there: false);
        if (_shrunk.Remove(seen))
        {
            Shrunk(seen);
        }
        _seen.Remove(path);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private FollowedFile? Owned(string path) => _seen.GetValueOrDefault(path)?.Identity is { } identity && _followed.GetValueOrDefault(identity) is { } file && file.Path == path ? file : null;

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
            if (seen.ShrunkOf is not null && IsQuiet(seen.ShrunkAt) && seen.End is ContentEnd.Open or ContentEnd.Whole)
            {
                Shrunk(seen);
            }
            if (!seen.EndReported && seen.End is not (ContentEnd.Open or ContentEnd.Whole) && IsQuiet(seen.ChangedAt))
            {
                seen.EndReported = true;
                events.BadGzip(path, seen.End, seen.Decompressed);
            }
        }
    }

    private void Keep(FollowedFile file, SourceFile? open)
    {
        _open += (open is null ? 0 : 1) - (file.Open is null ? 0 : 1);
        file.Keep(open);
    }

    /// <summary>Closes more than one at once, because finding the quietest looks at all.</summary>
    private void CloseQuietest()
    {
        if (_open <= options.MostHandles)
        {
            return;
        }
        foreach (var file in _followed.Values.Where(f => f is { Open: not null, Path: not null }).OrderBy(f => f.GrownAt).Take(_open - options.MostHandles + options.MostHandles / 8).ToList())
        {
            Keep(file, null);
        }
    }

    private void Close()
    {
        foreach (var file in _followed.Values)
        {
            if (file is { Path: null, Pending: > 0 })
            {
                events.TailGivenUp(file.LastPath, cursors.Find(file.Identity)?.Offset ?? 0, file.Pending);
            }
            file.Dispose();
        }
        _followed.Clear();
        _seen.Clear();
        _shrunk.Clear();
    }
}
