using System.Globalization;
using System.Runtime.InteropServices;

namespace Pipeline.Cli.Roles;

/// <summary>
/// Offers the kernel the pages of files that are mapped to be read, which are the program's own code above all. At each first touch the
/// kernel maps 64 KB around it, so that a start leaves 75 MB of the program's file resident, of which waiting needs a third.
/// They come back by themselves when they are touched. To be reclaimed, not dropped: a page that was written to keeps what it holds,
/// whatever happens meanwhile. What other processes use too stays.
/// </summary>
internal static partial class MappedPages
{
    private const int MADV_PAGEOUT = 21;

    /// <summary>Where the system does not tell what is mapped, or cannot do this, nothing is done.</summary>
    public static unsafe void Offer()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        try
        {
            foreach (var line in File.ReadLines("/proc/self/maps"))
            {
                if (ReadOnly(line) is { } pages)
                {
                    _ = Advise((void*)pages.From, pages.To - pages.From, MADV_PAGEOUT);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They stay resident: no harm.
        }
    }

    /// <summary>A mapping of a file that cannot be written through: `FROM-TO r-xp OFFSET DEVICE INODE /PATH`; else null.</summary>
    private static (nuint From, nuint To)? ReadOnly(ReadOnlySpan<char> line)
    {
        var (dash, space) = (line.IndexOf('-'), line.IndexOf(' '));
        if (dash < 0 || space < dash || line[space + 2] == 'w' || line.IndexOf(" /", StringComparison.Ordinal) < 0
            || line.EndsWith(" (deleted)", StringComparison.Ordinal))
        {
            return null;
        }
        return (nuint.Parse(line[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            nuint.Parse(line[(dash + 1)..space], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static unsafe partial int Advise(void* from, nuint length, int advice);
}
