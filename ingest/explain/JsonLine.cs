using System.Text;
using System.Text.Json;
using Pipeline.Ingest.Formats.Json;

namespace Pipeline.Ingest.Explain;

/// <summary>A JSON line, taken apart by its members. Names are those that Azure's services are known to write, or that the configuration
/// names; any other is a number.</summary>
internal static class JsonLine
{
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "time", "resourceId", "category", "operationName", "operationVersion", "schemaVersion", "level", "location", "properties",
            "records",
        "EventTime", "EventStampType", "EventPrimaryStampName", "EventStampName", "Host", "EventIpAddress", "CsHost", "CIp", "CsMethod",
            "CsUriStem", "CsUriQuery", "CsUsername", "UserAgent", "Cookie", "Referer",
        "SPort", "SIp", "ScStatus", "ScSubStatus", "ScWin32Status", "ScBytes", "CsBytes", "TimeTaken", "ComputerName", "Protocol", "Result",
        "trackingReference", "httpMethod", "httpVersion", "requestUri", "sni", "requestBytes", "responseBytes", "clientIp", "clientPort",
            "socketIp", "timeToFirstByte", "requestProtocol", "securityProtocol",
        "rulesEngineMatchNames", "httpStatusCode", "httpStatusDetails", "pop", "cacheStatus", "errorInfo", "endpoint", "routingRuleName",
            "hostName", "originUrl", "originIp", "originName", "originCryptProtocol",
        "clientCountry", "domain", "securityCipher", "securityCurves", "backendHostname", "isReceivedFromClient",
        "statusCode", "statusText", "durationMs", "callerIpAddress", "correlationId", "uri", "identity", "accountName", "userAgentHeader",
            "referrerHeader", "clientRequestId", "objectKey", "serverLatencyMs", "etag",
        "serviceType", "lastModifiedTime", "requestHeaderSize", "responseHeaderSize", "responseBodySize", "tlsVersion",
    };

    private static readonly Dictionary<string, Part> AppService = new(StringComparer.OrdinalIgnoreCase)
    {
        ["time"] = Part.Time, ["properties.CIp"] = Part.Address, ["properties.CsMethod"] = Part.Method,
            ["properties.CsUriStem"] = Part.Path, ["properties.CsUriQuery"] = Part.Query, ["properties.UserAgent"] = Part.Agent,
    };

    private static readonly Dictionary<string, Part> FrontDoor = new(StringComparer.OrdinalIgnoreCase)
    {
        ["time"] = Part.Time, ["properties.socketIp"] = Part.Address, ["properties.httpMethod"] = Part.Method,
            ["properties.requestUri"] = Part.Query, ["properties.userAgent"] = Part.Agent,
    };

    private static readonly Dictionary<string, Part> FrontDoorProxied =
        new(FrontDoor, StringComparer.OrdinalIgnoreCase) { ["properties.socketIp"] = Part.Peer, ["properties.clientIp"] = Part.Clients };

    private static readonly Dictionary<string, Part> StorageRead = new(StringComparer.OrdinalIgnoreCase)
    {
        ["time"] = Part.Time, ["callerIpAddress"] = Part.Address, ["operationName"] = Part.Method, ["uri"] = Part.Query,
            ["properties.userAgentHeader"] = Part.Agent,
    };

    /// <summary>Null: it is no object.</summary>
    public static List<LineField>? Fields(JsonFormat format, ReadOnlySpan<byte> line)
    {
        var fields = new List<LineField>();
        var parts = format switch
        {
            FrontDoorFormat => format.Client is null ? FrontDoor : FrontDoorProxied,
            StorageReadFormat => StorageRead,
            NdjsonFormat ndjson => Of(ndjson),
            _ => AppService,
        };
        return TryMembers(line.ToArray(), fields, "", parts, format is NdjsonFormat) ? fields : null;
    }

    private static Dictionary<string, Part> Of(NdjsonFormat format) =>
        format.Fields.Paths.ToDictionary(field => field.Value, field => field.Key switch
    {
        NdjsonFields.Time => Part.Time,
        NdjsonFields.Address => format.Client is null ? Part.Address : Part.Peer,
        NdjsonFields.Method => Part.Method,
        NdjsonFields.Target => format.Fields.IsUri ? Part.Query : Part.Path,
        NdjsonFields.Query => Part.Query,
        NdjsonFields.Agent => Part.Agent,
        _ => Part.Clients,
    });

    private static bool TryMembers(byte[] json, List<LineField> fields, string within, Dictionary<string, Part> parts, bool configured)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }
            foreach (var (i, member) in document.RootElement.EnumerateObject().Index())
            {
                var text = Encoding.UTF8.GetBytes(member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()!
                    : member.Value.GetRawText());
                var path = within + member.Name;
                var isParent = configured ? parts.Keys.Any(known => known.StartsWith(path + ".", StringComparison.Ordinal))
                    : path.Equals("properties", StringComparison.OrdinalIgnoreCase);
                if (isParent && TryMembers(text, fields, path + ".", parts, configured))
                {
                    continue;
                }
                var isKnown = parts.ContainsKey(path) || (!configured && Known.Contains(member.Name));
                fields.Add(new(isKnown ? path : within + $"member {i + 1}", parts.GetValueOrDefault(path), text));
            }
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or a string that is no text: the message could hold a part of the line.
            return false;
        }
    }
}
