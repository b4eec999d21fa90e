using System.Text.RegularExpressions;
using Pipeline.Tests.Unit.Deploy;

namespace Pipeline.Tests.Unit.House;

/// <summary>The repository's own text, as tests about it read it.</summary>
internal static partial class Repository
{
    private static readonly string[] Skipped = ["bin", "obj", "node_modules", ".git", "out", "artifacts"];

    public static string Root => DeployedFiles.Repository;

    /// <summary>Class.Method of every fact and theory in the sources of the tests.</summary>
    public static IReadOnlySet<string> Tests { get; } = Files("*.cs", "tests").SelectMany(Facts).ToHashSet(StringComparer.Ordinal);

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    /// <summary>Files below the given folders that are part of the repository, not built.</summary>
    public static IEnumerable<string> Files(string pattern, params string[] folders) => folders
        .SelectMany(folder => Below(Path.GetFullPath(Path.Combine(Root, folder)), pattern));

    private static IEnumerable<string> Below(string folder, string pattern) => Directory.EnumerateFiles(folder, pattern)
        .Concat(Directory.EnumerateDirectories(folder).Where(inner => !Skipped.Contains(Path.GetFileName(inner)))
            .SelectMany(inner => Below(inner, pattern)));

    /// <summary>A path below the root, with forward slashes.</summary>
    public static string Name(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static IEnumerable<string> Facts(string file)
    {
        var (owner, isFact) = ("", false);
        foreach (var line in File.ReadLines(file))
        {
            if (ClassPattern().Match(line) is { Success: true } type)
            {
                owner = type.Groups[1].Value;
            }
            else if (FactPattern().IsMatch(line))
            {
                isFact = true;
            }
            else if (isFact && MethodPattern().Match(line) is { Success: true } method)
            {
                isFact = false;
                yield return $"{owner}.{method.Groups[1].Value}";
            }
        }
    }

    [GeneratedRegex(@"^\s*\[(?:Fact|Theory)")]
    private static partial Regex FactPattern();

    [GeneratedRegex(@"^\s*(?:public|internal) (?:sealed |abstract |static |partial )*class ([A-Za-z0-9]+)")]
    private static partial Regex ClassPattern();

    [GeneratedRegex(@"^\s*public (?:async )?(?:Task|void|ValueTask) ([A-Za-z0-9_]+)\(")]
    private static partial Regex MethodPattern();
}
