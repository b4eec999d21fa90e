using System.IO.Enumeration;

namespace Pipeline.Ingest.Files;

/// <summary>
/// Finds files: paths of files, folders (with all below them) and patterns with `*`, `?` and `**` (folders at any depth). Names that begin
/// with a dot, and folders that are links, are found
/// only where they are named.
/// </summary>
public static class SourcePaths
{
    /// <summary>The files of a path in the order of their names, or none. A path that exists is taken as it is, whatever characters it
    /// has.</summary>
    public static IEnumerable<string> Find(string path) => Find(path, new Walk(Ordered: true, null, null));

    /// <summary>The same in no order. Who looks every second takes the strings of the last time again, and learns which folders the answer
    /// depends on.</summary>
    /// <param name="known">Paths that were found before.</param>
    /// <param name="visited">Called with each folder before it is listed.</param>
    internal static IEnumerable<string> Find(string path, HashSet<string> known, Action<string> visited) =>
        Find(path, new Walk(Ordered: false, known, visited));

    private sealed record Walk(bool Ordered, HashSet<string>? Known, Action<string>? Visited);

    private static IEnumerable<string> Find(string path, Walk walk)
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
            return Below(full, walk);
        }
        var parts = full.Split(Path.DirectorySeparatorChar);
        var first = Array.FindIndex(parts, IsPattern);
        return first < 0 ? [] : Match(string.Join(Path.DirectorySeparatorChar, parts[..first])
            + Path.DirectorySeparatorChar, parts, first, walk);
    }

    private static bool IsPattern(string part) => part.AsSpan().ContainsAny('*', '?');

    private static IEnumerable<string> Match(string folder, string[] parts, int at, Walk walk)
    {
        var part = parts[at];
        var last = at == parts.Length - 1;
        if (part == "**")
        {
            var here = last ? Entries(folder, "*", files: true, walk) : Match(folder, parts, at + 1, walk);
            return here.Concat(Entries(folder, "*", files: false, walk).SelectMany(f => Match(f, parts, at, walk)));
        }
        if (!IsPattern(part))
        {
            walk.Visited?.Invoke(folder);
            var path = Path.Combine(folder, part);
            return last ? (File.Exists(path) ? [path] : Directory.Exists(path) ? Below(path, walk) : [])
                : Directory.Exists(path) ? Match(path, parts, at + 1, walk) : [];
        }
        return last ? Entries(folder, part, files: true, walk).Concat(Entries(folder, part, files: false, walk)
            .SelectMany(f => Below(f, walk)))
            : Entries(folder, part, files: false, walk).SelectMany(f => Match(f, parts, at + 1, walk));
    }

    private static IEnumerable<string> Below(string folder, Walk walk) =>
        Entries(folder, "*", files: true, walk).Concat(Entries(folder, "*", files: false, walk).SelectMany(f => Below(f, walk)));

    private static IReadOnlyList<string> Entries(string folder, string pattern, bool files, Walk walk)
    {
        walk.Visited?.Invoke(folder);
        try
        {
            var found = new FileSystemEnumerable<string>(folder, (ref FileSystemEntry e) =>
                FullPath(ref e, walk.Known), new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = 0 })
            {
                ShouldIncludePredicate = (ref FileSystemEntry e) => (files ? !e.IsDirectory : e.IsDirectory
                    && (e.Attributes & FileAttributes.ReparsePoint) == 0)
                    && (!e.FileName.StartsWith('.') || pattern.StartsWith('.'))
                        && FileSystemName.MatchesSimpleExpression(pattern, e.FileName, ignoreCase: false),
            };
            return walk.Ordered ? [.. found.Order(StringComparer.Ordinal)] : [.. found];
        }
        catch (DirectoryNotFoundException)
        {
            // It vanished since it was seen.
            return [];
        }
    }

    private static string FullPath(ref FileSystemEntry entry, HashSet<string>? known)
    {
        Span<char> path = stackalloc char[512];
        if (known is null || !Path.TryJoin(entry.Directory, entry.FileName, path, out var length))
        {
            return entry.ToFullPath();
        }
        return known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(path[..length], out var same) ? same : path[..length].ToString();
    }
}
