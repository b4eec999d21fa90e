using System.Runtime.CompilerServices;

namespace Pipeline.Ingest.Formats.Text;

/// <summary>
/// The fields behind the request, and where a quoted field ends.
/// Escapes (nginx `\xHH`, Apache `\"`, `\\`, `\n`, `\xhh`) are stepped over and never decoded: no address, method, file name or agent of
/// ours contains a byte that servers escape.
/// </summary>
internal static class LogFields
{
    /// <summary>` 200 ` and the bytes, a number or `-`, taken from the front of the text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryStatusAndBytes(scoped ref ReadOnlySpan<byte> text)
    {
        if (text.Length < 6 || text[0] != ' ' || (uint)(text[1] - '0') > 9 || (uint)(text[2] - '0') > 9 || (uint)(text[3] - '0') > 9
            || text[4] != ' ')
        {
            return false;
        }
        var at = 5;
        if (text[at] == '-')
        {
            at++;
        }
        else
        {
            while (at < text.Length && (uint)(text[at] - '0') <= 9)
            {
                at++;
            }
            if (at == 5)
            {
                return false;
            }
        }
        text = text[at..];
        return true;
    }

    /// <summary>A blank and a quoted field, taken from the front of the text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryQuoted(scoped ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (text.Length < 3 || text[0] != ' ' || text[1] != '"')
        {
            return false;
        }
        var inner = text[2..];
        var quote = ClosingQuote(inner);
        if (quote < 0)
        {
            return false;
        }
        value = inner[..quote];
        text = inner[(quote + 1)..];
        return true;
    }

    /// <summary>Where the field ends that the text begins in: the first quote that no backslash escapes; −1 when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ClosingQuote(ReadOnlySpan<byte> text)
    {
        var at = text.IndexOfAny((byte)'"', (byte)'\\');
        return at < 0 || text[at] == '"' ? at : AfterEscapes(text, at);
    }

    private static int AfterEscapes(ReadOnlySpan<byte> text, int at)
    {
        while (text[at] == '\\')
        {
            at += 2;
            if (at >= text.Length)
            {
                return -1;
            }
            var next = text[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0)
            {
                return -1;
            }
            at += next;
        }
        return at;
    }
}
