using System.Globalization;
using System.Text;

namespace Pipeline.Ingest.Explaining;

/// <summary>
/// What may be said of a text that is not kept: runs of character classes with their lengths. `XenCenter/2025.2 (64-bit)` is `a{9}.9{4}.9_.9{2}.a{3}.`: a letter, 9 a digit, . punctuation,
/// _ a blank or tab, ^ a control character, + a byte beyond ASCII. No byte of the text itself is in it, and a long one is cut.
/// </summary>
public static class Shape
{
    /// <summary>The most runs that are told; then comes `…`.</summary>
    public const int MostRuns = 32;

    public static string Of(ReadOnlySpan<byte> text)
    {
        var shape = new StringBuilder();
        var runs = 0;
        for (int at = 0, end; at < text.Length; at = end)
        {
            if (runs++ == MostRuns)
            {
                return shape.Append('…').ToString();
            }
            var kind = Class(text[at]);
            for (end = at + 1; end < text.Length && Class(text[end]) == kind; end++)
            {
            }
            shape.Append(kind);
            if (end - at > 1)
            {
                shape.Append(CultureInfo.InvariantCulture, $"{{{end - at}}}");
            }
        }
        return shape.ToString();
    }

    private static char Class(byte c) => c switch
    {
        >= (byte)'0' and <= (byte)'9' => '9',
        >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' => 'a',
        (byte)' ' or (byte)'\t' => '_',
        < 0x20 or 0x7f => '^',
        >= 0x80 => '+',
        _ => '.',
    };
}
