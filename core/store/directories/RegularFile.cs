namespace Pipeline.Core.Store.Directories;

/// <summary>Tells a file from what only has a file's name: opening a pipe that nobody writes to waits for ever, and a device has no
/// end.</summary>
public static class RegularFile
{
    /// <summary>True also where there is nothing, or it may not be looked at: whoever opens it then is told why. Links are followed.
    /// Elsewhere than on Linux always true.</summary>
    public static bool IsOrIsAbsent(string path) =>
        !OperatingSystem.IsLinux() || Libc.Statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC, out var found) != 0 || found.IsFile
            || found.IsFolder;
}
