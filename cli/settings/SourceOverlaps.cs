using Pipeline.Core;
using Pipeline.Core.Store.Directories;
using Pipeline.Ingest.Files;

namespace Pipeline.Cli.Settings;

/// <summary>
/// Sources that would read the same file, whose lines would then count twice: by their paths and patterns, whether or not such a file is
/// there, and
/// by the files that are there, which links may bring under two names.
/// </summary>
internal static class SourceOverlaps
{
    /// <summary>Files of a source that are compared: a pattern may match ten thousand.</summary>
    private const int MaxFiles = 1_000;

    /// <exception cref="ConfigurationException">Two sources overlap; all such pairs are named.</exception>
    public static void Check(IReadOnlyList<SourceSettings> sources)
    {
        var wrong = new List<string>();
        for (var i = 0; i < sources.Count; i++)
        {
            for (var k = i + 1; k < sources.Count; k++)
            {
                if ((ByPaths(sources[i], sources[k]) ?? ByContainer(sources[i], sources[k])) is { } why)
                {
                    wrong.Add($"sources {sources[i].Name} and {sources[k].Name} overlap: {why}. Each line would count twice: give a " +
                        $"file to one source only.");
                }
            }
        }
        wrong.AddRange(wrong.Count > 0 ? [] : ByFiles(sources));
        if (wrong.Count > 0)
        {
            throw new ConfigurationException(string.Join($"{Environment.NewLine}error: ", wrong));
        }
    }

    private static string? ByPaths(SourceSettings a, SourceSettings b)
    {
        foreach (var one in a.Paths)
        {
            if (b.Paths.FirstOrDefault(other => PathPatterns.MayMeet(one, other)) is { } met)
            {
                return $"{one} and {met} can match the same file";
            }
        }
        return null;
    }

    private static string? ByContainer(SourceSettings a, SourceSettings b) =>
        a.Container is { } one && b.Container is { } other && one.Url.TrimEnd('/') == other.Url.TrimEnd('/')
            && (one.Options.Prefix.StartsWith(other.Options.Prefix, StringComparison.Ordinal)
                || other.Options.Prefix.StartsWith(one.Options.Prefix, StringComparison.Ordinal))
            && PathPatterns.MayBeAlike(one.Options.Pattern, other.Options.Pattern) ? "both follow the same blobs of one container" : null;

    private static IEnumerable<string> ByFiles(IReadOnlyList<SourceSettings> sources)
    {
        var seen = new Dictionary<FileStamp, (string Source, string Path)>();
        foreach (var source in sources)
        {
            foreach (var path in source.Paths.SelectMany(SourcePaths.Find).Take(MaxFiles))
            {
                if (FileStamp.Of(path) is not { IsFolder: false, Inode: > 0, Length: > 0 } stamp)
                {
                    continue;
                }
                if (seen.TryAdd(stamp, (source.Name, path)) || seen[stamp].Source == source.Name)
                {
                    continue;
                }
                yield return $"sources {seen[stamp].Source} and {source.Name} overlap: {seen[stamp].Path} and {path} are one file. Each " +
                    $"line would count twice: give a file to one source only.";
            }
        }
    }
}
