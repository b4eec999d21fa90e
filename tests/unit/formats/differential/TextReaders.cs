using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>
/// A second reading of the text formats, slow and obvious: a regular expression for a line, the framework's own parsers for times and
/// addresses. It shares no code with the parsers that it is compared with.
/// What a line became is told as `xencenter TIME ADDRESS VERSION`, `agent TIME ADDRESS PREFIX`, or the code of its rejection.
/// </summary>
internal static partial class TextReaders
{
    public static string Combined(string line)
    {
        var m = CombinedLine().Match(line);
        return m.Success ? Asked(Local(m.Groups[2].Value), Address(m.Groups[1].Value), m.Groups[3].Value, m.Groups[4].Value) : "malformed";
    }

    public static string Common(string line)
    {
        var m = CommonLine().Match(line);
        return m.Success ? Asked(Local(m.Groups[2].Value), Address(m.Groups[1].Value), m.Groups[3].Value, "-") : "malformed";
    }

    /// <summary>`$remote_addr [$time_iso8601] $host "$request_method $request_uri $server_protocol" $status $request_time
    /// "$http_user_agent" "$http_x_forwarded_for"`, proxies in 10.0.0.0/8.</summary>
    public static string Nginx(string line)
    {
        var m = NginxLine().Match(line);
        if (!m.Success)
        {
            return "malformed";
        }
        var time = DateTimeOffset.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture).UtcDateTime;
        var hops = m.Groups[5].Value.Split(',').Select(hop => hop.Trim()).Append(Address(m.Groups[1].Value)).Reverse().ToList();
        if (!hops[0].StartsWith("10.", StringComparison.Ordinal))
        {
            return "untrusted-address";
        }
        foreach (var hop in hops.Skip(1))
        {
            if (hop is "-" or "unknown")
            {
                return "untrusted-address";
            }
            if (Address(hop) is var client && !client.StartsWith("10.", StringComparison.Ordinal))
            {
                return Asked(time, client, m.Groups[3].Value, m.Groups[4].Value);
            }
        }
        return "untrusted-address";
    }

    /// <param name="names">The columns in their order.</param>
    public static string W3c(string line, string[] names)
    {
        var m = Regex.Match(line, "^" + string.Join(' ', names.Select((_, i) => $"(?<f{i}>[^ ]+)")) + "$");
        string Of(string name) => m.Groups["f" + Array.IndexOf(names, name)].Value;
        if (!m.Success)
        {
            return "malformed";
        }
        var time = DateTime.ParseExact(Of("date") + " " + Of("time"), "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        if (names.Contains("s-sitename") && Of("s-sitename").StartsWith("~1", StringComparison.Ordinal))
        {
            return "other-path";
        }
        var query = Of("cs-uri-query");
        return Asked(time, Address(Of("c-ip")), $"{Of("cs-method")} {Of("cs-uri-stem")}{(query == "-" ? "" : "?" + query)} HTTP/1.1",
            Of("cs(User-Agent)").Replace('+', ' '));
    }

    private static string Asked(DateTime utc, string address, string request, string agent)
    {
        var m = RequestLine().Match(request);
        if (!m.Success)
        {
            return "malformed";
        }
        var who = utc.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + " " + address;
        var (file, query) = (m.Groups[2].Value.Split('/')[^1], m.Groups[3].Value);
        var check = Regex.IsMatch(file, "^(XC|CHC)?updates\\.xml$", RegexOptions.IgnoreCase);
        var list = Regex.IsMatch(file, "^updates\\.((v?2|latest|[0-9]+(\\.[0-9]+){2,3})\\.)?(tsv|json)$", RegexOptions.IgnoreCase);
        if (!check && !list)
        {
            return "other-path";
        }
        if (m.Groups[1].Value != "GET")
        {
            return "not-get";
        }
        if (list)
        {
            var id = Regex.Match(query, "(^|&)id=([^&]*)").Groups[2].Value;
            var prefix = Regex.Match(id, "^([0-9a-fA-F]{4})(|[0-9a-fA-F]{4}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$");
            return $"agent {who} {(prefix.Success ? prefix.Groups[1].Value.ToLowerInvariant() : "absent")}";
        }
        var version = Regex.Match(agent, "^XenCenter/([0-9]+(\\.[0-9]+){3}) \\((32|64)-bit\\)$");
        return version.Success ? $"xencenter {who} {version.Groups[1].Value}" : agent is "-" or "" ? "no-agent-string"
            : agent.StartsWith("XenCenter/", StringComparison.Ordinal) ? "bad-version" : "other-client";
    }

    private static DateTime Local(string text) => DateTimeOffset.ParseExact(text.Insert(text.Length - 2, ":"), "dd/MMM/yyyy:HH:mm:ss zzz",
        CultureInfo.InvariantCulture).UtcDateTime;

    private static string Address(string text)
    {
        text = Regex.Replace(text, "^([0-9.]+):[0-9]+$", "$1");
        text = Regex.Replace(text, "^\\[(.*)\\](:[0-9]+)?$", "$1");
        var address = IPAddress.Parse(text.Split('%')[0]);
        return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    [GeneratedRegex("""^(\S+) \S+ .+? \[([^\]]+)\] "((?:[^"\\]|\\.)*)" [0-9]{3} (?:[0-9]+|-) "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"$""")]
    private static partial Regex CombinedLine();

    [GeneratedRegex("""^(\S+) \S+ .+? \[([^\]]+)\] "((?:[^"\\]|\\.)*)" [0-9]{3} (?:[0-9]+|-)$""")]
    private static partial Regex CommonLine();

    [GeneratedRegex("""^(\S+) \[([^\]]+)\] \S+ "([^"]*)" [0-9]{3} [0-9.]+ "([^"]*)" "([^"]*)"$""")]
    private static partial Regex NginxLine();

    [GeneratedRegex("""^([A-Za-z]+) ([^ ?]+)(?:\?(\S*))? HTTP/[0-9.]+$""")]
    private static partial Regex RequestLine();
}
