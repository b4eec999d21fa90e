using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Core.Contracts;

/// <summary>Reads YAML of a bounded depth. The reader of nodes calls itself for each level, and a stack that ends takes the process with
/// it; so depth is counted first, by the reader of events, which does not.</summary>
public static class BoundedYaml
{
    /// <summary>Levels of lists and maps within each other. What the program reads has at most eight.</summary>
    public const int MaxDepth = 64;

    /// <exception cref="YamlException">It is not YAML, or deeper than <see cref="MaxDepth"/>.</exception>
    public static YamlStream Load(string text)
    {
        var events = new Parser(new StringReader(text));
        for (var depth = 0; events.MoveNext();)
        {
            depth += events.Current!.NestingIncrease;
            // The stream and the document are levels too.
            if (depth > MaxDepth + 2)
            {
                throw new YamlException(events.Current.Start, events.Current.End,
                    $"found lists or maps within each other deeper than {MaxDepth} levels, expected at most that");
            }
        }
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return yaml;
    }
}
