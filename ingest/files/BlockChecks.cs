using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Files;

/// <summary>The checks that a block of lines brings: few, and nearer to one another towards its end, as <see cref="EarlierChecks"/> keeps
/// them.</summary>
internal static class BlockChecks
{
    /// <summary>Lines among which the first two that are no directives are looked for.</summary>
    private const int MostDirectives = 64;

    /// <param name="lines">Whole lines, as they lie in the file from <paramref name="from"/> on.</param>
    public static List<EarlierCheck> Of(ReadOnlySpan<byte> lines, long from, FileReading file)
    {
        var checks = new List<EarlierCheck>();
        void Add(ReadOnlySpan<byte> all, int at)
        {
            // Fewer bytes are before it only at the file's start.
            if (at >= EarlierCheck.Window || from == 0)
            {
                checks.Add(EarlierCheck.Of(from + at, all[Math.Max(0, at - EarlierCheck.Window)..at], file.Hash));
            }
        }
        for (int last = lines.Length, target; (target = last - (int)EarlierChecks.Gap(lines.Length - last)) > 0
            && lines.Length - target <= EarlierChecks.Near;)
        {
            // The first line end behind the target; where a line is longer than that, the one before it.
            var behind = target + lines[target..].IndexOf((byte)'\n') + 1;
            last = behind > target && behind < last ? behind : lines[..target].LastIndexOf((byte)'\n') + 1;
            if (last == 0)
            {
                break;
            }
            Add(lines, last);
        }
        if (from == 0 && SecondLine(lines, file) is > 0 and var second && second < lines.Length)
        {
            Add(lines, second);
        }
        return checks;
    }

    /// <summary>Where the second line ends that is no directive and not empty: it tells files apart that begin with the same line. 0: not
    /// here.</summary>
    private static int SecondLine(ReadOnlySpan<byte> lines, FileReading file)
    {
        for (int at = 0, count = 0, data = 0; count < MostDirectives; count++)
        {
            var end = lines[at..].IndexOf((byte)'\n');
            if (end < 0)
            {
                return 0;
            }
            data += end > 0 && lines[at] != '\r' && !file.Format.IsDirective(lines.Slice(at, end)) ? 1 : 0;
            at += end + 1;
            if (data == 2)
            {
                return at;
            }
        }
        return 0;
    }
}
