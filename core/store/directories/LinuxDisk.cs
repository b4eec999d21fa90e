using System.IO.Enumeration;
using System.Runtime.InteropServices;

namespace Pipeline.Core.Store.Directories;

/// <summary>The real disk, by Linux system calls.</summary>
internal sealed class LinuxDisk : Disk
{
    // Stores hold addresses: nothing in them is for everybody on the machine.
    private const int FileMode = 0x1A0, FolderMode = 0x1E8; // 0640, 0750

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false,
        RecurseSubdirectories = false };

    public override Task<T> RunAsync<T>(Func<T> work, bool waits) => waits ? DiskThreads.RunAsync(work) : Task.Run(work);

    public override unsafe void WriteNew(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL) ?? throw Failed(DiskException.ENOENT, "create", path);
        fixed (byte* start = bytes)
        {
            for (var written = 0L; written < bytes.Length;)
            {
                var n = Libc.Write(file.Descriptor, start + written, (nint)(bytes.Length - written));
                written += n >= 0 ? n : Interrupted() ? 0 : throw Failed("write", path);
            }
        }
        Sync(file, path);
    }

    public override bool Link(string path, string name) => Try(Libc.Link(path, name), DiskException.EEXIST, "link", name);

    public override void Protect(string path)
    {
        const UnixFileMode File = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        if (!OperatingSystem.IsWindows())
        {
            System.IO.File.SetUnixFileMode(path, FolderExists(path) ? File | UnixFileMode.UserExecute : File);
        }
    }

    public override void Touch(string path) => Try(Libc.Utimensat(Libc.AT_FDCWD, path, 0, 0), 0, "set the time of", path);

    public override void Rename(string from, string to) => Try(Libc.Rename(from, to), 0, "rename onto", to);

    public override bool Unlink(string path) => Try(Libc.Unlink(path), DiskException.ENOENT, "unlink", path);

    public override bool MakeFolder(string path) => Try(Libc.Mkdir(path, FolderMode), DiskException.EEXIST, "make folder", path);

    public override bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    public override bool RemoveFolder(string path) => Try(Libc.Rmdir(path), DiskException.ENOENT, "remove folder", path);

    public override bool SyncFolder(string path)
    {
        using var folder = Open(path, Libc.O_RDONLY);
        if (folder is null)
        {
            return false;
        }
        Sync(folder, path);
        return true;
    }

    public override bool FolderExists(string path) => Statx(Libc.AT_FDCWD, path, 0, path) is { IsFolder: true };

    public override DiskFile? Stat(string path) => Statx(Libc.AT_FDCWD, path, 0, path) is { IsFile: true } found ? found.ToFile() : null;

    public override unsafe (DiskFile File, byte[] Bytes)? Read(string path, long offset, long length)
    {
        using var file = Open(path, Libc.O_RDONLY);
        if (file is null || Statx(file.Descriptor, "", Libc.AT_EMPTY_PATH, path) is not { IsFile: true } found)
        {
            return null;
        }
        var wanted = Math.Min(length, Math.Max(0, (long)found.Size - offset));
        if (wanted > Array.MaxLength)
        {
            throw Failed(DiskException.EFBIG, "read whole", path);
        }
        var bytes = GC.AllocateUninitializedArray<byte>((int)wanted);
        fixed (byte* start = bytes)
        {
            for (var read = 0; read < bytes.Length;)
            {
                var n = Libc.Pread(file.Descriptor, start + read, bytes.Length - read, offset + read);
                if (n == 0)
                {
                    // Objects never shrink: whoever cut this one went round the store.
                    throw Failed(DiskException.EIO, "read to its end", path);
                }
                read += n > 0 ? (int)n : Interrupted() ? 0 : throw Failed("read", path);
            }
        }
        return (found.ToFile(), bytes);
    }

    public override IReadOnlyList<DiskEntry>? Entries(string folder)
    {
        try
        {
            return [.. new FileSystemEnumerable<DiskEntry>(folder, static (ref FileSystemEntry e) =>
                new DiskEntry(e.FileName.ToString(), e.IsDirectory), Everything)];
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            throw Failed(DiskException.EACCES, "list", folder);
        }
        catch (IOException e)
        {
            // .NET leaves the system's number here, except where it has an exception of its own.
            var errno = e.HResult is > 0 and < 4096 ? e.HResult : DiskException.EIO;
            return errno is DiskException.ENOTDIR or DiskException.ENOENT ? null : throw Failed(errno, "list", folder);
        }
    }

    public override IDisposable? TryLock(string path)
    {
        while (true)
        {
            var file = Open(path, Libc.O_RDWR | Libc.O_CREAT) ?? throw Failed(DiskException.ENOENT, "make lock", path);
            if (Libc.Flock(file.Descriptor, Libc.LOCK_EX | Libc.LOCK_NB) != 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                file.Dispose();
                return errno is Libc.EAGAIN or Libc.EINTR ? null : throw Failed(errno, "lock", path);
            }
            // Between open and flock the file may have been removed by one that held it: a lock on a file without a name protects nothing.
            if (Statx(file.Descriptor, "", Libc.AT_EMPTY_PATH, path)?.Inode == Statx(Libc.AT_FDCWD, path, 0, path)?.Inode)
            {
                return file;
            }
            file.Dispose();
        }
    }

    private static OpenFile? Open(string path, int flags)
    {
        while (true)
        {
            var descriptor = Libc.Open(path, flags | Libc.O_CLOEXEC, FileMode);
            if (descriptor >= 0)
            {
                return new OpenFile(descriptor);
            }
            switch (Marshal.GetLastPInvokeError())
            {
                case Libc.EINTR:
                    continue;
                // A file where a folder was expected: below it there is nothing, to one who only looks.
                case DiskException.ENOENT or DiskException.ENOTDIR when (flags & Libc.O_CREAT) == 0:
                    return null;
                case var errno:
                    throw Failed(errno, (flags & Libc.O_CREAT) == 0 ? "open" : "create", path);
            }
        }
    }

    private static void Sync(OpenFile file, string path)
    {
        while (Libc.Fsync(file.Descriptor) != 0)
        {
            if (!Interrupted())
            {
                throw Failed("sync", path);
            }
        }
    }

    private static Libc.StatxBuffer? Statx(int descriptor, string relative, int flags, string path) =>
        Libc.Statx(descriptor, relative, flags, Libc.STATX_BASIC, out var found) == 0 ? found
        : Marshal.GetLastPInvokeError() is var errno && errno is DiskException.ENOENT or DiskException.ENOTDIR ? null
        : throw Failed(errno, "look at", path);

    /// <summary>False where the call failed with <paramref name="expected"/>.</summary>
    private static bool Try(int result, int expected, string operation, string path)
    {
        if (result == 0)
        {
            return true;
        }
        var errno = Marshal.GetLastPInvokeError();
        return errno == expected ? false : throw Failed(errno, operation, path);
    }

    private static bool Interrupted() => Marshal.GetLastPInvokeError() == Libc.EINTR;

    private static DiskException Failed(string operation, string path) => Failed(Marshal.GetLastPInvokeError(), operation, path);

    private static DiskException Failed(int errno, string operation, string path) =>
        new(errno, operation, path, Marshal.GetPInvokeErrorMessage(errno));

    /// <summary>An open descriptor. The finalizer ends a lock whose holder was dropped.</summary>
    private sealed class OpenFile(int descriptor) : IDisposable
    {
        private int _descriptor = descriptor;

        public int Descriptor => _descriptor;

        ~OpenFile() => Close();

        public void Dispose()
        {
            Close();
            GC.SuppressFinalize(this);
        }

        private void Close()
        {
            if (Interlocked.Exchange(ref _descriptor, -1) is >= 0 and var open)
            {
                _ = Libc.Close(open);
            }
        }
    }
}
