using System.Text.Json;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>The JSON formats once more, by System.Text.Json.</summary>
internal sealed class JsonReference(string format, Func<JsonElement, string> read) : IReferenceParser
{
    public static readonly IReadOnlyList<JsonReference> All = [new("appservice-json", AppService), new("frontdoor", FrontDoor),
        new("storage-read", StorageRead), new(JsonRows.Ndjson, Ndjson)];

    public string Format => format;

    public string Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        return read(document.RootElement);
    }

    private static string AppService(JsonElement row)
    {
        var properties = row.GetProperty("properties");
        using var inner = properties.ValueKind == JsonValueKind.String ? JsonDocument.Parse(properties.GetString()!) : null;
        properties = inner?.RootElement ?? properties;
        return Verdict(ReferenceVerdict.Time(Text(row, "time")), Text(properties, "CIp"), Text(properties, "CsMethod"),
            Text(properties, "CsUriStem"), Text(properties, "CsUriQuery"), Text(properties, "UserAgent") is "--" ? ""
            : Text(properties, "UserAgent"));
    }

    private static string FrontDoor(JsonElement row)
    {
        var properties = row.GetProperty("properties");
        var uri = new Uri(Text(properties, "requestUri"));
        var time = ReferenceVerdict.Time(Text(row, "time"));
        var isDuplicate = Text(properties, "isReceivedFromClient").Equals("false", StringComparison.OrdinalIgnoreCase)
            || Text(properties, "sni") == "originshield|parentcache|https|tier2";
        return isDuplicate && time is not null ? "duplicate" : Verdict(time, Text(properties, "socketIp"), Text(properties, "httpMethod"),
            uri.AbsolutePath, uri.Query.TrimStart('?'), Text(properties, "userAgent"));
    }

    private static string StorageRead(JsonElement row)
    {
        var uri = new Uri(Text(row, "uri"));
        return Verdict(ReferenceVerdict.Time(Text(row, "time")), Text(row, "callerIpAddress"), Text(row, "operationName") == "GetBlob"
            ? "GET" : "other", uri.AbsolutePath, uri.Query.TrimStart('?'), Text(row.GetProperty("properties"), "userAgentHeader"));
    }

    private static string Ndjson(JsonElement row)
    {
        var request = row.GetProperty("http").GetProperty("request");
        var uri = new Uri(new Uri("http://host"), Text(request, "uri"));
        return Verdict(ReferenceVerdict.Milliseconds(row.GetProperty("ts").GetInt64()), Text(row, "ip"), Text(request, "method"),
            uri.AbsolutePath, uri.Query.TrimStart('?'), Text(row, "agent"));
    }

    private static string Verdict(string? time, string address, string method, string path, string query, string agent) =>
        time is null ? "bad-time" : ReferenceVerdict.Of(method, path, query, agent, time, ReferenceVerdict.Address(address)!);

    private static string Text(JsonElement within, string name) => !within.TryGetProperty(name, out var value) ? "" : value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null => "",
        _ => value.GetRawText(),
    };
}
