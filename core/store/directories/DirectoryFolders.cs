using System.Collections.Concurrent;

namespace Pipeline.Core.Store.Directories;

/// <summary>
/// The folders of a <see cref="DirectoryStore"/>, by the beginning that their objects' names share ("captures/web-1/", or empty for the
/// root).
/// A folder's entry in the folder above is synced before the folder is relied on, whoever made it; which ones were is remembered.
/// </summary>
internal sealed class DirectoryFolders(Disk disk, string root)
{
    private const int Remembered = 65_536;

    private readonly ConcurrentDictionary<string, bool> _durable = new(StringComparer.Ordinal);

    public string PathOf(string folder) => folder.Length == 0 ? root : Path.Join(root, folder[..^1]);

    /// <summary>Makes the folder and those above it, durably.</summary>
    public void Make(string folder) => Walk(folder, make: true);

    /// <summary>Makes sure that the folder, which exists, is reached from the root after a crash.</summary>
    public void RelyOn(string folder) => Walk(folder, make: false);

    /// <summary>Forgets what it knew, for when folders were removed behind our back.</summary>
    public void Forget() => _durable.Clear();

    /// <summary>Refuses where there is no root: an absent store is never taken for an empty one.</summary>
    public void CheckRoot()
    {
        if (!disk.FolderExists(root))
        {
            throw new StoreException(StoreFault.Refused,
                $"There is no store at {root}: expected a folder with a store.json. Check the path and the mount, or make one with " +
                $"`pipeline store init`.");
        }
    }

    /// <summary>Makes the root and what is missing above it. Every folder on the way is synced, also what exists: who made it may have died
    /// before it did.</summary>
    public void MakeRoot() => MakeAbove(root);

    private void MakeAbove(string path)
    {
        if (Path.GetDirectoryName(path) is not { Length: > 0 } above)
        {
            return;
        }
        MakeAbove(above);
        var made = !disk.FolderExists(path) && disk.MakeFolder(path);
        try
        {
            disk.SyncFolder(above);
        }
        catch (DiskException e) when (!made && e.Fault == StoreFault.Refused)
        {
            // A folder that is ours to pass but not to read is another's to keep.
        }
    }

    private void Walk(string folder, bool make)
    {
        if (folder.Length == 0 || _durable.ContainsKey(folder))
        {
            return;
        }
        var above = folder[..(folder.LastIndexOf('/', folder.Length - 2) + 1)];
        Walk(above, make);
        if (make)
        {
            disk.MakeFolder(PathOf(folder));
        }
        disk.SyncFolder(PathOf(above));
        if (_durable.Count >= Remembered)
        {
            _durable.Clear();
        }
        _durable[folder] = true;
    }
}
