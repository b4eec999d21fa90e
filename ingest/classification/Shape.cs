using System.Text;

namespace Pipeline.Ingest.Classification;

/// <summary>
/// What may be said of a text that is not kept. `Acme Inventory/4.2 (fleet; build 7f3a9)` is `A A/9.9 (a; a x)`: a word of letters is `a`, or `A` where it begins with a capital; a number is 9; letters and digits together are x;
/// some signs are themselves, another is !, a byte beyond printable ASCII is ^; + is a blank, as W3C logs write it; of equal signs in a row one is told. Lengths are not told, and after <see cref="Most"/> characters, or
/// <see cref="Read"/> bytes of the text, comes ~. So no letter and no digit in it is taken from the text, nor does it tell how many there were.
/// </summary>
public static class Shape
{
    /// <summary>The most characters of a shape, all of them ASCII that JSON writes as it is.</summary>
    public const int Most = 48;

    /// <summary>The most bytes of a text that are looked at.</summary>
    public const int Read = 256;

    private const string Kept = "/.-_:;,=()[]{}%$@*#?|";

    /// <summary>What a byte becomes; of letters and digits: a, A, 9.</summary>
    private static readonly byte[] Kinds = [.. Enumerable.Range(0, 256).Select(b => (byte)((char)b switch
    {
        >= 'a' and <= 'z' => 'a',
        >= 'A' and <= 'Z' => 'A',
        >= '0' and <= '9' => '9',
        ' ' or '+' or '\t' => ' ',
        < ' ' or > '~' => '^',
        var sign => Kept.Contains(sign, StringComparison.Ordinal) ? sign : '!',
    }))];

    public static string Of(ReadOnlySpan<byte> text)
    {
        Span<byte> shape = stackalloc byte[Most];
        return Encoding.ASCII.GetString(shape[..Write(text, shape)]);
    }

    /// <param name="into">Of <see cref="Most"/> bytes.</param>
    /// <returns>The shape's length.</returns>
    internal static int Write(ReadOnlySpan<byte> text, Span<byte> into)
    {
        into = into[..Most];
        var (length, last, cut) = (0, (byte)0, text.Length > Read);
        foreach (var b in cut ? text[..Read] : text)
        {
            var kind = Kinds[b];
            if (IsWord(kind) && IsWord(last))
            {
                // The word goes on; of both kinds it is mixed.
                if (last != 'x' && (last == '9') != (kind == '9'))
                {
                    into[length - 1] = last = (byte)'x';
                }
            }
            else if (kind != last)
            {
                if (length == Most)
                {
                    cut = true;
                    break;
                }
                into[length++] = last = kind;
            }
        }
        if (cut)
        {
            length = Math.Min(length + 1, Most);
            into[length - 1] = (byte)'~';
        }
        return length;
    }

    private static bool IsWord(byte kind) => kind is (byte)'a' or (byte)'A' or (byte)'9' or (byte)'x';
}
