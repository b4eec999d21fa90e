using Pipeline.Core;
using Pipeline.Ingest.Formats.W3c;

namespace Pipeline.Ingest.Formats.Text;

/// <summary>The names of text formats that take no part in detection, or take parameters or a rule for the client's address.</summary>
internal static class TextFormats
{
    /// <summary>As `--format` is told them, beside the names that detection knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["common", "appservice-w3c", "nginx:LOG_FORMAT"];

    /// <summary>Null: it is no such name.</summary>
    /// <exception cref="PipelineException">2: the parameters or the rule do not fit the format.</exception>
    public static ILineFormat? Find(string spec, ClientAddressRule? client)
    {
        var colon = spec.IndexOf(':', StringComparison.Ordinal);
        return (colon < 0 ? spec : spec[..colon], colon < 0) switch
        {
            ("common", true) => client is null ? new CommonFormat() : throw new UsageException(
                $"format common has one address only, and its source names another with client-address; take client-address out, or " +
                $"name a format that has field {client.Field}."),
            ("iis-w3c", true) when client is null => null,
            ("iis-w3c" or "appservice-w3c", true) => new W3cFormat(spec, client),
            ("nginx", true) =>
                throw new UsageException(
                $"format nginx needs the log_format of its server, as it stands in nginx.conf: {NginxLogFormat.Example.TrimEnd()}"),
            ("nginx", false) => new NginxFormat(spec[(colon + 1)..], client),
            _ => null,
        };
    }
}
