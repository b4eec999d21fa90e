using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Worlds;

/// <summary>
/// App Service's AppServiceHTTPLogs in both shapes that occur: on Windows `properties` is an object and a user agent has `+` for spaces, on
/// Linux
/// it is an object in a string and absent values are empty. Seven digits of a second; the Z may be missing.
/// </summary>
internal sealed class AppServiceFormat(Random random) : LineFormat
{
    public override string Name => "appservice-json";

    public override string NewLine => "\n";

    public override long Write(Request request, LineBuffer to)
    {
        var windows = random.Happens(0.5);
        var properties = Properties(request, windows);
        to.Put("{\"time\":\"").Put(Time(request))
            .Put("\",\"resourceId\":\"/SUBSCRIPTIONS/0/RESOURCEGROUPS/UPDATES/PROVIDERS/MICROSOFT.WEB/SITES/UPDATES\",")
            .Put("\"category\":\"AppServiceHTTPLogs\",\"properties\":")
            .Put(windows ? properties : Quoted(properties)).Put("}");
        return request.Micros;
    }

    /// <summary>Anywhere before the brace that closes it.</summary>
    public override (int From, int To) Cuttable(ReadOnlySpan<byte> line) => (8, line.Length);

    private string Time(Request request)
    {
        var format = request.TimeDefect switch
        {
            1 => "20'x'6-MM-dd'T'HH:mm:ss.ffffff",
            2 => "9999-MM-dd'T'HH:mm:ss.ffffff",
            3 => "yyyy-MM-39'T'HH:mm:ss.ffffff",
            4 => "yyyy-MM-dd'T'25:mm:ss.ffffff",
            _ => "yyyy-MM-dd'T'HH:mm:ss.ffffff",
        };
        return Calendar.At(request.Micros).ToString(format, CultureInfo.InvariantCulture)
            + random.Next(10).ToString(CultureInfo.InvariantCulture) + (random.Happens(0.8) ? "Z" : "");
    }

    private string Properties(Request request, bool windows)
    {
        var none = windows ? "-" : "";
        var status = request.Status.ToString(CultureInfo.InvariantCulture);
        // The platform's load balancer adds its own id to most queries.
        var query = request.Query
            + (random.Happens(0.6)
            ? $"{(request.Query.Length > 0 ? "&" : "")}X-ARR-LOG-ID={random.Hex(8)}-{random.Hex(4)}-4{random.Hex(3)}-8{random.Hex(3)}-"
                + random.Hex(12) : "");
        var agent = request.Agent.Length == 0 ? none : windows ? request.Agent.Replace(' ', '+') : request.Agent;
        return $"{{\"CsHost\":\"updates.example.net\",\"CsMethod\":{Quoted(request.Method)},"
            + $"\"CIp\":{Quoted(request.Address.Text)},\"SPort\":\"443\",\"CsUriStem\":{Quoted(request.Path)},"
            + $"\"CsUriQuery\":{Quoted(query.Length == 0 ? none : query)},\"TimeTaken\":{(windows ? "5" : "\"5\"")},"
            + $"\"ScStatus\":{(windows ? status : Quoted(status))},\"Result\":\"Success\","
            + $"\"UserAgent\":{Quoted(agent)},\"Cookie\":\"--\",\"CsUsername\":\"{none}\",\"Referer\":\"{none}\","
            + "\"ComputerName\":\"WEBWK00000A\"}";
    }

    private static string Quoted(string text) => "\"" + JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";
}
