using System.Globalization;

namespace Pipeline.Worlds;

/// <summary>IIS's W3C extended format: UTC, whole seconds, `+` for a space, `-` for nothing, CRLF, and a list of fields that can change in
/// mid-file.</summary>
internal sealed class W3cFormat : LineFormat
{
    private const string Standard =
        "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus " +
            "sc-win32-status time-taken";

    private const string All =
        "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-version cs(User-Agent) " +
            "cs(Cookie) cs(Referer) cs-host "
        + "sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken";

    /// <summary>Every field that IIS knows, and not its defaults. The next header says so.</summary>
    public bool Everything { get; set; }

    public override string Name => "iis-w3c";

    public override string NewLine => "\r\n";

    public override string Header(long at) =>
        "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n"
        + Calendar.At(at).ToString("'#Date: 'yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + "\r\n#Fields: "
            + (Everything ? All : Standard) + "\r\n";

    public override long Write(Request request, LineBuffer to)
    {
        to.Put(Calendar.At(request.Micros).ToString(
            request.TimeDefect switch { 1 => "20'x'6-MM-dd HH:mm:ss", 2 => "9999-MM-dd HH:mm:ss", 3 => "yyyy-MM-39 HH:mm:ss", 4 =>
                "yyyy-MM-dd 25:mm:ss", _ => "yyyy-MM-dd HH:mm:ss" },
            CultureInfo.InvariantCulture));
        to.Put(Everything ? " W3SVC1 WEB2 10.0.0.4 " : " 10.0.0.4 ")
            .Put(request.Method).Put(" ").Put(Plus(request.Path)).Put(" ").Put(Plus(request.Query)).Put(" 443 - ").Put(request.Address.Text)
                .Put(" ")
            .Put(Everything ? request.Protocol + " " : "").Put(Plus(request.Agent)).Put(Everything ? " - - updates.example.net " : " - ")
            .Put(request.Status.ToString(CultureInfo.InvariantCulture)).Put(Everything ? " 0 0 13106 184 " : " 0 0 ")
            .Put((request.Micros % 397).ToString(CultureInfo.InvariantCulture));
        return request.Micros / Calendar.Second * Calendar.Second;
    }

    /// <summary>Anywhere before the last field: what is left has too few.</summary>
    public override (int From, int To) Cuttable(ReadOnlySpan<byte> line) => (8, line.LastIndexOf((byte)' '));

    private static string Plus(string text) => text.Length == 0 ? "-" : text.Replace(' ', '+');
}
