using Pipeline.Core.Store.Directories;

namespace Pipeline.Ingest.Files;

/// <summary>
/// The files of one path of a tail: 1 ask the folders that were listed for their times — 2 list them again where one has another time, or
/// had until lately, or was not listed for a while.
/// A folder's time moves when a name in it is made, removed or changed, so that an idle folder costs one system call a poll. Network file
/// systems may not say so: hence the limit.
/// </summary>
internal sealed class TailFolders(string path, TailOptions options, TimeProvider time)
{
    /// <summary>The coarsest clock of a file system has steps of two seconds: until they have passed, a folder may change without its
    /// time.</summary>
    private static readonly TimeSpan ClockStep = TimeSpan.FromSeconds(3);

    private readonly Dictionary<string, FileStamp?> _folders = new(StringComparer.Ordinal);
    private HashSet<string> _files = new(StringComparer.Ordinal);
    private HashSet<string> _before = new(StringComparer.Ordinal);
    private long _changedAt = time.GetTimestamp(), _listedAt;

    public IReadOnlyCollection<string> Files => _files;

    /// <summary>True where names may lead to other files than at the last time.</summary>
    public bool Look()
    {
        // 1 ask
        var now = time.GetTimestamp();
        var changed = _folders.Count == 0;
        foreach (var (folder, stamp) in _folders)
        {
            changed |= FileStamp.Of(folder) != stamp;
        }
        if (changed)
        {
            _changedAt = now;
        }
        else if (time.GetElapsedTime(_changedAt, now) is var still && still > ClockStep
            && time.GetElapsedTime(_listedAt, now) < options.Wait(still))
        {
            return false;
        }
        // 2 list
        var moved = changed && _folders.Count > 0;
        _listedAt = now;
        _folders.Clear();
        (_before, _files) = (_files, _before);
        _files.Clear();
        foreach (var file in SourcePaths.Find(path, _before, folder => _folders.TryAdd(folder, FileStamp.Of(folder))))
        {
            _files.Add(file);
        }
        return moved || !_files.SetEquals(_before);
    }
}
