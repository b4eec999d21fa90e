using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.House;

/// <summary>One C# file of the product, as text: its room, the rooms that it uses, its types and its lines.</summary>
internal sealed partial class ProductFile
{
    public static readonly string[] Folders = ["core", "ingest", "shipper", "processor", "cli", "worlds"];

    private readonly HashSet<string> _words;

    private ProductFile(string path)
    {
        Name = Repository.Name(path);
        Lines = File.ReadAllLines(path);
        var text = string.Join('\n', Lines);
        Room = NamespacePattern().Match(text) is { Success: true } room ? room.Groups[1].Value : null;
        Usings = [.. UsingPattern().Matches(text).Select(m => m.Groups[1].Value)];
        Types = [.. TypePattern().Matches(text).Select(m => m.Groups[1].Value)];
        _words = [.. WordPattern().Matches(StringPattern().Replace(CommentPattern().Replace(text, ""), "")).Select(m => m.Value)];
    }

    public static IReadOnlyList<ProductFile> All { get; } = [.. Repository.Files("*.cs", Folders).Select(path => new ProductFile(path))];

    /// <summary>The path below the root.</summary>
    public string Name { get; }

    public IReadOnlyList<string> Lines { get; }

    /// <summary>The namespace; null: a file of top-level statements.</summary>
    public string? Room { get; }

    public IReadOnlyList<string> Usings { get; }

    /// <summary>The types that it declares at the top.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>The namespace that its folder asks for, in lower case.</summary>
    public string RoomOfFolder => "pipeline." + Path.GetDirectoryName(Name)!.Replace('/', '.');

    /// <summary>Whether the code, without comments and texts, has one of these words.</summary>
    public bool Mentions(IEnumerable<string> words) => words.Any(_words.Contains);

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"^using (?:static )?(?:\w+ = )?(Pipeline[\w.]*)", RegexOptions.Multiline)]
    private static partial Regex UsingPattern();

    [GeneratedRegex(@"^(?:public |internal )?(?:\w+ )*?(?:class|record struct|record|struct|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex TypePattern();

    [GeneratedRegex("//.*")]
    private static partial Regex CommentPattern();

    [GeneratedRegex("\"[^\"\n]*\"")]
    private static partial Regex StringPattern();

    [GeneratedRegex(@"\w+")]
    private static partial Regex WordPattern();
}
