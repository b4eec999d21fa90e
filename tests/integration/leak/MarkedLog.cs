using System.Globalization;
using System.Text;

namespace Pipeline.Tests.Integration.Leak;

/// <summary>
/// Lines of every format in which each part that no contract declares carries a marker of its own: a rare beginning and eight characters
/// that no other part of any line has.
/// Of a UUID, which is hexadecimal, all beyond the first four characters is one. Most lines are records; the rest are rejections of several
/// reasons.
/// </summary>
internal sealed class MarkedLog
{
    public const string Nginx =
        "nginx:$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" " +
        "\"$http_cookie\" $host";
    public const string Ndjson = "ndjson:time=ts:unix,client_ip=remote_ip,method=request.method,uri=request.uri,agent=request.user_agent";

    /// <summary>Each with whether `auto` finds it.</summary>
    public static readonly IReadOnlyList<(string Format, bool IsFound)> Formats =
    [
        ("combined", true), ("iis-w3c", true), ("appservice-json", true), ("frontdoor", true), ("storage-read", true), ("common", false),
            (Nginx, false), ("appservice-w3c", false), (Ndjson, false),
    ];

    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private long _markers;

    public long Markers => _markers;

    public static string? Header(string format) => format switch
    {
        "iis-w3c" => "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) " +
            "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n",
        "appservice-w3c" =>
            "#Fields: date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) " +
            "cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\n",
        _ => null,
    };

    /// <summary>Line <paramref name="number"/> of a log, with its end.</summary>
    public string Line(string format, int number)
    {
        var at = new DateTimeOffset(2026, 11, 2, 0, 0, 0, TimeSpan.Zero).AddSeconds(number / 20 % 86_400);
        var ip = $"198.18.{number / 200 % 256}.{number % 200 + 1}";
        var kind = number % 8;
        // An agent's list with a whole UUID, XenCenter's file, and what is rejected: another path, a client that is none, no version, a
        // method.
        var path = kind switch { < 3 => "/" + Marker() + "/updates.2.tsv", < 5 or 6 or 7 => "/" + Marker() + "/" + Marker()
            + "/XCUpdates.xml", _ => "/" + Marker() + "/" + Marker() + ".html" };
        var encoded = Encoded(Marker());
        var query = (kind < 3 ? "id=" + Uuid(number) + "&" : "")
            + $"sig={Marker()}&a={encoded}&b={Convert.ToBase64String(Encoding.ASCII.GetBytes(Marker())).TrimEnd('=')}&X-ARR-LOG-ID={Marker()}";
        var agent = kind switch { < 3 => "Agent " + Marker(), 3 => "XenCenter/8.2.3.4 (64-bit)", 4 => "XenCenter/2025.2.0.8315 (64-bit) "
            + Marker(), 6 => "XenCenter/" + Marker(), _ => Marker() + "/1.0 (" + Marker() + ")" };
        var method = number % 97 == 0 ? "POST" : "GET";
        return Line(format, at, ip, method, path, query, agent, number) + "\n";
    }

    private string Line(string format, DateTimeOffset at, string ip, string method, string path, string query, string agent, int number)
    {
        string Time(string pattern) => at.ToString(pattern, CultureInfo.InvariantCulture);
        var clf = $"{ip} {Marker()} {Marker()} [{Time("dd/MMM/yyyy:HH:mm:ss")} +0000] \"{method} {path}?{query} HTTP/1.1\" 200 512";
        var plus = agent.Replace(' ', '+');
        switch (format)
        {
            case "common":
                return clf;
            case "combined":
                return $"{clf} \"https://{Marker()}.example/{Marker()}\" \"{agent}\"";
            case Nginx:
                return $"{ip} - {Marker()} [{Time("dd/MMM/yyyy:HH:mm:ss")} +0000] \"{method} {path}?{query} HTTP/1.1\" 200 512 " +
                    $"\"https://{Marker()}\" \"{agent}\" \"c={Marker()}\" {Marker()}";
            case "iis-w3c":
                return $"{Time("yyyy-MM-dd HH:mm:ss")} 10.0.0.4 {method} {path} {query} 443 {Marker()} {ip} {plus} c={Marker()} " +
                    $"https://{Marker()}/ 200 0 0 51";
            case "appservice-w3c":
                return $"{Time("yyyy-MM-dd HH:mm:ss")} {Marker()} {method} {path} {query} 443 {Marker()} {ip} {plus} " +
                    $"ARRAffinity={Marker()} https://{Marker()}/ {Marker()} 200 0 0 1 1 51";
            case "appservice-json":
                var properties =
                    $"{{\"CsHost\":\"{Marker()}\",\"CIp\":\"{ip}\",\"SPort\":\"443\",\"CsUriStem\":\"{path}\",\"CsUriQuery\":\"{query}\",\"CsMethod\":\"{method}\",\"ScStatus\":200,\"UserAgent\":\"{agent}\",\"Cookie\":\"{Marker()}\",\"CsUsername\":\"{Marker()}\",\"Referer\":\"{Marker()}\",\"{Marker()}\":\"{Marker()}\"}}";
                var text = number % 2 == 0 ? properties : $"\"{properties.Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
                return $"{{\"time\":\"{Time("yyyy-MM-ddTHH:mm:ss.fff")}Z\",\"resourceId\":\"/{Marker()}\",\"category\":\"AppServiceHTTPLogs\",\"properties\":{text}}}";
            case "frontdoor":
                return $"{{\"time\":\"{Time("yyyy-MM-ddTHH:mm:ss.fff")}Z\",\"resourceId\":\"/{Marker()}\",\"category\":\"FrontDoorAccessLog\",\"operationName\":\"Microsoft.Cdn/Profiles/AccessLog/Write\",\"properties\":{{\"trackingReference\":\"{Marker()}\",\"httpMethod\":\"{method}\",\"requestUri\":\"https://{Marker()}:443{path}?{query}\",\"userAgent\":\"{agent}\",\"clientIp\":\"{ip}\",\"socketIp\":\"{ip}\",\"referer\":\"{Marker()}\",\"hostName\":\"{Marker()}\"}}}}";
            case "storage-read":
                return $"{{\"time\":\"{Time("yyyy-MM-ddTHH:mm:ss.fff")}Z\",\"category\":\"StorageRead\",\"operationName\":\"GetBlob\",\"statusCode\":200,\"callerIpAddress\":\"{ip}:50000\",\"correlationId\":\"{Marker()}\",\"uri\":\"https://{Marker()}.blob.core.windows.net:443/$web{path}?{query}\",\"protocol\":\"HTTPS\",\"properties\":{{\"userAgentHeader\":\"{agent}\",\"referrerHeader\":\"{Marker()}\",\"objectKey\":\"/{Marker()}\",\"clientRequestId\":\"{Marker()}\"}}}}";
            default:
                return $"{{\"ts\":{at.ToUnixTimeSeconds()}.5,\"remote_ip\":\"{ip}\",\"user\":\"{Marker()}\",\"request\":{{\"method\":\"{method}\",\"uri\":\"{path}?{query}\",\"user_agent\":\"{agent}\",\"headers\":{{\"{Marker()}\":[\"{Marker()}\"]}}}}}}";
        }
    }

    /// <summary>Where it begins is what is searched for: no other text of the program, and none by chance in a terabyte, has it.</summary>
    private string Marker() => string.Create(LeakSearch.Marker.Length + 8, _markers++, static (text, number) =>
    {
        LeakSearch.Marker.CopyTo(text);
        for (var i = text.Length - 1; i >= LeakSearch.Marker.Length; i--, number >>= 5)
        {
            text[i] = Letters[(int)(number & 31)];
        }
    });

    private string Uuid(int number)
    {
        _markers++;
        return $"{number & 0xFFFF:x4}{LeakSearch.Uuid[..4]}-{LeakSearch.Uuid[4..8]}-{LeakSearch.Uuid[8..12]}-{(number >> 16) & 0xFFFF:x4}-{number:x12}";
    }

    private static string Encoded(string text) => string.Concat(text.Select(c => $"%{(int)c:X2}"));
}
