using YamlDotNet.RepresentationModel;

namespace Pipeline.Core.Contracts;

/// <summary>
/// A node of a contract file together with where it stands, so that every complaint names file, path, what was found and what was expected.
/// Strict: a key that nobody declared is an error, because a misspelt rule is a rule that does not hold.
/// </summary>
internal sealed record YamlPlace(string File, string Path, YamlNode Node)
{
    public IReadOnlyList<YamlPlace> Items => Node is YamlSequenceNode list
        ? [.. list.Children.Select((child, i) => new YamlPlace(File, $"{Path}[{i}]", child))]
        : throw Wrong("a list");

    public string Text => Node is YamlScalarNode { Value: { Length: > 0 } text } ? text : throw Wrong("a text");

    public YamlPlace this[string key] => Find(key) ?? throw Error($"{Join(key)}: found nothing, expected a value; add `{key}`");

    public YamlPlace? Find(string key) => Map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? new(File, Join(key), child)
        : null;

    /// <summary>The text, which must be one of <paramref name="allowed"/>.</summary>
    public string OneOf(params ReadOnlySpan<string> allowed)
    {
        foreach (var choice in allowed)
        {
            if (Text == choice)
            {
                return choice;
            }
        }
        throw Wrong(allowed.Length == 1 ? $"'{allowed[0]}'" : $"one of {string.Join(", ", allowed)}");
    }

    public bool Flag => OneOf("true", "false") == "true";

    public int Number(int least, int most) =>
        int.TryParse(Text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most
            ? number
            : throw Wrong($"a whole number from {least} to {most}");

    /// <summary>Refuses keys other than <paramref name="known"/>.</summary>
    public YamlPlace Only(params ReadOnlySpan<string> known)
    {
        foreach (var key in Map.Children.Keys)
        {
            if (!known.Contains(key is YamlScalarNode { Value: { } name } ? name : ""))
            {
                throw Error($"{Join(key.ToString())}: this key is unknown; expected only {string.Join(", ", known.ToArray())}");
            }
        }
        return this;
    }

    /// <summary>ODCS `customProperties`: a list of { property, value }, each property once and only those in
    /// <paramref name="known"/>.</summary>
    public IReadOnlyDictionary<string, YamlPlace> Custom(params ReadOnlySpan<string> known)
    {
        var found = new Dictionary<string, YamlPlace>();
        foreach (var item in Find("customProperties")?.Items ?? [])
        {
            var property = item.Only("property", "value", "description")["property"];
            property.OneOf(known);
            if (!found.TryAdd(property.Text, item["value"]))
            {
                throw Error($"{property.Path}: found '{property.Text}' a second time, expected each property once");
            }
        }
        return found;
    }

    /// <summary>A custom property that must be there.</summary>
    public YamlPlace Need(IReadOnlyDictionary<string, YamlPlace> custom, string property) =>
        custom.TryGetValue(property, out var value) ? value : throw Error(
            $"{Join("customProperties")}: '{property}' was not found, expected it in the list");

    public PipelineException Wrong(string expected) => Error($"{(Path.Length == 0 ? "" : Path + ": ")}found {Found}, expected {expected}");

    public ConfigurationException Error(string message) =>
        new($"contract {File}, line {Node.Start.Line}: {message}");

    /// <summary>A longer text is no value that a contract has; the file may be another one, and is not shown.</summary>
    private const int MostShown = 60;

    private YamlMappingNode Map => Node as YamlMappingNode ?? throw Wrong("a mapping of keys to values");

    private string Found => Node switch
    {
        YamlScalarNode { Value: null or "" } => "nothing",
        YamlScalarNode { Value.Length: > MostShown } scalar => $"a text of {scalar.Value.Length} characters",
        YamlScalarNode scalar => $"'{scalar.Value}'",
        YamlSequenceNode => "a list",
        _ => "a mapping",
    };

    private string Join(string key) => Path.Length == 0 ? key : $"{Path}.{key}";
}
