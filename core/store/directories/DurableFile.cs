using System.Runtime.InteropServices;

namespace Pipeline.Core.Store.Directories;

/// <summary>The file operations that .NET lacks and durability needs: `link(2)` and fsync of a folder.</summary>
public static partial class DurableFile
{
    private const int Exists = 17;

    /// <summary>Gives the file at <paramref name="temporary"/> its name unless the name is taken, removes the temporary, and makes the
    /// folder's entry durable.</summary>
    public static void LinkOrKeep(string temporary, string path)
    {
        if (Link(temporary, path) != 0 && Marshal.GetLastPInvokeError() is var error and not Exists)
        {
            throw new IOException($"link to {path} failed (errno {error})");
        }
        File.Delete(temporary);
        SyncFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>fsync of a folder: its entries are on stable storage when this returns.</summary>
    public static void SyncFolder(string path)
    {
        var descriptor = Open(path, 0);
        if (descriptor < 0)
        {
            throw new IOException($"open of folder {path} failed (errno {Marshal.GetLastPInvokeError()})");
        }
        var result = Sync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (result != 0)
        {
            throw new IOException($"fsync of folder {path} failed (errno {error})");
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
