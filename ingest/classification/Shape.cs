using System.Numerics;
using System.Runtime.Intrinsics;
using System.Text;

namespace Pipeline.Ingest.Classification;

/// <summary>
/// What may be said of a text that is not kept. `Acme Inventory/4.2 (fleet; build 7f3a9)` is `A A/9.9 (a; a x)`: a word of letters is `a`,
/// or `A` where it begins with a capital; a number is 9; letters and digits together are x;
/// some signs are themselves, another is !, a byte beyond printable ASCII is ^; + is a blank, as W3C logs write it; of equal signs in a row
/// one is told. Lengths are not told, and after <see cref="Most"/> characters, or
/// <see cref="Read"/> bytes of the text, comes ~. So no letter and no digit in it is taken from the text, nor does it tell how many there
/// were.
/// </summary>
public static class Shape
{
    /// <summary>The most characters of a shape, all of them ASCII that JSON writes as it is.</summary>
    public const int Most = 48;

    /// <summary>The most bytes of a text that are looked at.</summary>
    public const int Read = 256;

    private const int Chunk = 64;

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
        var cut = text.Length > Read;
        text = cut ? text[..Read] : text;
        var (length, last) = (0, (byte)0);
        for (; !text.IsEmpty && length <= Most; text = text[Math.Min(Chunk, text.Length)..])
        {
            WriteChunk(text, into, ref length, ref last);
        }
        if (cut || length > Most)
        {
            length = Math.Min(length + 1, Most);
            into[length - 1] = (byte)'~';
        }
        return length;
    }

    /// <summary>The first bytes of a text: a word at a time, its ends and what it is made of being found for all of them at once.</summary>
    /// <param name="length">Above <see cref="Most"/> when there is more than has room.</param>
    private static void WriteChunk(ReadOnlySpan<byte> text, Span<byte> into, ref int length, ref byte last)
    {
        Span<byte> padded = stackalloc byte[Chunk];
        var count = Math.Min(Chunk, text.Length);
        text[..count].CopyTo(padded);
        var bytes = Vector512.Create<byte>(padded);
        var letters = Vector512.LessThanOrEqual((bytes | Vector512.Create((byte)0x20)) - Vector512.Create((byte)'a'),
            Vector512.Create((byte)25)).ExtractMostSignificantBits();
        var digits = Vector512.LessThanOrEqual(bytes - Vector512.Create((byte)'0'), Vector512.Create((byte)9)).ExtractMostSignificantBits();
        for (var at = 0; at < count;)
        {
            var kind = Kinds[padded[at]];
            var word = BitOperations.TrailingZeroCount(~((letters | digits) >> at));
            if (word > 0)
            {
                var within = (ulong.MaxValue >> (Chunk - word)) << at;
                kind = (digits & within) == 0 ? kind : (letters & within) == 0 ? (byte)'9' : (byte)'x';
                at += word;
                if (IsWord(last))
                {
                    // The word goes on from the bytes before; of both kinds it is mixed.
                    if (kind == 'x' || (last != 'x' && (last == '9') != (kind == '9')))
                    {
                        into[length - 1] = last = (byte)'x';
                    }
                    continue;
                }
            }
            else
            {
                at++;
                if (kind == last)
                {
                    continue;
                }
            }
            if (length == Most)
            {
                length++;
                return;
            }
            into[length++] = last = kind;
        }
    }

    private static bool IsWord(byte kind) => kind is (byte)'a' or (byte)'A' or (byte)'9' or (byte)'x';
}
