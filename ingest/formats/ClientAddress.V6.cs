namespace Pipeline.Ingest.Formats;

/// <summary>Eight groups, read in any of their written forms and written in the one of RFC 5952.</summary>
internal static partial class ClientAddress
{
    private static bool TryGroups(ReadOnlySpan<byte> text, Span<ushort> groups)
    {
        groups.Clear();
        int count = 0, gap = -1, at = 0;
        if (text.StartsWith("::"u8))
        {
            gap = 0;
            at = 2;
        }
        while (at < text.Length)
        {
            if (count == 8)
            {
                return false;
            }
            int value = 0, digits = 0, start = at;
            while (at < text.Length && Hex(text[at]) is var digit and >= 0)
            {
                if (++digits > 4)
                {
                    return false;
                }
                value = value << 4 | digit;
                at++;
            }
            if (digits == 0)
            {
                return false;
            }
            if (at < text.Length && text[at] == '.')
            {
                var quad = text[start..];
                if (count > 6 || DottedQuad(quad) != quad.Length)
                {
                    return false;
                }
                Octets(quad, out groups[count], out groups[count + 1]);
                count += 2;
                break;
            }
            groups[count++] = (ushort)value;
            if (at == text.Length)
            {
                break;
            }
            if (text[at++] != ':' || at == text.Length)
            {
                return false;
            }
            if (text[at] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }
                gap = count;
                at++;
            }
        }
        if (gap < 0)
        {
            return count == 8;
        }
        if (count == 8)
        {
            return false;
        }
        var tail = count - gap;
        groups.Slice(gap, tail).CopyTo(groups[(8 - tail)..]);
        groups[gap..(8 - tail)].Clear();
        return true;
    }

    /// <summary>An address in its one form, as a number: IPv4 in `::ffff:0:0/96`.</summary>
    public static UInt128 Number(ReadOnlySpan<byte> normalised)
    {
        Span<ushort> groups = stackalloc ushort[8];
        if (normalised.Contains((byte)':'))
        {
            TryGroups(normalised, groups);
        }
        else
        {
            groups.Clear();
            groups[5] = 0xFFFF;
            Octets(normalised, out groups[6], out groups[7]);
        }
        UInt128 number = 0;
        foreach (var group in groups)
        {
            number = number << 16 | group;
        }
        return number;
    }

    private static void Octets(ReadOnlySpan<byte> quad, out ushort high, out ushort low)
    {
        uint all = 0, octet = 0;
        foreach (var c in quad)
        {
            if (c == '.')
            {
                all = all << 8 | octet;
                octet = 0;
            }
            else
            {
                octet = octet * 10 + (uint)(c - '0');
            }
        }
        all = all << 8 | octet;
        high = (ushort)(all >> 16);
        low = (ushort)all;
    }

    /// <summary>RFC 5952: the first longest run of two or more zero groups is `::`, no leading zeros, lower case. Only the v4-mapped range
    /// is written with dots, and then as plain IPv4.</summary>
    private static int Write(ReadOnlySpan<ushort> groups, Span<byte> to)
    {
        var at = 0;
        if (groups[..5].IndexOfAnyExcept((ushort)0) < 0 && groups[5] == 0xFFFF)
        {
            Decimal(groups[6] >> 8, to, ref at);
            to[at++] = (byte)'.';
            Decimal(groups[6] & 255, to, ref at);
            to[at++] = (byte)'.';
            Decimal(groups[7] >> 8, to, ref at);
            to[at++] = (byte)'.';
            Decimal(groups[7] & 255, to, ref at);
            return at;
        }
        int best = -1, length = 1;
        for (var i = 0; i < 8; i++)
        {
            var run = 0;
            while (i + run < 8 && groups[i + run] == 0)
            {
                run++;
            }
            if (run > length)
            {
                (best, length) = (i, run);
            }
            i += run;
        }
        for (var i = 0; i < 8; i++)
        {
            if (i == best)
            {
                to[at++] = (byte)':';
                to[at++] = (byte)':';
                i += length - 1;
                continue;
            }
            if (i > 0 && i != best + length)
            {
                to[at++] = (byte)':';
            }
            for (var shift = groups[i] switch { >= 0x1000 => 12, >= 0x100 => 8, >= 0x10 => 4, _ => 0 }; shift >= 0; shift -= 4)
            {
                to[at++] = "0123456789abcdef"u8[groups[i] >> shift & 15];
            }
        }
        return at;
    }

    private static void Decimal(int octet, Span<byte> to, ref int at)
    {
        if (octet >= 100)
        {
            to[at++] = (byte)('0' + octet / 100);
        }
        if (octet >= 10)
        {
            to[at++] = (byte)('0' + octet / 10 % 10);
        }
        to[at++] = (byte)('0' + octet % 10);
    }

    private static int Hex(byte c) => (uint)(c - '0') <= 9 ? c - '0' : (uint)((c | 0x20) - 'a') <= 5 ? (c | 0x20) - 'a' + 10 : -1;
}
