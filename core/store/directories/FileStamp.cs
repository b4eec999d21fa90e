namespace Pipeline.Core.Store.Directories;

/// <summary>What the disk tells of a path without opening it; links are followed. Equal stamps: nobody wrote there, as far as the disk's
/// clock can tell.</summary>
/// <param name="Inode">Which file it is, under any name; 0 where the system does not tell. A deleted file's may be given to a new
/// one.</param>
/// <param name="Written">By the disk's own clock: to be compared with another stamp of the same path and with nothing else.</param>
public readonly record struct FileStamp(ulong Inode, long Length, DateTimeOffset Written, bool IsFolder)
{
    /// <summary>Null where there is nothing, or it may not be looked at.</summary>
    public static FileStamp? Of(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            // One system call and no object: ten thousand idle files are asked for this again and again.
            return Libc.Statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC, out var found) == 0 && found.ToFile() is var file
                ? new FileStamp(file.Inode, file.Length, file.Written, found.IsFolder) : null;
        }
        try
        {
            FileSystemInfo info = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
            return info.Exists ? new FileStamp(0, (info as FileInfo)?.Length
                ?? 0, new DateTimeOffset(info.LastWriteTimeUtc), info is DirectoryInfo) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
