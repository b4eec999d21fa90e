using System.Net;
using Pipeline.Core;
using Pipeline.Ingest.Formats;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Cli.Settings;

/// <summary>`client-address` of a source: which field names the client, which peers are believed about it, and what becomes of the
/// others.</summary>
internal static class ClientAddressSettings
{
    private static readonly string[] Keys = ["field", "from", "otherwise"];

    /// <summary>Null where there is none, or where it is wrong: the errors say so.</summary>
    public static ClientAddressRule? Read(YamlNode? node, string source, string path, List<string> errors)
    {
        if (node is null)
        {
            return null;
        }
        var where = $"{path}, line {node.Start.Line}: sources.client-address of {source}: ";
        if (node is not YamlMappingNode map)
        {
            errors.Add($"{where}expected {{field, from, otherwise}}.");
            return null;
        }
        foreach (var key in map.Children.Keys.Where(k => !Keys.Contains(k.ToString())))
        {
            errors.Add($"{path}, line {key.Start.Line}: 'sources.client-address.{key}' is no setting; known here: " +
                $"{string.Join(", ", Keys)}.");
        }
        YamlNode? Get(string key) => map.Children.TryGetValue(new YamlScalarNode(key), out var found) ? found : null;
        var from = Get("from") switch { YamlSequenceNode many => many.Select(n => n.ToString()), YamlScalarNode { Value.Length: > 0 } one =>
            [one.Value], _ => [] };
        return Of((Get("field") as YamlScalarNode)?.Value ?? "", from, (Get("otherwise") as YamlScalarNode)?.Value, where, errors);
    }

    /// <param name="where">Begins every error.</param>
    public static ClientAddressRule? Of(string field, IEnumerable<string> from, string? otherwise, string where, List<string> errors)
    {
        var before = errors.Count;
        if (field.Length == 0 || field.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            errors.Add($"{where}field: found '{field}', expected the field that names the client, as the format names it: " +
                $"X-Forwarded-For, $http_x_forwarded_for.");
        }
        var networks = new List<IPNetwork>();
        foreach (var text in from)
        {
            if (IPNetwork.TryParse(text, out var network) && network.BaseAddress.Equals(
                IPAddress.Parse(text[..text.IndexOf('/', StringComparison.Ordinal)])))
            {
                networks.Add(network);
            }
            else if (!text.Contains('/', StringComparison.Ordinal) && IPAddress.TryParse(text, out var one))
            {
                networks.Add(new IPNetwork(one, one.GetAddressBytes().Length * 8));
            }
            else
            {
                errors.Add($"{where}from: found '{text}', expected a network such as 10.0.0.0/8 or 2001:db8::/32, without bits beyond " +
                    $"its prefix, or one address.");
            }
        }
        if (networks.Count == 0 && errors.Count == before)
        {
            errors.Add($"{where}from: it names no network; expected those of the proxies that are believed about {field}, because " +
                $"anybody can send that header.");
        }
        if (otherwise is not (null or "reject" or "peer"))
        {
            errors.Add($"{where}otherwise: found '{otherwise}', expected reject (requests from elsewhere are untrusted-address) or peer " +
                $"(they are their peer's).");
        }
        return errors.Count == before ? new ClientAddressRule(field, networks, otherwise == "peer") : null;
    }

    /// <summary>Why a source cannot have this format with this rule; null where it can.</summary>
    public static string? WhyNot(string format, ClientAddressRule? client)
    {
        if (format == "auto")
        {
            return client is null ? null
                : "found auto with client-address; expected a format's name, because the field has a name in a format only.";
        }
        try
        {
            _ = LogFormats.Named(format, client);
            return null;
        }
        catch (PipelineException e)
        {
            return e.Message;
        }
    }
}
