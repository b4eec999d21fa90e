using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Ingest.Push;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Cli.Settings;

/// <summary>Reads the configuration's YAML. Errors are gathered: each names the key, the file and what was expected.</summary>
internal sealed class SettingsFile(string path, List<string> errors)
{
    private static readonly string[] SourceKeys = ["name", "format", "paths", "push", "container", "delivery", "client-address"];

    public PipelineSettings Read(PipelineSettings settings)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var root = Load();
        if (root is not null)
        {
            settings = Scalars(settings, root, "", folder);
            settings = settings with { Sources = [.. Sources(root, folder)] };
        }
        return settings;
    }

    private YamlMappingNode? Load()
    {
        try
        {
            var yaml = BoundedYaml.Load(File.ReadAllText(path));
            if (yaml.Documents is [{ RootNode: YamlMappingNode map }])
            {
                return map;
            }
            errors.Add($"{path}: expected one YAML document with the keys {Known("")}.");
        }
        catch (YamlException e)
        {
            errors.Add($"{path}, line {e.Start.Line}, column {e.Start.Column}: it is not YAML with each key once ({e.Message})."
                + YamlSnippet.At(path, (int)e.Start.Line, (int)e.Start.Column));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{path}: the configuration cannot be read ({e.GetType().Name}). Name a file that this user may read.");
        }
        return null;
    }

    private PipelineSettings Scalars(PipelineSettings settings, YamlMappingNode map, string prefix, string folder)
    {
        foreach (var (key, value) in map.Children)
        {
            var name = prefix + key;
            if (name == "sources")
            {
                continue;
            }
            if (name == KafkaKeys.Properties)
            {
                settings = settings with { Kafka = settings.Kafka with { Properties = ReadKafkaProperties(value) } };
            }
            else if (SettingKeys.Find(name) is { IsSecret: true } secret)
            {
                errors.Add($"{path}, line {value.Start.Line}: {name}: found a secret in the configuration. Take it out and change it, " +
                    $"because files like this are copied; then name a file that holds it with {name}-file, or set {secret.Environment}.");
            }
            else if (SettingKeys.Find(name) is { } setting)
            {
                var text = value is YamlScalarNode { Value: { } v } ? v : "";
                // Paths are relative to the file that names them.
                text = setting.IsPath && text.Length > 0 ? Path.Combine(folder, text) : text;
                settings = SettingsLoader.Apply(settings, setting, text, $"{path}, line {value.Start.Line}: {name}", errors);
            }
            else if (value is YamlMappingNode inner && SettingKeys.All.Any(k => k.Name.StartsWith(name + ".", StringComparison.Ordinal)))
            {
                settings = Scalars(settings, inner, name + ".", folder);
            }
            else
            {
                var isGroup = SettingKeys.All.Any(k => k.Name.StartsWith(name + ".", StringComparison.Ordinal));
                errors.Add(isGroup
                    ? $"{path}, line {value.Start.Line}: '{name}': found one value, expected a map with the keys {Known(name + ".")}."
                    : $"{path}, line {key.Start.Line}: '{name}' is no setting; known here: {Known(prefix)}."
                        + Suggestion.For(key.ToString(), Names(prefix)));
            }
        }
        return settings;
    }

    private Dictionary<string, string> ReadKafkaProperties(YamlNode node)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        if (node is not YamlMappingNode map)
        {
            errors.Add($"{path}, line {node.Start.Line}: {KafkaKeys.Properties}: expected a map of properties of librdkafka.");
            return found;
        }
        foreach (var (key, value) in map.Children)
        {
            var name = key.ToString();
            if (KafkaProperties.WhyNot(name) is { } why)
            {
                errors.Add($"{path}, line {key.Start.Line}: {KafkaKeys.Properties}: '{name}' cannot be set here: {why}.");
            }
            else if (value is YamlScalarNode { Value: { Length: > 0 } text })
            {
                found[name] = text;
            }
            else
            {
                errors.Add($"{path}, line {value.Start.Line}: {KafkaKeys.Properties}: '{name}': expected one value.");
            }
        }
        return found;
    }

    private IEnumerable<SourceSettings> Sources(YamlMappingNode root, string folder)
    {
        if (!root.Children.TryGetValue(new YamlScalarNode("sources"), out var node))
        {
            yield break;
        }
        if (node is not YamlSequenceNode list)
        {
            errors.Add($"{path}, line {node.Start.Line}: sources: expected a list of {{name, format, paths, push, container, delivery}}.");
            yield break;
        }
        foreach (var item in list)
        {
            if (item is YamlMappingNode map && Source(map, folder) is { } source)
            {
                yield return source;
            }
            else if (item is not YamlMappingNode)
            {
                errors.Add($"{path}, line {item.Start.Line}: sources: expected {{name, format, paths, push, container, delivery}}.");
            }
        }
    }

    private SourceSettings? Source(YamlMappingNode map, string folder)
    {
        var before = errors.Count;
        foreach (var key in map.Children.Keys.Where(k => !SourceKeys.Contains(k.ToString())))
        {
            errors.Add($"{path}, line {key.Start.Line}: 'sources.{key}' is no setting; known here: {string.Join(", ", SourceKeys)}."
                + Suggestion.For(key.ToString(), SourceKeys));
        }
        var name = Text(map, "name") ?? "";
        if (!CaptureNames.IsName(name))
        {
            errors.Add($"{path}, line {map.Start.Line}: sources.name: found '{name}', expected 1 to 64 of a-z, 0-9, '-', '_' and '.', " +
                $"beginning with a letter or digit.");
        }
        var format = Text(map, "format") ?? "auto";
        var client = ClientAddressSettings.Read(Get(map, "client-address"), name, path, errors);
        if (ClientAddressSettings.WhyNot(format, client) is { } wrong)
        {
            errors.Add($"{path}, line {map.Start.Line}: sources.format of {name}: {wrong}");
        }
        var delivery = Text(map, "delivery") ?? "exactly-once";
        if (delivery is not ("exactly-once" or "at-least-once"))
        {
            errors.Add($"{path}, line {map.Start.Line}: sources.delivery of {name}: found '{delivery}', expected exactly-once or " +
                $"at-least-once.");
        }
        var paths = Paths(Get(map, "paths"), name);
        var push = PushKeys.Read(Get(map, "push"), $"sources.push of {name}", format, path, errors);
        var found = new SourceSettings(name, format, [.. paths.Select(p => Path.Combine(folder, p))], push, delivery == "at-least-once"
            ? PushDelivery.AtLeastOnce : PushDelivery.ExactlyOnce)
        {
            ClientAddress = client,
            Container = Get(map, "container") is { } container ? ContainerSettings.Read(container, name, path, folder, errors) : null,
        };
        if (found.Paths.Count > 0 && Get(map, "container") is not null)
        {
            errors.Add($"{path}, line {map.Start.Line}: sources: {name} has paths and a container; expected one: an endpoint that " +
                $"writes both is two sources.");
        }
        if (found.Paths.Count == 0 && push is null && Get(map, "container") is null && errors.Count == before)
        {
            errors.Add($"{path}, line {map.Start.Line}: sources: {name} has neither paths nor push; give it the files to follow, a " +
                $"`container`, or `push: {{}}`.");
        }
        if (push is not null && format == "auto")
        {
            errors.Add($"{path}, line {map.Start.Line}: sources.format of {name}: found auto, expected a format's name, because pushes " +
                $"are taken for it: one body may be too short to tell.");
        }
        return errors.Count == before ? found : null;
    }

    /// <summary>One path or a list of them. A number or a flag is a mistake, unless it is quoted.</summary>
    private List<string> Paths(YamlNode? node, string name)
    {
        var paths = new List<string>();
        foreach (var item in node is YamlSequenceNode many ? many.Children : node is null ? [] : [node])
        {
            if (item is YamlScalarNode { Value: { Length: > 0 } text } scalar && (scalar.Style != ScalarStyle.Plain || !IsLiteral(text)))
            {
                paths.Add(text);
            }
            else
            {
                errors.Add($"{path}, line {item.Start.Line}: sources.paths of {name}: found {Found(item)}, expected a path, a quoted "
                    + "pattern, or a list of them.");
            }
        }
        return paths;
    }

    private static bool IsLiteral(string text) => text is "true" or "false" or "null" or "~"
        || double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _);

    private static string Found(YamlNode node) => node switch
    {
        YamlScalarNode { Value: { Length: > 0 and <= 60 } text } => $"'{text}'",
        YamlScalarNode { Value: null or "" } => "nothing",
        YamlScalarNode { Value.Length: var length } => $"a text of {length} characters",
        YamlSequenceNode => "a list",
        _ => "a map",
    };

    private static YamlNode? Get(YamlMappingNode map, string key) => map.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node
        : null;

    private static string? Text(YamlMappingNode map, string key) => Get(map, key) is YamlScalarNode { Value: { } text } ? text : null;

    private static string Known(string prefix) => string.Join(", ", Names(prefix));

    private static IEnumerable<string> Names(string prefix) => SettingKeys.All
        .Where(k => k.Name.StartsWith(prefix, StringComparison.Ordinal))
        .Select(k => k.Name[prefix.Length..].Split('.')[0]).Concat(prefix switch { "" => ["sources"], "kafka." => ["properties"], _ => [] })
            .Distinct();
}
