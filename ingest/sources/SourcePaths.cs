using System.IO.Enumeration;

namespace Pipeline.Ingest.Sources;

/// <summary>
/// Finds files: paths of files, folders (with all below them) and patterns with `*`, `?` and `**` (folders at any depth). Names that begin with a dot, and folders that are links, are found
/// only where they are named.
/// </summary>
public static class SourcePaths
{
    /// <summary>The files of a path in the order of their names, or none. A path that exists is taken as it is, whatever characters it has.</summary>
    public static IEnumerable<string> Find(string path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0', StringComparison.Ordinal))
        {
            return [];
        }
        var full = Path.GetFullPath(path);
        if (File.Exists(full))
        {
            return [full];
        }
        if (Directory.Exists(full))
        {
            return Below(full);
        }
        var parts = full.Split(Path.DirectorySeparatorChar);
        var first = Array.FindIndex(parts, IsPattern);
        return first < 0 ? [] : Match(string.Join(Path.DirectorySeparatorChar, parts[..first]) + Path.DirectorySeparatorChar, parts, first);
    }

    private static bool IsPattern(string part) => part.AsSpan().ContainsAny('*', '?');

    private static IEnumerable<string> Match(string folder, string[] parts, int at)
    {
        var part = parts[at];
        var last = at == parts.Length - 1;
        if (part == "**")
        {
            var here = last ? Entries(folder, "*", files: true) : Match(folder, parts, at + 1);
            return here.Concat(Entries(folder, "*", files: false).SelectMany(f => Match(f, parts, at)));
        }
        if (!IsPattern(part))
        {
            var path = Path.Combine(folder, part);
            return last ? (File.Exists(path) ? [path] : Directory.Exists(path) ? Below(path) : [])
                : Directory.Exists(path) ? Match(path, parts, at + 1) : [];
        }
        return last ? Entries(folder, part, files: true).Concat(Entries(folder, part, files: false).SelectMany(Below))
            : Entries(folder, part, files: false).SelectMany(f => Match(f, parts, at + 1));
    }

    private static IEnumerable<string> Below(string folder) => Entries(folder, "*", files: true).Concat(Entries(folder, "*", files: false).SelectMany(Below));

    private static List<string> Entries(string folder, string pattern, bool files)
    {
        try
        {
            var found = new FileSystemEnumerable<string>(folder, static (ref FileSystemEntry e) => e.ToFullPath(), new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = 0 })
            {
                ShouldIncludePredicate = (ref FileSystemEntry e) => (files ? !e.IsDirectory : e.IsDirectory && (e.Attributes & FileAttributes.ReparsePoint) == 0)
                    && (!e.FileName.StartsWith('.') || pattern.StartsWith('.')) && FileSystemName.MatchesSimpleExpression(pattern, e.FileName, ignoreCase: false),
            };
            return [.. found.Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            // It vanished since it was seen.
            return [];
        }
    }
}
