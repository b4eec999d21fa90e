using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>
/// Memory between two pages that nobody may read or write: a reader that goes one byte over either end ends the process at once, instead of
/// reading what lies there by chance. Linux.
/// </summary>
internal sealed unsafe partial class GuardedBytes : IDisposable
{
    private const int ReadWrite = 3, None = 0, PrivateAnonymous = 0x22;

    private readonly nint _all;
    private readonly int _page = Environment.SystemPageSize;
    private readonly int _size;

    /// <param name="size">The most bytes that are asked for; rounded up to whole pages.</param>
    public GuardedBytes(int size)
    {
        _size = (size + _page - 1) / _page * _page;
        _all = Mmap(0, _size + 2 * _page, ReadWrite, PrivateAnonymous, -1, 0);
        if (_all == -1 || Mprotect(_all, _page, None) != 0 || Mprotect(_all + _page + _size, _page, None) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Bytes whose last is the last before the guard.</summary>
    public Span<byte> AtEnd(int length) => new((void*)(_all + _page + _size - length), length);

    /// <summary>Bytes whose first is the first after the guard.</summary>
    public Span<byte> AtStart(int length) => new((void*)(_all + _page), length);

    /// <summary>Whether the system says that both guards may not be touched.</summary>
    public bool IsGuarded()
    {
        var closed = File.ReadLines("/proc/self/maps").Select(line => line.Split(' ', 3)).Where(part => part[1] == "---p")
            .Select(part => part[0].Split('-').Select(at => long.Parse(at, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToList())
            .ToList();
        return new[] { _all, _all + _page + _size }.All(at => closed.Exists(range => range[0] <= at && at + _page <= range[1]));
    }

    public void Dispose() => _ = Munmap(_all, _size + 2 * _page);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Mmap(nint at, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Mprotect(nint at, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Munmap(nint at, nint length);
}
