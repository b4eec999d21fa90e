namespace Pipeline.Core.Store.Directories;

/// <summary>What a disk knows of a file: its inode, its length in bytes, and when it was last written by the disk's own clock.</summary>
internal readonly record struct DiskFile(ulong Inode, long Length, DateTimeOffset Written);

internal readonly record struct DiskEntry(string Name, bool IsFolder);

/// <summary>A file operation failed with <see cref="Errno"/> (Linux numbers).</summary>
internal sealed class DiskException(int errno, string operation, string path, string reason)
    : IOException($"{operation} {path}: {reason} (errno {errno})")
{
    public const int ENOENT = 2, EIO = 5, EACCES = 13, EEXIST = 17, ENOTDIR = 20, EISDIR = 21, EFBIG = 27, ENOSPC = 28, EROFS = 30,
        EDQUOT = 122;

    public int Errno { get; } = errno;

    /// <summary>Whether trying again can help, and after what.</summary>
    public StoreFault Fault => Errno switch
    {
        ENOSPC or EDQUOT => StoreFault.Full,
        // EPERM, EACCES, EXDEV, ENOTDIR, EISDIR, EINVAL, EFBIG, EROFS, EMLINK, ENAMETOOLONG, ENOSYS, ELOOP, EOPNOTSUPP
        1 or EACCES or 18 or ENOTDIR or EISDIR or 22 or EFBIG or EROFS or 31 or 36 or 38 or 40 or 95 => StoreFault.Refused,
        _ => StoreFault.Outage,
    };
}

/// <summary>
/// The file operations that <see cref="DirectoryStore"/> stands on, each as the operating system gives it: only what was synced is on
/// stable storage.
/// Absence is a value; every other failure is a <see cref="DiskException"/>.
/// </summary>
internal abstract class Disk
{
    /// <summary>Runs work that may block: on a <see cref="DiskThreads">thread for that</see> where it waits for the disk
    /// (<paramref name="waits"/>), else on a pool thread.</summary>
    public abstract Task<T> RunAsync<T>(Func<T> work, bool waits);

    /// <summary>Creates a file that must not exist, writes it and syncs its content, through one handle: an error of the write-back is told
    /// to the handle that wrote.</summary>
    public abstract void WriteNew(string path, ReadOnlySpan<byte> bytes);

    /// <summary>Gives the file a second name, atomically; false where that name is taken.</summary>
    public abstract bool Link(string path, string name);

    /// <summary>Only its owner may read, write or enter it from now on.</summary>
    public abstract void Protect(string path);

    /// <summary>Sets the time of writing to the disk's now.</summary>
    public abstract void Touch(string path);

    /// <summary>Moves the name <paramref name="from"/> onto <paramref name="to"/>, atomically, whatever that held.</summary>
    public abstract void Rename(string from, string to);

    /// <summary>False where there was no such file.</summary>
    public abstract bool Unlink(string path);

    /// <summary>False where it exists.</summary>
    public abstract bool MakeFolder(string path);

    /// <summary>Whether the name is a symbolic link, whatever it leads to. A disk without links has none.</summary>
    public virtual bool IsLink(string path) => false;

    /// <summary>Removes an empty folder; false where there was none.</summary>
    public abstract bool RemoveFolder(string path);

    /// <summary>Puts the folder's entries, as they are now, on stable storage; false where there is no such folder.</summary>
    public abstract bool SyncFolder(string path);

    public abstract bool FolderExists(string path);

    /// <summary>Null where there is no such file, also where the path is a folder.</summary>
    public abstract DiskFile? Stat(string path);

    /// <summary>At most <paramref name="length"/> bytes from <paramref name="offset"/> and the file they are of; null where there is no
    /// such file.</summary>
    public abstract (DiskFile File, byte[] Bytes)? Read(string path, long offset, long length);

    /// <summary>The entries of a folder in no order; null where there is no such folder.</summary>
    public abstract IReadOnlyList<DiskEntry>? Entries(string folder);

    /// <summary>Makes the file if need be and locks it against every other holder; null where another holds it. The lock ends with its
    /// holder's process.</summary>
    public abstract IDisposable? TryLock(string path);
}
