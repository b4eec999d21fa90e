using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;

namespace Pipeline.Tests.Fakes;

/// <summary>The process that used the disk was killed, or the machine lost power, at a chosen operation. Every later operation of it meets
/// the same.</summary>
public sealed class DiskStoppedException(long operation) : Exception($"stopped at disk operation {operation}");

/// <summary>
/// A disk with a page cache. What was not synced - a file's content, a folder's entries - is lost, torn or kept at a crash, each by a
/// seeded draw, and
/// changes of one folder need not survive in their order. Runs on the caller's thread. The root "/" exists.
/// </summary>
internal sealed partial class VolatileDisk(int seed, TimeProvider time) : Disk
{
    private readonly Random _random = new(seed);
    private Folder _root = new();
    private ulong _inodes;
    private long _stopAt = long.MaxValue;
    private long _life;
    private bool _stopped;

    /// <summary>Operations so far: every call, and each step of a write.</summary>
    public long Operations { get; private set; }

    /// <summary>What every operation did, for tests of the order: "sync /us/captures".</summary>
    public List<string> Log { get; } = [];

    /// <summary>Called before each operation with what it will do.</summary>
    public Action<string>? Before { get; set; }

    /// <summary>Stops the process before the operation of this number from now on, counting from 0.</summary>
    public void StopAt(long number) => _stopAt = Operations + number;

    /// <summary>The process is dead and the machine is not: what was written is seen, and its locks are free.</summary>
    public void Restart()
    {
        (_stopAt, _stopped) = (long.MaxValue, false);
        _life++;
    }

    /// <summary>The machine lost power and is up again.</summary>
    public void Crash()
    {
        Restart();
        _root = Survivor(_root, []);
    }

    public override Task<T> RunAsync<T>(Func<T> work, bool waits)
    {
        try
        {
            return Task.FromResult(work());
        }
        catch (Exception e) when (e is StoreException or DiskStoppedException)
        {
            return Task.FromException<T>(e);
        }
    }

    public override void WriteNew(string path, ReadOnlySpan<byte> bytes)
    {
        Step("create", path);
        var (folder, name) = FolderAbove(path, "create");
        if (folder.Entries.ContainsKey(name))
        {
            throw Failed(DiskException.EEXIST, "create", path);
        }
        var file = new File(++_inodes) { Written = time.GetUtcNow() };
        folder.Set(name, file);
        Step("write", path);
        // A write that is stopped in its middle leaves its first part in the cache.
        file.Bytes = bytes[.._random.Next(bytes.Length + 1)].ToArray();
        Step("write", path);
        file.Bytes = bytes.ToArray();
        Step("sync file", path);
        file.Synced = file.Bytes;
    }

    public override void Protect(string path) => Step("protect", path);

    public override bool Link(string path, string name)
    {
        Step("link", name);
        var file = Find(path) as File ?? throw Failed(DiskException.ENOENT, "link", path);
        var (folder, last) = FolderAbove(name, "link");
        if (folder.Entries.ContainsKey(last))
        {
            return false;
        }
        folder.Set(last, file);
        return true;
    }

    public override void Touch(string path)
    {
        Step("touch", path);
        (Find(path) as File ?? throw Failed(DiskException.ENOENT, "touch", path)).Written = time.GetUtcNow();
    }

    public override void Rename(string from, string to)
    {
        Step("rename", to);
        var (source, oldName) = FolderAbove(from, "rename");
        var (target, newName) = FolderAbove(to, "rename");
        var node = source.Entries.GetValueOrDefault(oldName) ?? throw Failed(DiskException.ENOENT, "rename", from);
        target.Set(newName, node);
        source.Set(oldName, null);
    }

    public override bool Unlink(string path)
    {
        Step("unlink", path);
        return Remove<File>(path);
    }

    public override bool RemoveFolder(string path)
    {
        Step("remove folder", path);
        return Remove<Folder>(path);
    }

    public override bool MakeFolder(string path)
    {
        Step("make folder", path);
        var (folder, name) = FolderAbove(path, "make folder");
        if (folder.Entries.ContainsKey(name))
        {
            return false;
        }
        folder.Set(name, new Folder());
        return true;
    }

    public override bool SyncFolder(string path)
    {
        Step("sync", path);
        if (Find(path) is not Folder folder)
        {
            return false;
        }
        folder.Sync();
        return true;
    }

    public override bool FolderExists(string path)
    {
        Step("look at", path);
        return Find(path) is Folder;
    }

    public override DiskFile? Stat(string path)
    {
        Step("look at", path);
        return Find(path) is File file ? file.Info : null;
    }

    public override (DiskFile File, byte[] Bytes)? Read(string path, long offset, long length)
    {
        Step("read", path);
        if (Find(path) is not File file)
        {
            return null;
        }
        var from = (int)Math.Min(offset, file.Bytes.Length);
        return (file.Info, file.Bytes.AsSpan(from, (int)Math.Min(length, file.Bytes.Length - from)).ToArray());
    }

    public override IReadOnlyList<DiskEntry>? Entries(string folder)
    {
        Step("list", folder);
        return Find(folder) is Folder found ? [.. found.Entries.Select(e => new DiskEntry(e.Key, e.Value is Folder))] : null;
    }

    public override IDisposable? TryLock(string path)
    {
        Step("lock", path);
        var (folder, name) = FolderAbove(path, "lock");
        if (folder.Entries.GetValueOrDefault(name) is not File file)
        {
            file = new File(++_inodes) { Written = time.GetUtcNow() };
            folder.Set(name, file);
        }
        if (file.Lock is { Open: true } held && held.Life == _life)
        {
            return null;
        }
        return file.Lock = new HeldLock(_life);
    }

    private void Step(string operation, string path)
    {
        if (_stopped || Operations >= _stopAt)
        {
            _stopped = true;
            throw new DiskStoppedException(Operations);
        }
        Before?.Invoke($"{operation} {path}");
        Operations++;
        Log.Add($"{operation} {path}");
    }

    private bool Remove<T>(string path) where T : Node
    {
        if (Find(path) is not T)
        {
            return false;
        }
        var (folder, name) = FolderAbove(path, "remove");
        folder.Set(name, null);
        return true;
    }

    private Node? Find(string path)
    {
        Node? node = _root;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            node = (node as Folder)?.Entries.GetValueOrDefault(part);
        }
        return node;
    }

    private (Folder Folder, string Name) FolderAbove(string path, string operation) => Find(Path.GetDirectoryName(path)!) switch
    {
        Folder folder => (folder, Path.GetFileName(path)),
        null => throw Failed(DiskException.ENOENT, operation, path),
        _ => throw Failed(DiskException.ENOTDIR, operation, path),
    };

    private static DiskException Failed(int errno, string operation, string path) => new(errno, operation, path, "simulated");
}
