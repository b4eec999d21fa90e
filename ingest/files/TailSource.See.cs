using Pipeline.Core.Store.Directories;

namespace Pipeline.Ingest.Files;

/// <summary>Step 1 of a poll: which paths are there, and which of them changed.</summary>
public sealed partial class TailSource
{
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
                    _times.Add(_seen[path] = new SeenPath(path, _spread++));
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

    /// <summary>Asks the disk for the stamps of all paths, or of those whose time has come. True where one leads to another file, or to a
    /// shorter one.</summary>
    private bool Ask(bool all)
    {
        var (now, moved) = (time.GetTimestamp(), false);
        List<string>? gone = null;
        _due.Clear();
        _asked.Clear();
        _times.Due(now, all, _asked);
        foreach (var seen in _asked)
        {
            if (FileStamp.Of(seen.Path) is not { IsFolder: false } stamp)
            {
                (gone ??= []).Add(seen.Path);
                continue;
            }
            if (stamp != seen.Stamp)
            {
                moved |= stamp.Inode != seen.Stamp.Inode || stamp.Length < seen.Stamp.Length;
                (seen.Stamp, seen.Changed, seen.ChangedAt, seen.EndReported) = (stamp, true, now, false);
                _times.Unsettle(seen);
            }
            if (seen.Settled)
            {
                // Files that were written last at one time are not all asked at one time.
                var wait = options.Wait(time.GetElapsedTime(seen.ChangedAt, now));
                _times.Settle(seen, now + Ticks(wait - wait / 8 * (seen.Spread & 3)));
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
        if (_shrunk.Remove(seen) && seen.Shrunk is { } shrunk)
        {
            TellShrunk(seen, shrunk);
        }
        _seen.Remove(path);
        _times.Remove(seen);
        _mayTell.Remove(seen);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
