using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Worlds;

namespace Pipeline.Tests.Unit.Worlds;

/// <summary>
/// Reads logs the slow and obvious way, with regular expressions and a JSON document a line, so that the generator's truth is checked by
/// something that shares no code with it, nor with the product's parsers.
/// </summary>
internal sealed partial class SlowReader(string format)
{
    private static readonly UTF8Encoding Utf8 = new(false);
    private readonly Dictionary<string, long> _records = [];
    private readonly Dictionary<string, long> _rejections = [];
    private string[] _fields = [];
    private long _lines;

    public List<TrueRecord> Records { get; } = [];

    public Counts Counts => new(_lines, _records, _rejections);

    public void Read(byte[] bytes)
    {
        var lines = Utf8.GetString(bytes).Split('\n');
        Xunit.Assert.Equal("", lines[^1]);
        foreach (var line in lines[..^1])
        {
            ReadLine(line.TrimEnd('\r'));
        }
    }

    private void ReadLine(string line)
    {
        if (format == "iis-w3c" && line.StartsWith('#'))
        {
            _fields = line.StartsWith("#Fields: ", StringComparison.Ordinal) ? line["#Fields: ".Length..].Split(' ') : _fields;
            return;
        }
        _lines++;
        var reason = line.Length == 0 ? "empty" : Utf8.GetByteCount(line) > 65536 ? "too-long" : format switch
        {
            "combined" => Combined(line),
            "iis-w3c" => W3c(line),
            _ => AppService(line),
        };
        if (reason is not null)
        {
            _rejections[reason] = _rejections.GetValueOrDefault(reason) + 1;
        }
    }

    private string? Combined(string line)
    {
        var match = CombinedLine().Match(line);
        if (!match.Success)
        {
            return "malformed";
        }
        var uri = match.Groups["uri"].Value.Split('?', 2);
        var text = match.Groups["time"].Value;
        return Classify(
            DateTimeOffset.TryParseExact(text, "dd/MMM/yyyy:HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
                ? time : null,
            match.Groups["ip"].Value, match.Groups["method"].Value, uri[0], uri.Length > 1 ? uri[1] : "", match.Groups["agent"].Value);
    }

    private string? W3c(string line)
    {
        var values = line.Split(' ');
        if (values.Length != _fields.Length)
        {
            return "malformed";
        }
        string Field(string name) => values[Array.IndexOf(_fields, name)];
        return Classify(Time(Field("date") + "T" + Field("time") + "Z"), Field("c-ip"), Field("cs-method"), Field("cs-uri-stem"),
            Field("cs-uri-query"), Field("cs(User-Agent)").Replace('+', ' '));
    }

    private string? AppService(string line)
    {
        try
        {
            using var row = JsonDocument.Parse(line);
            using var properties = JsonDocument.Parse(row.RootElement.GetProperty("properties") is { ValueKind: JsonValueKind.String } text
                ? text.GetString()! : row.RootElement.GetProperty("properties").GetRawText());
            string Field(string name) => properties.RootElement.GetProperty(name).GetString()!;
            var time = row.RootElement.GetProperty("time").GetString()!;
            return Classify(Time(time.EndsWith('Z') ? time : time + "Z"), Field("CIp"), Field("CsMethod"), Field("CsUriStem"),
                Field("CsUriQuery"), Field("UserAgent").Replace('+', ' '));
        }
        catch (JsonException)
        {
            return "malformed";
        }
    }

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParseExact(text, ["yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-ddTHH:mm:ss.fffffffZ"], CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private string? Classify(DateTimeOffset? time, string ip, string method, string path, string query, string agent)
    {
        if (time is not { Year: >= 2010 and < 2100 } at)
        {
            return "bad-time";
        }
        var xenCenter = XenCenterPath().IsMatch(path);
        if (!xenCenter && !AgentPath().IsMatch(path))
        {
            return "other-path";
        }
        if (method != "GET")
        {
            return "not-get";
        }
        var address = IPAddress.Parse(ip);
        var shown = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
        var micros = (at.UtcTicks - DateTime.UnixEpoch.Ticks) / 10;
        if (!xenCenter)
        {
            var id = query.Split('&').Select(pair => WellFormedId().Match(pair))
                .FirstOrDefault(match => match.Success)?.Groups[1].Value.ToLowerInvariant();
            Keep(new TrueRecord("agent-updates", micros, shown, id));
            return null;
        }
        if (agent is "" or "-")
        {
            return "no-agent-string";
        }
        if (!XenCenterName().IsMatch(agent))
        {
            return "other-client";
        }
        var version = XenCenterVersion().Match(agent);
        if (!version.Success)
        {
            return "bad-version";
        }
        Keep(new TrueRecord("xencenter-checks", micros, shown, version.Groups[1].Value));
        return null;
    }

    private void Keep(TrueRecord record)
    {
        Records.Add(record);
        _records[record.Dataset] = _records.GetValueOrDefault(record.Dataset) + 1;
    }

    [GeneratedRegex("""^(?<ip>[0-9a-f.:]+) - - \[(?<time>[^\]]*)\] "(?<method>[A-Z]+) (?<uri>[^ "]+) HTTP/[0-9.]+" [0-9]{3} [0-9]+ "[^"]*" "(?<agent>[^"]*)"$""")]
    private static partial Regex CombinedLine();

    [GeneratedRegex("(^|/)(xcupdates|chcupdates|updates)\\.xml$", RegexOptions.IgnoreCase)]
    private static partial Regex XenCenterPath();

    [GeneratedRegex("(^|/)updates(\\.[^/]*)?\\.(tsv|json)$", RegexOptions.IgnoreCase)]
    private static partial Regex AgentPath();

    [GeneratedRegex("^id=([0-9a-f]{4})([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?$", RegexOptions.IgnoreCase)]
    private static partial Regex WellFormedId();

    [GeneratedRegex(@"^(XenCenter|\[XenCenter\])/")]
    private static partial Regex XenCenterName();

    [GeneratedRegex(@"^[^/]+/([0-9]{1,9}(\.[0-9]{1,9}){3}) \((32|64)-bit\)$")]
    private static partial Regex XenCenterVersion();
}
