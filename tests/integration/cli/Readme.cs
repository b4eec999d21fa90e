using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Integration.Cli;

/// <summary>What the repository's documents say, taken from the documents themselves.</summary>
internal static partial class Readme
{
    public static string Root { get; } = Here();

    /// <summary>Every document that names commands.</summary>
    public static IEnumerable<string> Documents =>
        new[] { "README.md", "ARCHITECTURE.md", "CHANGELOG.md" }.Select(name => Path.Combine(Root, name))
            .Concat(Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal));

    public static string Text { get; } = File.ReadAllText(Path.Combine(Root, "README.md"));

    /// <summary>The README's fenced blocks of one language, each without its fences.</summary>
    public static IReadOnlyList<string> Blocks(string language) => Blocks(Text, language);

    public static IReadOnlyList<string> Blocks(string document, string language) =>
        [.. Fenced().Matches(document).Where(m => m.Groups[1].Value == language).Select(m => m.Groups[2].Value)];

    /// <summary>The lines of the `sh` blocks that are commands, without their comments.</summary>
    public static IEnumerable<string> Commands(string block) =>
        block.Split('\n').Select(line => Comment().Replace(line, "").Trim()).Where(line => line.Length > 0);

    /// <summary>The code spans of a document's prose.</summary>
    public static IEnumerable<string> Spans(string document) => Span().Matches(Fenced().Replace(document, ""))
        .Select(m => m.Groups[1].Value);

    private static string Here([CallerFilePath] string here = "") => Path.GetFullPath(
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));

    [GeneratedRegex("^```([a-z]*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"(^|\s)#.*$")]
    private static partial Regex Comment();
}
