using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>
/// Follows files that grow, are rotated by name, compressed, truncated or deleted. Each poll: 1 see which paths are there, and which of
/// them changed — 2 look into those: what is its content, by rule 34, whatever its name —
/// 3 offer what is new — 4 read on in files that lost their name, and take the ends of rotated ones that stay quiet (rule 29).
/// Nothing rests on a path: a file that is renamed, copied or compressed goes on where its content was read to. It is kept open, so that it
/// is read to its end after it was deleted, and so that a truncation is told from a rotation.
/// A file that was quiet is looked at less often (<see cref="TailOptions.Wait"/>), but all are as soon as a name or an inode says that
/// files were moved. A poll in which nothing is due touches nothing of the others.
/// </summary>
/// <param name="format">Null: each file's is detected; a file that was read before keeps its own.</param>
public sealed partial class TailSource(TailOptions options, FileCursors cursors, ILineFormat? format, KeyedHash hash, Workers workers,
    TimeProvider time, ISourceEvents events) : ISource
{
    /// <summary>Blocks that one plain file may offer before the others have their turn.</summary>
    private const int MaxBlocksAtOnce = 16;

    /// <summary>A file that was closed and lost its name is looked for so many quiet times: compressing a large one takes a
    /// while.</summary>
    private const int MissingQuiets = 10;

    private readonly List<TailFolders> _folders = [.. options.Paths.Select(path => new TailFolders(path, options, time))];
    private readonly Dictionary<string, SeenPath> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FollowedFile> _followed = new(StringComparer.Ordinal);
    private readonly Acknowledgements _taken = new();
    private readonly LookTimes _times = new();
    private readonly List<SeenPath> _asked = [];
    private readonly List<SeenPath> _due = [];
    /// <summary>Files that have no name, or an unterminated end.</summary>
    private readonly HashSet<FollowedFile> _loose = [];
    private readonly List<FollowedFile> _readOn = [];
    private readonly HashSet<SeenPath> _shrunk = [];
    /// <summary>Paths of which something is reported when it lasts.</summary>
    private readonly HashSet<SeenPath> _mayTell = [];
    private int _open;
    private int _spread;
    private IBlockSink? _sink;

    public string Name => cursors.Source;

    /// <summary>How often lines may have been lost or read twice by a truncation in place, or by a deletion while the file was not open
    /// (promise 2).</summary>
    public long PossibleLosses { get; private set; }

    /// <summary>Lines that were read after a file went back and may have been read before (promise 2).</summary>
    public long PossibleDoubles { get; private set; }

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

        // 2 look, 3 offer
        var more = _due.Count > 0 && await LookIntoAsync(sink, stop);

        // 4 read on
        _loose.RemoveWhere(file => file is { Path: not null, Pending: 0 });
        foreach (var file in _loose)
        {
            if (file.Path is null || (IsRotated(file) && IsQuiet(file.GrownAt)))
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

    /// <summary>Looks into what is due, first into the files that are followed: so that a name they lost is free before others are
    /// found.</summary>
    private async Task<bool> LookIntoAsync(IBlockSink sink, CancellationToken stop)
    {
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
            if (seen.MayTell)
            {
                _mayTell.Add(seen);
            }
        }
        return more;
    }

    private FollowedFile? Owned(string path) => _seen.GetValueOrDefault(path)?.Identity is { } identity
        && _followed.GetValueOrDefault(identity) is { } file && file.Path == path ? file : null;

    /// <summary>Another file has the name under which this one was first read.</summary>
    private bool IsRotated(FollowedFile file) => file.Path != file.FirstPath && _seen.TryGetValue(file.FirstPath, out var there)
        && there.Identity != file.Identity;

    private bool IsQuiet(long since) => time.GetElapsedTime(since) >= options.Quiet;

    private void ReportWhatLasts()
    {
        foreach (var seen in _mayTell)
        {
            var path = seen.Path;
            if (seen.SameSince is { } since && !seen.SameReported && IsQuiet(since) && seen.Identity is { } identity
                && _followed.GetValueOrDefault(identity)?.Path is { } other && other != path)
            {
                seen.SameReported = true;
                events.SameContent(path, other);
            }
            if (seen.Shrunk is { } shrunk && IsQuiet(shrunk.Since) && !seen.IsBroken)
            {
                TellShrunk(seen, shrunk);
                seen.Shrunk = shrunk with { IsReported = true };
            }
            if (seen is { Shrunk.IsNear: true, ReadsAgain: false } && IsQuiet(seen.ChangedAt))
            {
                // It stays so: it is no file that is being restored.
                seen.ReadsAgain = true;
                _times.Unsettle(seen);
            }
            if (!seen.EndReported && seen.IsBroken && IsQuiet(seen.ChangedAt))
            {
                seen.EndReported = true;
                events.BadGzip(path, seen.End, seen.Decompressed);
            }
        }
        _mayTell.RemoveWhere(seen => !seen.MayTell);
    }

    private void Keep(FollowedFile file, SourceFile? open)
    {
        _open += (open is null ? 0 : 1) - (file.Open is null ? 0 : 1);
        file.Keep(open);
    }

    /// <summary>Closes more than one at once, because finding the quietest looks at all.</summary>
    private void CloseQuietest()
    {
        if (_open <= options.MaxHandles)
        {
            return;
        }
        foreach (var file in _followed.Values.Where(f => f is { Open: not null, Path: not null }).OrderBy(f => f.GrownAt)
            .Take(_open - options.MaxHandles + options.MaxHandles / 8).ToList())
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
        _loose.Clear();
        _seen.Clear();
        _times.Clear();
        _shrunk.Clear();
        _mayTell.Clear();
    }
}
