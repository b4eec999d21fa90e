using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>Undoes the escapes of a JSON string that <see cref="JsonCursor"/> has found well-formed.</summary>
internal static class JsonEscapes
{
    /// <summary>Writes the string without its escapes, never longer than it was, and returns its length. Half of a surrogate pair becomes
    /// U+FFFD.</summary>
    public static int Undo(ReadOnlySpan<byte> raw, Span<byte> to)
    {
        var written = 0;
        while (true)
        {
            var escape = CopyPlain(raw, to[written..]);
            written += escape;
            if (escape == raw.Length)
            {
                return written;
            }
            var letter = raw[escape + 1];
            raw = raw[(escape + 2)..];
            if (letter != 'u')
            {
                to[written++] = letter switch { (byte)'b' => 8, (byte)'f' => 12, (byte)'n' => 10, (byte)'r' => 13, (byte)'t' => 9, _ =>
                    letter };
                continue;
            }
            var unit = (char)Hex(raw[..4]);
            raw = raw[4..];
            if (!Rune.TryCreate(unit, out var rune))
            {
                rune = Rune.ReplacementChar;
                if (char.IsHighSurrogate(unit) && raw.Length >= 6 && raw[0] == '\\' && raw[1] == 'u'
                    && Rune.TryCreate(unit, (char)Hex(raw.Slice(2, 4)), out var pair))
                {
                    rune = pair;
                    raw = raw[6..];
                }
            }
            written += rune.EncodeToUtf8(to[written..]);
        }
    }

    /// <summary>Copies up to the first backslash and returns how many bytes stand before it. Whole vectors while both sides have room for
    /// one: what is copied too much is written over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CopyPlain(ReadOnlySpan<byte> raw, Span<byte> to)
    {
        ref var from = ref MemoryMarshal.GetReference(raw);
        ref var into = ref MemoryMarshal.GetReference(to);
        var room = Math.Min(raw.Length, to.Length) - Vector128<byte>.Count;
        var at = 0;
        for (; at <= room; at += Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref from, (nuint)at);
            bytes.StoreUnsafe(ref into, (nuint)at);
            var escapes = Vector128.Equals(bytes, Vector128.Create((byte)'\\')).ExtractMostSignificantBits();
            if (escapes != 0)
            {
                return at + BitOperations.TrailingZeroCount(escapes);
            }
        }
        for (; at < raw.Length && raw[at] != '\\'; at++)
        {
            to[at] = raw[at];
        }
        return at;
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
