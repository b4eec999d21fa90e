using System.Globalization;
using System.Runtime.CompilerServices;

namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>What inputs are made of: the committed lines of `corpus/`, and the first lines of the sample logs. Lines are without their
/// terminator.</summary>
internal static class Corpus
{
    private const int OfSample = 200;

    public static byte[][] Text { get; } = [.. Lines("text"), .. Sample("combined-nginx"), .. Sample("combined-apache")];

    public static byte[][] W3c { get; } = [.. Lines("w3c"), .. Sample("iis-w3c"), .. Sample("appservice-w3c")];

    public static byte[][] Json { get; } = [.. Lines("json"), .. Sample("appservice-json"), .. Sample("frontdoor"),
        .. Sample("storageread")];

    public static byte[][] Nasty { get; } = Lines("nasty");

    /// <summary>What parsers look for, and what breaks numbers, times and texts.</summary>
    public static byte[][] Tokens { get; } =
    [
        .. new[]
        {
            "\"", "\\", "\\\"", "\\u0022", "\\x22", " ", "  ", "-", "+", "%", "%2f", "&", "?", "#", "=", ":", ";", ",", ".", "/", "//", "[",
                "]", "{", "}", "[]", "{}", "\r", "\n", "\0", "\t", "\u00ff", "\u00ef\u00bb\u00bf",
            "GET ", "POST ", "HEAD", " HTTP/1.1", "id=", "&id=", "?id=1a2b", "id=1A2B-", "/updates.tsv", "/updates.2.tsv",
                "/XenServer/updates.xml", "/xc/XCUpdates.xml", "$web/", "https://h:443/", "XenCenter/", "(64-bit)", "8.2.3.4",
                "2025.2.0.8315",
            "127.0.0.1", "10.0.0.1", "::", "::1", "::ffff:1.2.3.4", "[::1]:80", "%eth0", "for=", "unknown", "01.2.3.4", "256.1.1.1",
                "1:2:3:4:5:6:7:8", "1::2:0:0:3",
            "0", "-1", "00", "2147483648", "4294967296", "9223372036854775807", "18446744073709551616", "99999999999999999999999999999999",
                "1e308", "1e-400", "NaN", "0000", "9999", "2009", "2100", "1969-12-31", "23:59:60", "24:00:00", "+2400", "-0000", "Z",
                "Feb/2026", "30/Feb",
            "null", "true", "false", "\"records\":[", "\"properties\":", "\"time\":", "\"CIp\":", "\"clientIp\":", "\"uri\":",
                "\"isReceivedFromClient\":false", "\\ud800", "\\u0000", "#Fields: ",
                "#Fields: date time c-ip cs-method cs-uri-stem cs(User-Agent)\n", "~1",
        }.Select(System.Text.Encoding.Latin1.GetBytes),
    ];

    private static byte[][] Lines(string name) =>
        [.. File.ReadAllLines(Near($"corpus/{name}.txt")).Where(line => line.Length > 0 && !line.StartsWith("# ", StringComparison.Ordinal))
            .Select(Unescape)];

    private static IEnumerable<byte[]> Sample(string name) => File.ReadLines(Near($"../../samples/{name}.log")).Take(OfSample)
        .Select(System.Text.Encoding.UTF8.GetBytes);

    private static byte[] Unescape(string line)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] != '\\')
            {
                bytes.Add((byte)line[i]);
            }
            else if (line[i + 1] == '\\')
            {
                bytes.Add((byte)line[++i]);
            }
            else
            {
                bytes.Add(byte.Parse(line.AsSpan(i + 2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 3;
            }
        }
        return [.. bytes];
    }

    private static string Near(string name, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, name);
}
