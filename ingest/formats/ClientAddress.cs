using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// A client's address in the one form that the table keeps: a dotted quad, or RFC 5952 in lower case.
/// Taken off: a port (`v4:port`, `[v6]:port`), brackets, a zone id (`%…`, a name local to the server), and the wrapping of IPv4 in
/// `::ffff:0:0/96`.
/// Refused: octets with a leading zero, because some read them as octal; host names; lists.
/// </summary>
internal static partial class ClientAddress
{
    /// <summary>The longest form: eight groups of four digits.</summary>
    public const int MaxLength = 39;

    /// <summary>How many bytes at the start of the text are a strict dotted quad; 0 when they are none. What follows is the caller's to
    /// judge.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int DottedQuad(ReadOnlySpan<byte> text) => text.Length >= 20 ? AtOnce(text) : ByteByByte(text);

    /// <summary>All sixteen bytes at once, because where the dots stand is what a branch predictor cannot know. Reads up to 20
    /// bytes.</summary>
    private static int AtOnce(ReadOnlySpan<byte> text)
    {
        ref var first = ref MemoryMarshal.GetReference(text);
        var bytes = Vector128.LoadUnsafe(ref first);
        var dots = Vector128.Equals(bytes, Vector128.Create((byte)'.')).ExtractMostSignificantBits();
        var digits = Vector128.LessThanOrEqual(bytes - Vector128.Create((byte)'0'), Vector128.Create((byte)9)).ExtractMostSignificantBits();
        var end = BitOperations.TrailingZeroCount(~(dots | digits));
        dots &= (1u << end) - 1;
        if (BitOperations.PopCount(dots) != 3)
        {
            return 0;
        }
        var dot1 = BitOperations.TrailingZeroCount(dots);
        dots &= dots - 1;
        var dot2 = BitOperations.TrailingZeroCount(dots);
        dots &= dots - 1;
        var dot3 = BitOperations.TrailingZeroCount(dots);
        var good = IsOctet(ref first, 0, dot1) & IsOctet(ref first, dot1 + 1, dot2) & IsOctet(ref first, dot2
            + 1, dot3) & IsOctet(ref first, dot3 + 1, end);
        return good ? end : 0;
    }

    /// <summary>The digits from start to end are 1 to 3, the first is not a needless zero, and they are at most 255. At most 19 bytes after
    /// the first are read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsOctet(ref byte first, int start, int end)
    {
        var length = (uint)(end - start);
        var digits = (Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref first, start)) & 0x0F0F0F0F) << (int)(32 - 8 * length);
        var value = (digits >> 24) + (digits >> 16 & 15) * 10 + (digits >> 8 & 15) * 100;

        // The least numbers of one, two and three digits are 0, 10 and 100: a byte each, by length.
        var least = 0x640A0000u >> (int)(8 * length & 24) & 0xFF;
        return length - 1 < 3 & value >= least & value <= 255;
    }

    private static int ByteByByte(ReadOnlySpan<byte> text)
    {
        var at = 0;
        for (var octet = 0; octet < 4; octet++)
        {
            if (octet > 0)
            {
                if ((uint)at >= (uint)text.Length || text[at] != '.')
                {
                    return 0;
                }
                at++;
            }
            if ((uint)at >= (uint)text.Length)
            {
                return 0;
            }
            var value = (uint)(text[at] - '0');
            if (value > 9)
            {
                return 0;
            }
            at++;
            var digits = 1;
            while ((uint)at < (uint)text.Length)
            {
                var next = (uint)(text[at] - '0');
                if (next > 9)
                {
                    break;
                }
                if (value == 0 || ++digits > 3)
                {
                    return 0;
                }
                value = value * 10 + next;
                at++;
            }
            if (value > 255)
            {
                return 0;
            }
        }
        return at;
    }

    /// <param name="scratch">At least <see cref="MaxLength"/> bytes; holds the result when it is not a part of the text.</param>
    public static bool TryNormalise(ReadOnlySpan<byte> text, Span<byte> scratch, out ReadOnlySpan<byte> address)
    {
        var quad = DottedQuad(text);
        if (quad > 0)
        {
            address = text[..quad];
            return quad == text.Length || IsPort(text[quad..]);
        }
        address = default;
        if (text.Length > 0 && text[0] == '[')
        {
            var close = text.IndexOf((byte)']');
            if (close < 0 || (close + 1 < text.Length && !IsPort(text[(close + 1)..])))
            {
                return false;
            }
            text = text[1..close];
        }
        var zone = text.IndexOf((byte)'%');
        if (zone >= 0)
        {
            text = text[..zone];
        }
        Span<ushort> groups = stackalloc ushort[8];
        if (!TryGroups(text, groups))
        {
            return false;
        }
        address = scratch[..Write(groups, scratch)];
        return true;
    }

    private static bool IsPort(ReadOnlySpan<byte> text)
    {
        if (text.Length is < 2 or > 6 || text[0] != ':')
        {
            return false;
        }
        var port = 0;
        foreach (var c in text[1..])
        {
            if ((uint)(c - '0') > 9)
            {
                return false;
            }
            port = port * 10 + (c - '0');
        }
        return port <= 65_535;
    }
}
