using System.Globalization;

namespace Pipeline.Tests.Unit.Formats.Differential;

/// <summary>Well-formed lines of each text format, from a seed: what real servers write, with the variants that the facts about them
/// list.</summary>
internal sealed class TextLines(int seed)
{
    public static readonly string[] Standard =
        "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken".Split(' ');
    public static readonly string[] AppService =
        "date time s-sitename cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken".Split(' ');

    private static readonly string[] Offsets = ["+0000", "+0200", "-0700", "+0530", "-0330", "+1400", "-1100"];
    private static readonly string[] Files = ["/xc/XCUpdates.xml", "/XenServer/updates.xml", "/chcupdates.XML", "/updates.tsv",
        "/updates.2.tsv", "/a/b/Updates.v2.TSV", "/updates.latest.json", "/updates.9.3.1.json", "/x/updates.9.3.2.110.json", "/",
        "/favicon.ico", "/updates.xml.bak", "/updates.9.tsv", "/xupdates.tsv"];
    private static readonly string[] Agents = ["-", "node", "Citrix XenServer AutoUpdate", "XCP-ng Center/20.03.0.29 (64-bit)",
        "XenCenter/8.2 (64-bit)", "XenCenter/2025.2.0.8315 (128-bit)", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"];
    private static readonly string[] Users = ["-", "-", "-", "alice", "alice in chains", "a - b"];

    private readonly Random _random = new(seed);

    public string Combined(bool apache)
    {
        var line = Common(apache);
        return $"{line} \"{Text(apache)}\" \"{(_random.Next(20) == 0 ? Text(apache) : Agent())}\"";
    }

    public string Common(bool apache = false)
    {
        var request = $"{Method()} " +
            $"{(_random.Next(30) == 0 ? "http://updates.example.net" : "")}{Path(apache)}{(Query() is { Length: > 0 } query ? "?" + query : "")} HTTP/{One("1.1", "1.1", "1.0", "2.0", "3")}";
        return $"{Client()} - {One(Users)} [{Time().ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture)} {One(Offsets)}] " +
            $"\"{request}\" {One("200", "304", "404", "499")} " +
            $"{(apache && _random.Next(5) == 0 ? "-" : _random.Next(100_000).ToString(CultureInfo.InvariantCulture))}";
    }

    public string Nginx()
    {
        var hops = string.Join(", ", Enumerable.Range(0, _random.Next(4))
            .Select(_ => _random.Next(3) == 0 ? Proxy() : _random.Next(20) == 0 ? "unknown" : Client()));
        var peer = _random.Next(10) == 0 ? "192.0.2.77" : (_random.Next(8) == 0 ? "::ffff:" : "") + Proxy();
        var offset = One(Offsets);
        return $"{peer} [{Time():yyyy-MM-ddTHH:mm:ss}{offset[..3]}:{offset[3..]}] updates.example.net \"{Method()} " +
            $"{Path(false)}{(Query() is { Length: > 0 } query ? "?" + query : "")} HTTP/1.1\" 200 0.0{_random.Next(99)} \"{Agent()}\" " +
            $"\"{(hops.Length == 0 ? "-" : hops)}\"";
    }

    public string W3c(string[] names) => string.Join(' ', names.Select(name => name switch
    {
        "s-ip" => "10.0.0.4", "s-sitename" => One("UPDATES", "UPDATES", "~1UPDATES", "W3SVC1"), "cs-method" => Method(), "cs-uri-stem" =>
            Path(false).Replace(' ', '+'),
        "cs-uri-query" => Query() is { Length: > 0 } query ? query : "-", "s-port" => "443", "c-ip" => Client(), "cs(User-Agent)" =>
            Agent().Replace(' ', '+'), "cs(Cookie)" => One("-", "ARRAffinity=0f"),
        "cs-host" => "updates.example.net", "sc-status" => "200", "cs-username" or "cs(Referer)" => One("-", "x+y"), "date" =>
            Today(), "time" => Time().ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        _ => _random.Next(9_999).ToString(CultureInfo.InvariantCulture),
    }));

    private string Today() => Time().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private DateTime Time() => new DateTime(2012, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(_random.NextInt64(20L * 365 * 86_400));

    private string Method() => One("GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "get");

    private string Agent() => _random.Next(2) == 0
        ? $"XenCenter/{_random.Next(3000)}.{_random.Next(30)}.{_random.Next(9)}.{_random.Next(99_999)} ({One("64", "32")}-bit)"
        : One(Agents);

    private string Path(bool apache) => _random.Next(20) == 0 ? "/" + Escape(apache) + One(Files) : One(Files);

    private string Query() => _random.Next(8) switch
    {
        0 => "id=" + Hex(4),
        1 => $"id={Hex(8)}-{Hex(4)}-{Hex(4)}-{Hex(4)}-{Hex(12)}",
        2 => $"x=1&id={Hex(4)}&X-ARR-LOG-ID={Hex(8)}",
        3 => "id=zz!?",
        4 => $"ID={Hex(4)}",
        5 => "id=" + Hex(5),
        _ => "",
    };

    private string Text(bool apache) => _random.Next(3) == 0 ? "http://a.example/" + Escape(apache) + Escape(apache) : "-";

    /// <summary>What a client sent and its server escaped.</summary>
    private string Escape(bool apache) => apache ? One("\\\"", "\\\\", "\\n", "\\xe4", "[x]")
        : One("\\x22", "\\x5C", "\\x0A", "\\xE4", "[x]");

    private string Proxy() => $"10.{_random.Next(256)}.{_random.Next(256)}.{_random.Next(256)}";

    private string Client() => _random.Next(8) switch
    {
        0 => $"2001:db8:{_random.Next(65_536):x}::{_random.Next(1, 65_536):x}",
        1 => $"::ffff:203.0.113.{_random.Next(256)}",
        2 => $"3fff:{_random.Next(65_536):X}:0:0:{_random.Next(2)}:0:0:{_random.Next(65_536):x4}",
        3 => $"fe80::{_random.Next(1, 65_536):x}%{_random.Next(9)}",
        4 => $"198.51.100.{_random.Next(256)}:{_random.Next(1, 65_536)}",
        _ => $"198.{_random.Next(18, 20)}.{_random.Next(256)}.{_random.Next(256)}",
    };

    private string Hex(int digits) => string.Concat(Enumerable.Range(0, digits).Select(_ => "0123456789abcdefABCDEF"[_random.Next(22)]));

    private string One(params string[] of) => of[_random.Next(of.Length)];
}
