using System.Runtime.CompilerServices;

namespace Pipeline.Core.Store;

/// <summary>
/// A store in a folder of a Linux file system that has hard links: an object's name is its path below the root.
/// Puts follow the protocol's "put-if-absent": 1 write and sync a temporary, 2 link it to the name, 3 sync the folder, 4 unlink the temporary.
/// A name that this process did not write is relied on only after its folders were synced, once per name. Beside the objects lie
/// `.tmp/` (puts under way) and `.locks/`, which no list shows.
/// Several processes may use one folder. Safe for concurrent use; a call that has begun runs to its end, whatever its cancellation token says.
/// </summary>
public sealed class DirectoryStore : IObjectStore, IDisposable
{
    private const int StatsAtOnce = 256;

    private readonly Disk _disk;
    private readonly string _root;
    private readonly DirectoryFolders _folders;
    private readonly Temporaries _temporaries;
    private readonly DurableNames _names = new();

    /// <summary>Opens the store at <paramref name="root"/>. Nothing is read or written before the first call; a root that is not there is refused then.</summary>
    public DirectoryStore(string root) : this(root, new LinuxDisk())
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PipelineException(ExitCode.Configuration, $"The store {root} is a directory, and stores on directories run on Linux only; here run ingest against Azure, or push.");
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

    /// <summary>Makes the root and the folders above it, durably, and opens it. That is only a place: <see cref="StoreIdentity"/> makes it a store.</summary>
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
        return RunAsync("read", ObjectName.Check(name), () => ReliedOn(name, _disk.Read(PathOf(name), offset, length)), waits: false, cancel);
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

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        // Keys still to visit, the next on top: an object's name, or a folder's beginning, which ends with '/' (or is empty).
        var pending = new Stack<string>([ObjectName.CheckPrefix(prefix)[..(prefix.LastIndexOf('/') + 1)]]);
        var objects = new List<string>();
        while (pending.Count > 0)
        {
            if (IsFolder(pending.Peek()))
            {
                var folder = pending.Pop();
                foreach (var key in await RunAsync("list", folder, () => Keys(folder, prefix, after), waits: false, cancel))
                {
                    pending.Push(key);
                }
                continue;
            }
            objects.Clear();
            while (objects.Count < StatsAtOnce && pending.TryPeek(out var next) && !IsFolder(next))
            {
                objects.Add(pending.Pop());
            }
            foreach (var found in await RunAsync("list", prefix, () => objects.ConvertAll(name => (Name: name, File: _disk.Stat(PathOf(name)))), waits: false, cancel))
            {
                // What was removed since its folder was read is no longer listed.
                if (found.File is { } file)
                {
                    yield return new ObjectInfo(found.Name, file.Length, file.Written);
                }
            }
        }
    }

    public async IAsyncEnumerable<string> ListFoldersAsync(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var keys = await RunAsync("list", ObjectName.CheckFolder(folder), () => Keys(folder, folder, null), waits: false, cancel);
        for (var i = keys.Count - 1; i >= 0; i--)
        {
            var key = keys[i];
            // Folders outlive their objects on a disk; in a store there is no folder but in names.
            if (IsFolder(key) && await RunAsync("list", key, () => HoldsObject(key), waits: false, cancel))
            {
                yield return key[folder.Length..^1];
            }
        }
    }

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
    /// Locks <paramref name="name"/> (a valid object name, e.g. "shards/web-1") against every other holder, in this process or another on this
    /// machine's kernel; null where it is held. Rule 5: on a directory a lock refuses the newcomer. It ends at Dispose or with the process, however that ends.
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

    private PutOutcome Put(string name, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            // A taken name, as in a lost race for a commit's slot, costs no write.
            if (Compare(name, bytes) is { } known)
            {
                return known;
            }
            if (WithTemporary(bytes, temporary => LinkAndTouch(temporary, name), FolderOf(name)))
            {
                SyncFolderOf(name);
                if (_disk.Stat(PathOf(name)) is { } mine)
                {
                    _names.Add(name, mine.Inode);
                }
                return PutOutcome.Created;
            }
            if (_disk.FolderExists(PathOf(name)))
            {
                throw new DiskException(DiskException.EISDIR, "link", PathOf(name), "other objects' names go on below this one");
            }
        }
    }

    /// <summary>
    /// The time of writing becomes that of the link: a process that slept between the two must not date its object back,
    /// or an expired number would pass for a fresh one (rule 7).
    /// </summary>
    private bool LinkAndTouch(string temporary, string name)
    {
        if (!_disk.Link(temporary, PathOf(name)))
        {
            return false;
        }
        _disk.Touch(temporary);
        return true;
    }

    /// <summary>Same or Other where the name is taken, and then durable; null where it is free.</summary>
    private PutOutcome? Compare(string name, ReadOnlySpan<byte> bytes)
    {
        if (_disk.Stat(PathOf(name)) is not { } file)
        {
            return null;
        }
        if (file.Length == bytes.Length)
        {
            if (_disk.Read(PathOf(name), 0, long.MaxValue) is not { } there)
            {
                return null;
            }
            RelyOn(name, there.File);
            return there.Bytes.AsSpan().SequenceEqual(bytes) ? PutOutcome.Same : PutOutcome.Other;
        }
        RelyOn(name, file);
        return PutOutcome.Other;
    }

    private bool WithTemporary(ReadOnlySpan<byte> bytes, Func<string, bool> publish, string folder)
    {
        for (var again = false; ; again = true)
        {
            _folders.CheckRoot();
            var temporary = _temporaries.NewPath();
            try
            {
                _disk.WriteNew(temporary, bytes);
                _folders.Make(folder);
                return publish(temporary);
            }
            catch (DiskException e) when (e.Errno == DiskException.ENOENT && !again)
            {
                // A folder that we knew was removed behind our back: make it again, once.
                _folders.Forget();
                _temporaries.Forget();
            }
            finally
            {
                Unlink(temporary);
            }
        }
    }

    private void Unlink(string temporary)
    {
        try
        {
            _disk.Unlink(temporary);
        }
        catch (DiskException)
        {
            // The outcome of the put stands; the file goes with its folder when we close, or when the next holder finds us dead.
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

    /// <summary>The keys in a folder that the list still wants, durable, in falling order.</summary>
    private List<string> Keys(string folder, string prefix, string? after)
    {
        if (_disk.Entries(_folders.PathOf(folder)) is not { } entries)
        {
            _folders.CheckRoot();
            return [];
        }
        var keys = new List<string>();
        foreach (var entry in entries)
        {
            // What cannot be an object's name was put there by somebody else, or is the store's own.
            if (ObjectName.IsPart(entry.Name) && (folder.Length > 0 || entry.Name[0] != '.'))
            {
                var key = folder + entry.Name + (entry.IsFolder ? "/" : "");
                if (entry.IsFolder ? Meets(key, prefix, after) : key.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(key, after) > 0))
                {
                    keys.Add(key);
                }
            }
        }
        if (keys.Exists(k => !IsFolder(k)))
        {
            _folders.RelyOn(folder);
            _disk.SyncFolder(_folders.PathOf(folder));
        }
        // With its '/' a folder stands among its neighbours where its objects' whole names stand: after "a.b", before "a0".
        keys.Sort(static (a, b) => string.CompareOrdinal(b, a));
        return keys;
    }

    /// <summary>Whether names that begin with <paramref name="folder"/> can be in the list: all of them share their order against `after` unless it lies within.</summary>
    private static bool Meets(string folder, string prefix, string? after) =>
        (folder.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(folder, StringComparison.Ordinal))
        && (after is null || after.StartsWith(folder, StringComparison.Ordinal) || string.CompareOrdinal(folder, after) > 0);

    private bool HoldsObject(string folder)
    {
        var keys = Keys(folder, folder, null);
        return keys.Exists(k => !IsFolder(k)) || keys.Exists(HoldsObject);
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

    private static bool IsFolder(string key) => key.Length == 0 || key[^1] == '/';
}
