using System.Runtime.CompilerServices;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Tests.Unit.Deploy;

/// <summary>The files of deploy/, as they lie in the repository.</summary>
internal static class DeployedFiles
{
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(Here(), "..", "..", ".."));

    public static string Folder { get; } = Path.Combine(Repository, "deploy");

    public static IReadOnlyList<string> Units { get; } = [.. Directory.GetFiles(Path.Combine(Folder, "systemd"), "*.service")
        .Order(StringComparer.Ordinal)];

    public static IReadOnlyList<string> Credentials { get; } =
        [.. Directory.GetFiles(Path.Combine(Folder, "systemd", "credentials"), "*.conf").Order(StringComparer.Ordinal)];

    public static YamlMappingNode Compose()
    {
        using var text = File.OpenText(Path.Combine(Folder, "compose.yaml"));
        var yaml = new YamlStream();
        // Anchors are resolved by the parser, merges (`<<`) are not: their maps are looked at where they stand.
        yaml.Load(text);
        return (YamlMappingNode)Assert.Single(yaml.Documents).RootNode;
    }

    /// <summary>The values that a unit, or a drop-in, gives a name.</summary>
    public static IReadOnlyList<string> Values(string unit, string name) =>
        [.. File.ReadLines(unit).Where(line => line.StartsWith(name + "=", StringComparison.Ordinal))
            .Select(line => line[(name.Length + 1)..])];

    public static YamlNode? Get(this YamlNode node, string key) => node is YamlMappingNode map
        && map.Children.TryGetValue(new YamlScalarNode(key), out var found) ? found : null;

    private static string Here([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
