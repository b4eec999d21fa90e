using Pipeline.Core.Captures;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Json;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Formats.W3c;

namespace Pipeline.Ingest.Explain;

/// <summary>
/// Takes a line apart for people to look at, slowly and apart from the parsers: what becomes of the line is theirs to say, and only the
/// names of its parts come from here.
/// A line that has not its format's shape is one part, `line`. Names are those that servers are known to write; any other is a number,
/// because a log's own names could be somebody's data.
/// </summary>
internal static class LineFields
{
    private static readonly string[] Combined = ["address", "ident", "user", "time", "method", "path", "query", "protocol", "status",
        "bytes", "referrer", "agent"];

    /// <param name="w3c">The field list in force.</param>
    public static IReadOnlyList<LineField> Of(ILineFormat format, ReadOnlySpan<byte> line, string? w3c)
    {
        var fields = line.Length is 0 or > LineReader.MaxLine ? null : format switch
        {
            CombinedFormat or CommonFormat => OfCombined(line),
            NginxFormat nginx => NginxLine.Fields(nginx, line),
            W3cFormat rows => OfW3c(line, w3c, rows.Client?.Field),
            JsonFormat json => JsonLine.Fields(json, line),
            _ => null,
        };
        return fields ?? [new("line", Part.Whole, line.ToArray())];
    }

    private static List<LineField>? OfCombined(ReadOnlySpan<byte> line)
    {
        var bracket = line.IndexOf(" ["u8);
        var close = bracket < 0 ? -1 : line[bracket..].IndexOf((byte)']') + bracket;
        var who = bracket < 0 ? [] : Split(line[..bracket], 3);
        if (close <= bracket || who.Count != 3)
        {
            return null;
        }
        var parts = new List<byte[]>(who) { line[(bracket + 2)..close].ToArray() };
        var rest = Quoted(line[(close + 1)..]);
        if (rest.Count < 3)
        {
            return null;
        }
        var request = Split(rest[0], 3);
        var target = request.Count > 1 ? request[1] : [];
        var question = target.AsSpan().IndexOf((byte)'?');
        parts.AddRange([request.Count > 0 ? request[0] : [], question < 0 ? target : target[..question], question < 0 ? []
            : target[(question + 1)..], request.Count > 2 ? request[2] : []]);
        parts.AddRange(rest.Skip(1));
        return [.. parts.Select((text, i) => new LineField(i < Combined.Length ? Combined[i]
            : $"field {i + 1}", i switch { 0 => Part.Address, 3 => Part.Time, 4 => Part.Method, 5 => Part.Path, 6 => Part.Query, 11 =>
            Part.Agent, _ => Part.Undeclared }, text))];
    }

    private static List<LineField>? OfW3c(ReadOnlySpan<byte> line, string? list, string? client)
    {
        var names = (list ?? "").Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var values = Split(line, int.MaxValue);
        var clients = client is null ? -1 : Math.Max(At(client), At($"cs({client})"));
        int At(string name) => Array.FindIndex(names, declared => declared.Equals(name, StringComparison.OrdinalIgnoreCase));
        return values.Count != names.Length ? null
            : [.. values.Select((text, i) => new LineField(i == clients ? client! : ColumnNames.Find(names[i]) is { } known ? known
            : $"field {i + 1}", names[i].ToLowerInvariant() switch
        {
            _ when i == clients => Part.Clients,
            "date" or "time" => Part.Time,
            "c-ip" => client is null ? Part.Address : Part.Peer,
            "cs-method" => Part.Method,
            "cs-uri-stem" => Part.Path,
            "cs-uri-query" => Part.Query,
            "cs(user-agent)" => Part.Agent,
            _ => Part.Undeclared,
        }, text))];
    }

    private static List<byte[]> Split(ReadOnlySpan<byte> text, int most)
    {
        var parts = new List<byte[]>();
        while (parts.Count + 1 < most && text.IndexOf((byte)' ') is >= 0 and var blank)
        {
            parts.Add(text[..blank].ToArray());
            text = text[(blank + 1)..];
        }
        parts.Add(text.ToArray());
        return parts;
    }

    /// <summary>Words, and texts in quotes, in which a backslash takes the next byte with it.</summary>
    private static List<byte[]> Quoted(ReadOnlySpan<byte> text)
    {
        var parts = new List<byte[]>();
        for (text = text.TrimStart((byte)' '); text.Length > 0; text = text.TrimStart((byte)' '))
        {
            int from = text[0] == '"' ? 1 : 0, end = from;
            while (end < text.Length && text[end] != (from == 1 ? '"' : ' '))
            {
                end += from == 1 && text[end] == '\\' ? 2 : 1;
            }
            end = Math.Min(end, text.Length);
            parts.Add(text[from..end].ToArray());
            text = text[Math.Min(text.Length, end + from)..];
        }
        return parts;
    }
}
