using System.Globalization;
using System.Text;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

/// <summary>Parsing in a test's words: bytes in, text out.</summary>
internal static class Parsed
{
    public const string W3cHeader =
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status " +
        "sc-substatus sc-win32-status time-taken";

    /// <summary>Latin-1, so that a test can write any byte as a character.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static ParsedLines Parse(string format, string text, string? fields = null) => Parse(format, Bytes(text), fields);

    public static ParsedLines Parse(string format, ReadOnlySpan<byte> bytes, string? fields = null)
    {
        var into = TestContracts.Lines();
        LogFormats.Named(format).Parse(bytes, fields, into);
        return into;
    }

    /// <summary>The only line's record, `dataset time address value`, or its reason's code.</summary>
    public static string One(string format, string line, string? fields = null)
    {
        var lines = Parse(format, line, fields);
        Assert.Equal(1, lines.Lines);
        return Assert.Single(Outcome(lines));
    }

    public static string Combined(string line) => One("combined", line);

    public static string Json(string line) => One("appservice-json", line);

    public static string W3c(string line) => One("iis-w3c", W3cHeader + "\n" + line);

    /// <summary>Everything that a block became, in a form that can be compared: records by dataset, then rejection runs.</summary>
    public static List<string> Outcome(ParsedLines lines)
    {
        var all = new List<string>();
        Rows(lines.XenCenter, "xencenter", all);
        Rows(lines.Agent, "agent", all);
        foreach (var run in lines.Rejections.Runs)
        {
            for (var i = 0; i < run.Count; i++)
            {
                all.Add(lines.Lines == 1 ? Reasons.Code(run.Reason) : $"{Reasons.Code(run.Reason)} {run.FirstLine + i}");
            }
        }
        return all;
    }

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    private static void Rows(Columns columns, string dataset, List<string> all)
    {
        for (var row = 0; row < columns.Rows; row++)
        {
            var time = DateTimeOffset.UnixEpoch.AddTicks(columns.Time[row] * 10)
                .ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);
            all.Add($"{dataset} {time} {Text(columns.Strings[0][row])} " +
                $"{(columns.Strings[1].IsPresent(row) ? Text(columns.Strings[1][row]) : "absent")}");
        }
    }
}
