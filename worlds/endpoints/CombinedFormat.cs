using System.Globalization;
using System.Text;

namespace Pipeline.Worlds;

/// <summary>nginx's `combined`: local time with offset, whole seconds, `\xHH` for quotes, backslashes and what is not printable
/// ASCII.</summary>
internal sealed class CombinedFormat(TimeSpan offset) : LineFormat
{
    private readonly string _offset = (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hhmm", CultureInfo.InvariantCulture);

    public override string Name => "combined";

    public override string NewLine => "\n";

    public override long Write(Request request, LineBuffer to)
    {
        // A dual-stack socket shows IPv4 as IPv6; some of the servers behind one name listen so.
        to.Put(!request.Address.IsV6 && request.Micros % 83 == 0 ? "::ffff:" : "").Put(request.Address.Text).Put(" - - [")
            .Put(Time(request)).Put(" ").Put(_offset).Put("] \"")
            .Put(request.Method).Put(" ").Put(Escape(request.Path)).Put(request.Query.Length > 0 ? "?" : "").Put(Escape(request.Query))
                .Put(" ").Put(request.Protocol).Put("\" ")
            .Put(request.Status.ToString(CultureInfo.InvariantCulture)).Put(" ")
            .Put((request.Status == 200 ? 1200 + request.Path.Length * 613 : 153).ToString(CultureInfo.InvariantCulture)).Put(" \"-\" \"")
            .Put(request.Agent.Length > 0 ? Escape(request.Agent) : "-").Put("\"");
        return request.Micros / Calendar.Second * Calendar.Second;
    }

    /// <summary>Anywhere up to the quote that closes the request: what is cut within the length after it is a whole line of `common`, whose
    /// agent is missing.</summary>
    public override (int From, int To) Cuttable(ReadOnlySpan<byte> line) => (8, line.IndexOf("\" "u8) + 1);

    private string Time(Request request)
    {
        var local = Calendar.At(request.Micros) + offset;
        return request.TimeDefect switch
        {
            1 => local.ToString("dd/MMM/20x6:HH:mm:ss", CultureInfo.InvariantCulture),
            2 => local.ToString("dd/MMM/9999:HH:mm:ss", CultureInfo.InvariantCulture),
            3 => local.ToString("39/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture),
            4 => local.ToString("dd/MMM/yyyy:25:mm:ss", CultureInfo.InvariantCulture),
            _ => local.ToString("dd/MMM/yyyy:HH:mm:ss", CultureInfo.InvariantCulture),
        };
    }

    private static string Escape(string text)
    {
        if (!text.AsSpan().ContainsAny('"', '\\') && Ascii.IsValid(text))
        {
            return text;
        }
        var escaped = new StringBuilder();
        foreach (var value in Encoding.UTF8.GetBytes(text))
        {
            _ = value is < 0x20 or (byte)'"' or (byte)'\\' or >= 0x7f ? escaped.Append(CultureInfo.InvariantCulture, $"\\x{value:X2}")
                : escaped.Append((char)value);
        }
        return escaped.ToString();
    }
}
