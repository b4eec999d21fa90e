using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Ingest.Formats.Json;

/// <summary>
/// Walks over one JSON text without allocating, and says no to what is not JSON (RFC 8259). Strings come as they stand, with a flag when
/// they hold escapes, so that only what is needed is unescaped.
/// By hand, because Utf8JsonReader takes about twice as long for lines that are mostly short strings, and unescapes into arrays of its own.
/// Bytes above 0x7F are not checked to be UTF-8: nothing that is kept has any.
/// </summary>
internal ref partial struct JsonCursor(ReadOnlySpan<byte> text, int at = 0)
{
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<byte> _text = text;

    public int At { get; private set; } = at;

    public readonly ReadOnlySpan<byte> Since(int start) => _text[start..At];

    /// <summary>The next byte that is no blank, 0 at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Peek()
    {
        var at = At;
        while ((uint)at < (uint)_text.Length && _text[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            at++;
        }
        At = at;
        return (uint)at < (uint)_text.Length ? _text[at] : (byte)0;
    }

    /// <summary>Only blanks are left.</summary>
    public bool AtEnd() => Peek() == 0 && At == _text.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(byte expected)
    {
        if (Peek() != expected)
        {
            return false;
        }
        At++;
        return true;
    }

    /// <summary>A string, without its quotes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryString(out ReadOnlySpan<byte> raw, out bool escaped)
    {
        escaped = false;
        raw = default;
        if (!TryTake((byte)'"'))
        {
            return false;
        }
        var start = At;
        var end = EndOfText(_text, start, out escaped);
        if ((uint)end >= (uint)_text.Length || _text[end] != '"')
        {
            return false;
        }
        raw = _text[start..end];
        At = end + 1;
        return true;
    }

    /// <summary>Where a string's characters end that begin there: its quote, or what cannot stand in a string; −1 after an escape that is
    /// none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EndOfText(ReadOnlySpan<byte> text, int at, out bool escaped)
    {
        var end = Stop(text, at);
        escaped = (uint)end < (uint)text.Length && text[end] == '\\';
        return escaped ? AfterEscapes(text, end) : end;
    }

    /// <summary>Where the first quote, backslash or control character is; the text's length when there is none. Most strings are shorter
    /// than a vector, so this is inlined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Stop(ReadOnlySpan<byte> text, int at)
    {
        ref var first = ref MemoryMarshal.GetReference(text);
        for (; at <= text.Length - Vector128<byte>.Count; at += Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref first, (nuint)at);
            var stops = (Vector128.Equals(bytes, Vector128.Create((byte)'"')) | Vector128.Equals(bytes,
                Vector128.Create((byte)'\\')) | Vector128.LessThan(bytes, Vector128.Create((byte)' '))).ExtractMostSignificantBits();
            if (stops != 0)
            {
                return at + BitOperations.TrailingZeroCount(stops);
            }
        }
        while ((uint)at < (uint)text.Length && text[at] is >= (byte)' ' and not (byte)'"' and not (byte)'\\')
        {
            at++;
        }
        return at;
    }

    /// <summary>The next member's name of an object whose brace was taken, up to its value; <paramref name="end"/> when the brace closes
    /// instead.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryName(scoped ref bool first, out ReadOnlySpan<byte> raw, out bool escaped, out bool end)
    {
        raw = default;
        escaped = false;
        end = TryTake((byte)'}');
        if (end)
        {
            return true;
        }
        if (!first && !TryTake((byte)','))
        {
            return false;
        }
        first = false;
        return TryString(out raw, out escaped) && TryTake((byte)':');
    }

    /// <summary>Any value, to its end.</summary>
    public bool TrySkip(int depth = 0)
    {
        if (depth > MaxDepth)
        {
            return false;
        }
        switch (Peek())
        {
            case (byte)'"':
                return TryString(out _, out _);
            case (byte)'{':
                At++;
                for (var first = true; TryName(ref first, out _, out _, out var end);)
                {
                    if (end)
                    {
                        return true;
                    }
                    if (!TrySkip(depth + 1))
                    {
                        return false;
                    }
                }
                return false;
            case (byte)'[':
                At++;
                if (TryTake((byte)']'))
                {
                    return true;
                }
                do
                {
                    if (!TrySkip(depth + 1))
                    {
                        return false;
                    }
                }
                while (TryTake((byte)','));
                return TryTake((byte)']');
            case (byte)'t':
                return TryWord("true"u8);
            case (byte)'f':
                return TryWord("false"u8);
            case (byte)'n':
                return TryWord("null"u8);
            default:
                return TryNumber();
        }
    }

    public bool TryWord(ReadOnlySpan<byte> word)
    {
        if (!_text[At..].StartsWith(word))
        {
            return false;
        }
        At += word.Length;
        return true;
    }

    /// <summary>Where a number ends that begins there; −1 when none does.</summary>
    public static int EndOfNumber(ReadOnlySpan<byte> text, int at)
    {
        var json = new JsonCursor(text, at);
        return json.TryNumber() ? json.At : -1;
    }

    private bool TryNumber()
    {
        var at = At;
        if (at < _text.Length && _text[at] == '-')
        {
            at++;
        }
        var whole = Digits(ref at);
        if (whole == 0 || (whole > 1 && _text[at - whole] == '0'))
        {
            return false;
        }
        if (at < _text.Length && _text[at] == '.')
        {
            at++;
            if (Digits(ref at) == 0)
            {
                return false;
            }
        }
        if (at < _text.Length && (_text[at] | 0x20) == 'e')
        {
            at++;
            if (at < _text.Length && _text[at] is (byte)'+' or (byte)'-')
            {
                at++;
            }
            if (Digits(ref at) == 0)
            {
                return false;
            }
        }
        At = at;
        return true;
    }

    private readonly int Digits(ref int at)
    {
        var start = at;
        while ((uint)at < (uint)_text.Length && (uint)(_text[at] - '0') <= 9)
        {
            at++;
        }
        return at - start;
    }

    /// <summary>The same from a backslash on.</summary>
    private static int AfterEscapes(ReadOnlySpan<byte> text, int at)
    {
        while ((uint)at < (uint)text.Length && text[at] == '\\')
        {
            if (at + 1 >= text.Length)
            {
                return -1;
            }
            switch (text[at + 1])
            {
                case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                    at += 2;
                    break;
                case (byte)'u' when at + 6 <= text.Length && JsonEscapes.Hex(text.Slice(at + 2, 4)) >= 0:
                    at += 6;
                    break;
                default:
                    return -1;
            }
            at = Stop(text, at);
        }
        return at;
    }
}
