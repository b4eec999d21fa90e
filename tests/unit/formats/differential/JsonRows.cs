using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>Well-formed rows of the JSON formats: members in any order, with and without escapes, values as servers write them and at the
/// edges.</summary>
internal sealed class JsonRows(Random random)
{
    public const string Ndjson = "ndjson:time=ts:unixms,client_ip=ip,method=http.request.method,uri=http.request.uri,agent=agent";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping },
        Escaped = new() { Encoder = JavaScriptEncoder.Default };

    public string Next(string format) => format switch
    {
        "appservice-json" => AppService(),
        "frontdoor" => FrontDoor(),
        "storage-read" => StorageRead(),
        _ => NdjsonRow(),
    };

    private string AppService()
    {
        var windows = random.Next(2) == 0;
        var none = windows ? "-" : "";
        var properties =
            Object([("CsHost", "updates.example.net"), ("CIp", Address(false)), ("SPort", "443"), ("CsUriStem", Path()),
            ("CsUriQuery", Query() is { Length: > 0 } query ? query : none), ("CsMethod", Method()),
            ("TimeTaken", windows ? 5 : "5"), ("ScStatus", 200), ("UserAgent", windows ? Agent().Replace(' ', '+') : Agent()),
                ("Cookie", "--")]);
        return Text(Object([("time", Time()), ("resourceId", "/SUBSCRIPTIONS/0"), ("category", "AppServiceHTTPLogs"),
            ("properties", windows ? properties : Text(properties))]));
    }

    private string FrontDoor()
    {
        var extra = random.Next(20);
        (string, object?)[] doubled = extra switch { 0 => [("isReceivedFromClient", false)], 1 =>
            [("sni", "originshield|parentcache|https|tier2")], 2 => [("isReceivedFromClient", true)], 3 =>
            [("isReceivedFromClient", "false")], _ => [("sni", "updates.example.net")] };
        return Text(Object([("time", Time()), ("category", random.Next(2) == 0 ? "FrontDoorAccessLog" : "FrontdoorAccessLog"),
            ("operationName", "Microsoft.Cdn/Profiles/AccessLog/Write"),
            ("properties", Object([("trackingReference", random.NextInt64().ToString("x16", CultureInfo.InvariantCulture)),
            ("httpMethod", Method()), ("requestUri", Uri()), ("userAgent", Agent()), ("clientIp", "198.51.100.1"),
                ("socketIp", Address(false)), ("errorInfo", "NoError"), ("ErrorInfo", "NoError"), ("rulesEngineMatchNames", new[] { "a" }),
                ("timeTaken", "0.035"), .. doubled]))]));
    }

    private string StorageRead() =>
        Text(Object([("time", Time()), ("category", "StorageRead"), ("operationName",
        random.Next(8) switch { 0 => "PutBlob", 1 => "GetBlobProperties", _ => "GetBlob" }), ("statusCode", 200), ("durationMs", 1.5),
        ("callerIpAddress", Address(true)), ("uri", Uri()), ("identity", new { type = "Anonymous" }),
            ("properties", Object([("userAgentHeader", Agent()), ("objectKey", "/x/$web"), ("serverLatencyMs", 3)]))]));

    private string NdjsonRow() =>
        Text(Object([("ts", random.Next(50) == 0 ? 1L : random.NextInt64(1_300_000_000_000, 4_000_000_000_000)), ("level", "info"),
        ("ip", Address(true)), ("agent", random.Next(20) == 0 ? null : Agent()), ("x", new object[] { 1, "a", new { y = (object?)null } }),
        ("http", Object([("version", 2),
            ("request", Object([("method", Method()), ("uri", random.Next(2) == 0 ? Uri() : Path() + "?" + Query())]))]))]));

    private Dictionary<string, object?> Object(params (string Name, object? Value)[] members)
    {
        random.Shuffle(members);
        return members.ToDictionary(member => member.Name, member => member.Value);
    }

    private string Text(Dictionary<string, object?> row) => JsonSerializer.Serialize(row, random.Next(2) == 0 ? Plain : Escaped);

    private string Time()
    {
        var time = new DateTime(2009, 12, 31, 0, 0, 0, DateTimeKind.Utc).AddTicks(random.NextInt64(TimeSpan.TicksPerDay * 32_900));
        return random.Next(40) == 0 ? "2026-13-01T00:00:00Z" : time.ToString(
            random.Next(3) switch { 0 => "yyyy-MM-ddTHH:mm:ss", 1 => "yyyy-MM-ddTHH:mm:ss.fff", _ => "yyyy-MM-ddTHH:mm:ss.fffffff" },
            CultureInfo.InvariantCulture) + random.Next(4) switch { 0 => "", 1 => "+05:30", _ => "Z" };
    }

    private string Address(bool port)
    {
        var quad = $"{random.Next(1, 256)}.{random.Next(256)}.{random.Next(256)}.{random.Next(256)}";
        var six = $"2001:db8:{random.Next(3):x}:0:{random.Next(3):x}:{random.Next(65_536):x}:0:{random.Next(65_536):X}";
        return random.Next(6) switch { 0 => six, 1 => port ? $"[{six}]:443" : six, 2 => "::ffff:" + quad, 3 when port => quad
            + ":50000", _ => quad };
    }

    private string Method() => random.Next(10) switch { 0 => "HEAD", 1 => "POST", 2 => "get", _ => "GET" };

    private string Path() => Of("/", "/xs/", "/a/b/") + Of("XCUpdates.xml", "CHCUpdates.xml", "updates.xml", "UPDATES.XML", "updates.tsv",
        "updates.2.tsv", "updates.v2.json", "updates.9.3.1.tsv", "updates.1.2.tsv", "updates.latest.tsv", "index.html", "XCUpdates.xml.bak",
        "");

    private string Uri() => Of("https://updates.example.net:443", "http://updates.tsv", "https://updates.blob.core.windows.net:443/$web")
        + Path() + (Query() is { Length: > 0 } query ? "?" + query : "");

    private string Query() => Of("", "", "sig=abc%3D&") + Of("", "id=1A2b", "id=1a2b3", "id=", "id", "ID=1a2b", "xid=1a2b",
        "id=0f8fad5b-d9cb-469f-a165-70867728950e", "id=zzzz&id=1a2b") + Of("", "", "&X-ARR-LOG-ID=2ec4b8ad");

    private string Agent() => Of("", "-", "Citrix XenServer AutoUpdate", "XCP-ng Center/20.03.0.29 (64-bit)",
        "[XenCenter]/0.0.0.0 (64-bit)", "XenCenter/2025.2.0 (64-bit)", "XenCenter/1.2.3.4", "caf\u00e9 \u2603 \"q\" \\ \t",
        $"XenCenter/{random.Next(10_000)}.{random.Next(10)}.0.{random.Next(100_000)} ({Of("32", "64")}-bit)",
        "XenCenter/1234567890.1.1.1 (64-bit)");

    private string Of(params ReadOnlySpan<string> texts) => texts[random.Next(texts.Length)];
}
