using System.Globalization;
using System.Runtime.InteropServices;

namespace Pipeline.Cli.Roles;

/// <summary>
/// Lets go of the pages of files that are mapped to be read, which are the program's own code above all. At each first touch the kernel maps 64 KB around it, so that a start leaves 75 MB of the program's file mapped, of which waiting needs a third.
/// The pages stay in the page cache while there is room, and come back by themselves when they are touched; from now on they count as what they are, memory that the kernel may take.
/// </summary>
internal static partial class MappedPages
{
    private const int MADV_DONTNEED = 4;

    /// <summary>Where the system does not tell what is mapped, nothing is done.</summary>
    public static unsafe void LetGo()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        try
        {
            (nuint From, nuint To)? range = null;
            foreach (var line in File.ReadLines("/proc/self/smaps"))
            {
                if (char.IsAsciiHexDigitLower(line[0]))
                {
                    range = ReadOnly(line);
                }
                else if (range is { } pages && line.StartsWith("Anonymous:", StringComparison.Ordinal))
                {
                    // A page that was written to, by a relocation, is nowhere but in memory: where there is one, all stay.
                    if (line.EndsWith(" 0 kB", StringComparison.Ordinal))
                    {
                        _ = Advise((void*)pages.From, pages.To - pages.From, MADV_DONTNEED);
                    }
                    range = null;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They stay mapped: no harm.
        }
    }

    /// <summary>A mapping of a file that cannot be written through: `FROM-TO r-xp OFFSET DEVICE INODE /PATH`; else null.</summary>
    private static (nuint From, nuint To)? ReadOnly(ReadOnlySpan<char> line)
    {
        var (dash, space) = (line.IndexOf('-'), line.IndexOf(' '));
        if (dash < 0 || space < dash || line[space + 2] == 'w' || line.IndexOf(" /", StringComparison.Ordinal) < 0 || line.EndsWith(" (deleted)", StringComparison.Ordinal))
        {
            return null;
        }
        return (nuint.Parse(line[..dash], NumberStyles.HexNumber, CultureInfo.InvariantCulture), nuint.Parse(line[(dash + 1)..space], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static unsafe partial int Advise(void* from, nuint length, int advice);
}
