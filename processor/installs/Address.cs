using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.Processor.Installs;

/// <summary>Reads addresses as records hold them: dotted quad, or RFC 5952.</summary>
internal static class Address
{
    public enum Family { None, V4, V6 }

    /// <summary>The number of an IPv4 address (as its low 32 bits) or of an IPv6 address.</summary>
    public static Family Read(ReadOnlySpan<byte> text, out UInt128 number)
    {
        if (TryV4(text, out var quad))
        {
            number = quad;
            return Family.V4;
        }
        number = 0;
        if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return Family.None;
        }
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        number = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return Family.V6;
    }

    private static bool TryV4(ReadOnlySpan<byte> text, out uint number)
    {
        number = 0;
        var (part, digits, dots) = (0u, 0, 0);
        foreach (var c in text)
        {
            if (c == '.')
            {
                if (digits == 0 || ++dots > 3)
                {
                    return false;
                }
                number = number << 8 | part;
                (part, digits) = (0, 0);
                continue;
            }
            if (c is < (byte)'0' or > (byte)'9' || ++digits > 3 || (part = part * 10 + (uint)(c - '0')) > 255)
            {
                return false;
            }
        }
        number = number << 8 | part;
        return dots == 3 && digits > 0;
    }
}
