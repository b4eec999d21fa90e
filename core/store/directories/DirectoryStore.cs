namespace Pipeline.Core.Store.Directories;

/// <summary>
/// A store in a folder of a Linux file system that has hard links: an object's name is its path below the root.
/// Puts follow the protocol's "put-if-absent": 1 write and sync a temporary, 2 link it to the name, 3 sync the folder, 4 unlink the
/// temporary.
/// A name that this process did not write is relied on only after its folders were synced, once per name. Beside the objects lie
/// `.tmp/` (puts under way) and `.locks/`, which no list shows.
/// Several processes may use one folder. Safe for concurrent use; a call that has begun runs to its end, whatever its cancellation token
/// says.
/// </summary>
public sealed partial class DirectoryStore : IObjectStore, IDisposable
{
    private readonly Disk _disk;
    private readonly string _root;
    private readonly DirectoryFolders _folders;
    private readonly Temporaries _temporaries;
    private readonly DurableNames _names = new();

    /// <summary>Opens the store at <paramref name="root"/>. Nothing is read or written before the first call; a root that is not there is
    /// refused then.</summary>
    public DirectoryStore(string root) : this(root, new LinuxDisk())
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new ConfigurationException(
                $"The store {root} is a directory, and stores on directories run on Linux only; here run ingest against Azure, or push.");
        }
    }

    internal DirectoryStore(string root, Disk disk)
    {
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        _disk = disk;
        _folders = new DirectoryFolders(disk, _root);
        _temporaries = new Temporaries(disk, _root);
    }

    public string Location => _root;

    /// <summary>Makes the root and the folders above it, durably, and opens it. That is only a place: <see cref="StoreIdentity"/> makes it
    /// a store.</summary>
    public static DirectoryStore Create(string root)
    {
        var store = new DirectoryStore(root);
        store.Guarded("create", "", () => { store._folders.MakeRoot(); return true; });
        return store;
    }

    internal static DirectoryStore Create(string root, Disk disk)
    {
        var store = new DirectoryStore(root, disk);
        store.Guarded("create", "", () => { store._folders.MakeRoot(); return true; });
        return store;
    }

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        RunAsync("put", ObjectName.Check(name), () => Put(name, bytes.Span), waits: true, cancel);

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) =>
        RunAsync("read", ObjectName.Check(name), () => ReliedOn(name, _disk.Read(PathOf(name), 0, long.MaxValue)), waits: false, cancel);

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return RunAsync("read", ObjectName.Check(name), () => ReliedOn(name, _disk.Read(PathOf(name), offset, length)), waits: false,
            cancel);
    }

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) =>
        RunAsync("find", ObjectName.Check(name), () =>
        {
            if (_disk.Stat(PathOf(name)) is not { } file)
            {
                _folders.CheckRoot();
                return null;
            }
            RelyOn(name, file);
            return new ObjectInfo(name, file.Length, file.Written);
        }, waits: false, cancel);

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default) =>
        RunAsync("overwrite", ObjectName.Check(name), () =>
        {
            WithTemporary(bytes.Span, temporary => { _disk.Rename(temporary, PathOf(name)); return true; }, FolderOf(name));
            SyncFolderOf(name);
            return true;
        }, waits: true, cancel);

    public Task DeleteAsync(string name, CancellationToken cancel = default) =>
        RunAsync("delete", ObjectName.Check(name), () =>
        {
            _folders.CheckRoot();
            _disk.Unlink(PathOf(name));
            // Also where it was gone already: another's unlink may not be durable yet, and we rely on it.
            _disk.SyncFolder(_folders.PathOf(FolderOf(name)));
            return true;
        }, waits: true, cancel);

    /// <summary>
    /// Locks <paramref name="name"/> (a valid object name, e.g. "shards/web-1") against every other holder, in this process or another on
    /// this
    /// machine's kernel; null where it is held. Rule 5: on a directory a lock refuses the newcomer. It ends at Dispose or with the process,
    /// however that ends.
    /// </summary>
    public IDisposable? TryLock(string name)
    {
        ObjectName.Check(name);
        return Guarded("lock", name, () =>
        {
            _folders.CheckRoot();
            var locks = Path.Join(_root, ".locks");
            _disk.MakeFolder(locks);
            // '~' is in no name, so two names never share a lock.
            return _disk.TryLock(Path.Join(locks, name.Replace('/', '~')));
        });
    }

    public void Dispose()
    {
        try
        {
            _temporaries.Dispose();
        }
        catch (DiskException)
        {
            // What stays is removed by the next holder.
        }
    }

    private byte[]? ReliedOn(string name, (DiskFile File, byte[] Bytes)? found)
    {
        if (found is not { } there)
        {
            _folders.CheckRoot();
            return null;
        }
        RelyOn(name, there.File);
        return there.Bytes;
    }

    /// <summary>Whoever wrote the name may have died between link and sync: sync for it, once.</summary>
    private void RelyOn(string name, DiskFile file)
    {
        if (!_names.Knows(name, file.Inode))
        {
            _folders.RelyOn(FolderOf(name));
            SyncFolderOf(name);
            _names.Add(name, file.Inode);
        }
    }

    private void SyncFolderOf(string name)
    {
        if (!_disk.SyncFolder(_folders.PathOf(FolderOf(name))))
        {
            throw new DiskException(DiskException.ENOENT, "sync the folder of", PathOf(name), "the folder was removed");
        }
    }

    private Task<T> RunAsync<T>(string verb, string name, Func<T> work, bool waits, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        return _disk.RunAsync(() => Guarded(verb, name, work), waits);
    }

    private T Guarded<T>(string verb, string name, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (DiskException e)
        {
            throw new StoreException(e.Fault, $"Cannot {verb} '{name}' in the store {_root}: {e.Message}. {Advice(e.Fault)}", e);
        }
    }

    private static string Advice(StoreFault fault) => fault switch
    {
        StoreFault.Full => "Make room on its file system; nothing acknowledged is lost.",
        StoreFault.Refused => "Check the folder's owner, permissions and mount, and that its file system has hard links.",
        _ => "Check the disk; it is tried again.",
    };

    private string PathOf(string name) => Path.Join(_root, name);

    private static string FolderOf(string name) => name[..(name.LastIndexOf('/') + 1)];
}
