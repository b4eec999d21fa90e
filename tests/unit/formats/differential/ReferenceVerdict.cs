using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>What comes after a line's shape, by regular expressions and the framework's own types.</summary>
internal static partial class ReferenceVerdict
{
    public static string Of(string method, string path, string query, string agent, string micros, string address)
    {
        var isXenCenter = XenCenterFile().IsMatch(path);
        if (!isXenCenter && !AgentFile().IsMatch(path))
        {
            return "other-path";
        }
        if (method != "GET")
        {
            return "not-get";
        }
        if (!isXenCenter)
        {
            var id = Id().Match(query);
            return $"agent {micros} {address} {(id.Success ? id.Groups[1].Value.ToLowerInvariant() : "absent")}";
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
        return version.Success ? $"xencenter {micros} {address} {version.Groups[1].Value}" : "bad-version";
    }

    /// <summary>Null: no time, or none from 2010 to 2100.</summary>
    public static string? Time(string text)
    {
        var parts = TimeText().Match(text);
        if (!parts.Success || !DateTimeOffset.TryParseExact(parts.Groups[1].Value
            + (parts.Groups[3].Value is "" or "Z" ? "+00:00" : parts.Groups[3].Value), "yyyy-MM-ddTHH:mm:sszzz",
            CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return null;
        }
        var fraction = parts.Groups[2].Value.PadRight(6, '0')[..6];
        return At(time.AddTicks(long.Parse(fraction, CultureInfo.InvariantCulture) * 10));
    }

    public static string? Milliseconds(long value) => At(DateTimeOffset.FromUnixTimeMilliseconds(value));

    /// <summary>Null: no address.</summary>
    public static string? Address(string text)
    {
        var plain = WithPort().Match(text) is { Success: true } found ? found.Groups[1].Value + found.Groups[2].Value : text;
        return !IPAddress.TryParse(plain, out var address) ? null : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString()
            : address.AddressFamily == AddressFamily.InterNetwork ? address.ToString() : Groups(address.GetAddressBytes());
    }

    /// <summary>RFC 5952: the longest run of two or more zero groups, the first of equals, is `::`. Not the framework's text, which writes
    /// an ISATAP interface (`::5efe:…`) with a dotted quad.</summary>
    private static string Groups(byte[] bytes)
    {
        var text = string.Join(':', Enumerable.Range(0, 8).Select(i =>
            (bytes[2 * i] << 8 | bytes[2 * i + 1]).ToString("x", CultureInfo.InvariantCulture)));
        var run = ZeroRun().Matches(text).MaxBy(match => match.Length);
        return run is null ? text : $"{text[..run.Index].TrimEnd(':')}::{text[(run.Index + run.Length)..].TrimStart(':')}";
    }

    private static string? At(DateTimeOffset time) => time.UtcDateTime.Year is >= 2010 and < 2100
        ? time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"/(xcupdates|chcupdates|updates)\.xml\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex XenCenterFile();

    [GeneratedRegex(@"/updates\.((2|v2|latest|[0-9]+(\.[0-9]+){2,3})\.)?(tsv|json)\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AgentFile();

    [GeneratedRegex(@"^(?:(?!id(?:=|&|\z))[^&]*&)*id=([0-9a-fA-F]{4})(?:[0-9a-fA-F]{4}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?(?:&|\z)")]
    private static partial Regex Id();

    [GeneratedRegex(@"^(XenCenter|\[XenCenter\])/")]
    private static partial Regex XenCenterName();

    [GeneratedRegex(@"^(?:XenCenter|\[XenCenter\])/([0-9]{1,9}(?:\.[0-9]{1,9}){3})[ +]\((?:32|64)-bit\)\z")]
    private static partial Regex XenCenterVersion();

    [GeneratedRegex(@"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})?\z")]
    private static partial Regex TimeText();

    [GeneratedRegex(@"(?<![0-9a-f])0(?::0)+(?![0-9a-f])")]
    private static partial Regex ZeroRun();

    [GeneratedRegex(@"^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::[0-9]+)?\z")]
    private static partial Regex WithPort();
}
