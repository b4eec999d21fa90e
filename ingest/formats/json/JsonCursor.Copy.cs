using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>A JSON text in a string is all escapes: finding its end, checking it and undoing it in one pass takes half of the time of
/// three.</summary>
internal ref partial struct JsonCursor
{
    /// <summary>A string without its quotes and escapes, which is never longer than it was.</summary>
    /// <param name="to">At least as long as the rest of the text; behind what is written anything may be.</param>
    public bool TryStringInto(Span<byte> to, out int written)
    {
        written = 0;
        if (!TryTake((byte)'"'))
        {
            return false;
        }
        var at = At;
        while (true)
        {
            CopyPlain(ref at, to, ref written);
            if ((uint)at >= (uint)_text.Length)
            {
                return false;
            }
            if (_text[at] == '"')
            {
                At = at + 1;
                return true;
            }
            if (_text[at] != '\\' || at + 1 >= _text.Length)
            {
                return false;
            }
            var letter = _text[at + 1];
            if (letter is (byte)'"' or (byte)'\\' or (byte)'/')
            {
                to[written++] = letter;
                at += 2;
                continue;
            }
            var length = letter is (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t' ? 2 : letter == 'u' ? Unicode(at) : 0;
            if (length == 0)
            {
                return false;
            }
            written += JsonEscapes.Undo(_text.Slice(at, length), to[written..]);
            at += length;
        }
    }

    /// <summary>Copies up to the first quote, backslash or control character. Whole vectors while both sides have room for one: what is
    /// copied too much is written over.</summary>
    private readonly void CopyPlain(ref int at, Span<byte> to, ref int written)
    {
        ref var from = ref MemoryMarshal.GetReference(_text);
        ref var into = ref MemoryMarshal.GetReference(to);
        while (at <= _text.Length - Vector128<byte>.Count && written <= to.Length - Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref from, (nuint)at);
            bytes.StoreUnsafe(ref into, (nuint)written);
            var stops = (Vector128.Equals(bytes, Vector128.Create((byte)'"')) | Vector128.Equals(bytes,
                Vector128.Create((byte)'\\')) | Vector128.LessThan(bytes, Vector128.Create((byte)' '))).ExtractMostSignificantBits();
            var plain = stops == 0 ? Vector128<byte>.Count : BitOperations.TrailingZeroCount(stops);
            at += plain;
            written += plain;
            if (stops != 0)
            {
                return;
            }
        }
        while ((uint)at < (uint)_text.Length && _text[at] is >= (byte)' ' and not (byte)'"' and not (byte)'\\')
        {
            to[written++] = _text[at++];
        }
    }

    /// <summary>How long `\uXXXX` is, with the half of a surrogate pair that follows; 0 when it is none.</summary>
    private readonly int Unicode(int at)
    {
        if (at + 6 > _text.Length)
        {
            return 0;
        }
        var unit = JsonEscapes.Hex(_text.Slice(at + 2, 4));
        if (unit < 0)
        {
            return 0;
        }
        return char.IsHighSurrogate((char)unit) && at + 12 <= _text.Length && _text[at + 6] == '\\' && _text[at + 7] == 'u'
            && JsonEscapes.Hex(_text.Slice(at + 8, 4)) is >= 0 and var low && char.IsLowSurrogate((char)low) ? 12 : 6;
    }
}
