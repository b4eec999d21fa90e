namespace Pipeline.Ingest.Formats.Json;

/// <summary>What ends a step: a text with or without escapes, one that lies in a JSON text in a string and may have none, a number, or the
/// row.</summary>
internal enum JsonToken : byte { End, Text, PlainText, Number }

/// <summary>Where a slot's value is: the number of the value in the row, −1 where its kind says all.</summary>
internal readonly record struct JsonSlot(JsonKind Kind, int Value);

/// <summary>
/// A part of a row that stands there as it is (names, signs, blanks, `true`, `false`, `null`), and what follows it. A text's quotes belong
/// to the parts before and behind it.
/// </summary>
internal sealed class JsonStep(byte[] literal, JsonToken token)
{
    public readonly byte[] Literal = literal;
    public readonly JsonToken Token = token;

    /// <summary>What may stand here instead.</summary>
    public JsonStep? Other;

    /// <summary>What may follow.</summary>
    public JsonStep? Then;

    /// <summary>Of a row that ends here.</summary>
    public JsonSlot[] Slots = [];

    /// <summary>A row cut into steps; null where it has more than <paramref name="mostValues"/> values or <paramref name="mostBytes"/>
    /// bytes beside them, or where a text within it has other escapes than quotes.</summary>
    /// <param name="row">Well-formed.</param>
    /// <param name="text">Where the string begins that is a JSON text itself; −1 when there is none.</param>
    public static List<JsonStep>? Cut(ReadOnlySpan<byte> row, int text, int mostValues, int mostBytes)
    {
        for (var rest = row[Math.Max(0, text)..]; text >= 0 && rest.IndexOf((byte)'\\') is >= 0 and var escape; rest = rest[(escape + 2)..])
        {
            if (rest[escape + 1] != '"')
            {
                return null;
            }
        }
        var steps = new List<JsonStep>();
        var (inText, from, bytes) = (false, 0, 0);
        for (var at = 0; at < row.Length;)
        {
            // 1. The quotes around a text.
            if (at == text || (inText && row[at] == '"'))
            {
                inText = at == text;
                at++;
                continue;
            }

            // 2. A value is where its first byte says so: names are followed by a colon.
            var token = row[at] switch { (byte)'"' => JsonToken.Text, (byte)'\\' => JsonToken.PlainText, (byte)'-'
                or (>= (byte)'0' and <= (byte)'9') => JsonToken.Number, _ => JsonToken.End };
            if (token == JsonToken.End)
            {
                at++;
                continue;
            }
            var quote = token switch { JsonToken.Text => 1, JsonToken.PlainText => 2, _ => 0 };
            var start = at + quote;
            var end = token switch
            {
                JsonToken.Text => JsonCursor.EndOfText(row, start, out _),
                JsonToken.PlainText => JsonCursor.Stop(row, start),
                _ => JsonCursor.EndOfNumber(row, start),
            };
            at = end + quote;
            if (quote > 0 && new JsonCursor(row, at).Peek() == ':')
            {
                continue;
            }

            // 3. What stood before it.
            steps.Add(new JsonStep(row[from..start].ToArray(), token));
            bytes += start - from;
            from = end;
            if (steps.Count > mostValues || bytes > mostBytes)
            {
                return null;
            }
        }
        steps.Add(new JsonStep(row[from..].ToArray(), JsonToken.End));
        return bytes + row.Length - from > mostBytes ? null : steps;
    }
}
