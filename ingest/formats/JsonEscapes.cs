using System.Text;

namespace Pipeline.Ingest.Formats;

/// <summary>Undoes the escapes of a JSON string that <see cref="JsonCursor"/> has found well-formed.</summary>
internal static class JsonEscapes
{
    /// <summary>Writes the string without its escapes, never longer than it was, and returns its length. Half of a surrogate pair becomes U+FFFD.</summary>
    public static int Undo(ReadOnlySpan<byte> raw, Span<byte> to)
    {
        var written = 0;
        while (true)
        {
            var escape = raw.IndexOf((byte)'\\');
            var plain = escape < 0 ? raw : raw[..escape];
            plain.CopyTo(to[written..]);
            written += plain.Length;
            if (escape < 0)
            {
                return written;
            }
            var letter = raw[escape + 1];
            raw = raw[(escape + 2)..];
            if (letter != 'u')
            {
                to[written++] = letter switch { (byte)'b' => 8, (byte)'f' => 12, (byte)'n' => 10, (byte)'r' => 13, (byte)'t' => 9, _ => letter };
                continue;
            }
            var unit = (char)Hex(raw[..4]);
            raw = raw[4..];
            if (!Rune.TryCreate(unit, out var rune))
            {
                rune = Rune.ReplacementChar;
                if (char.IsHighSurrogate(unit) && raw.Length >= 6 && raw[0] == '\\' && raw[1] == 'u' && Rune.TryCreate(unit, (char)Hex(raw.Slice(2, 4)), out var pair))
                {
                    rune = pair;
                    raw = raw[6..];
                }
            }
            written += rune.EncodeToUtf8(to[written..]);
        }
    }

    /// <summary>Four hex digits, −1 when they are not.</summary>
    public static int Hex(ReadOnlySpan<byte> digits)
    {
        var value = 0;
        foreach (var c in digits)
        {
            var digit = (uint)(c - '0') <= 9 ? c - '0' : (uint)((c | 0x20) - 'a') <= 5 ? (c | 0x20) - 'a' + 10 : -1;
            if (digit < 0)
            {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }
}
