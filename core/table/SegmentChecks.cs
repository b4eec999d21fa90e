using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace Pipeline.Core.Table;

/// <summary>
/// The checks that Parquet.Net neither writes nor makes. Each column chunk's XXH3 (64 bits) is listed in the footer, in the file's order. The footer's own XXH3 lies in 16 bytes
/// right before it (8 of a mark, 8 of the hash, little-endian), where Parquet allows bytes that no column claims. So a damaged segment of ours is known before a decoder sees it.
/// A file of another engine has neither, and gets only the check of its footer's form.
/// </summary>
internal static class SegmentChecks
{
    /// <summary>The footer's key for the chunks' hashes: 16 hexadecimal digits each.</summary>
    public const string Key = "pipeline.xxh3";

    /// <summary>The length in bytes of the mark and the hash before the footer.</summary>
    public const int GapLength = 16;

    /// <summary>What follows a footer: its length and the magic.</summary>
    public const int TailLength = 8;

    private const int DeepestNesting = 16;

    public static ReadOnlySpan<byte> Magic => "PAR1"u8;

    private static ReadOnlySpan<byte> Mark => "pl-xxh3\n"u8;

    public static string Hash(ReadOnlySpan<byte> chunk) => XxHash3.HashToUInt64(chunk).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Whether hash number <paramref name="index"/> of the footer's list is that of <paramref name="chunk"/>.</summary>
    public static bool Matches(string hashes, int index, ReadOnlySpan<byte> chunk) =>
        hashes.Length >= (index + 1) * 16 && hashes.AsSpan(index * 16, 16).SequenceEqual(Hash(chunk));

    /// <summary>Room for the footer's hash, to be written before the footer is.</summary>
    public static void WriteGap(Stream file)
    {
        file.Write(Mark);
        file.Write(stackalloc byte[8]);
    }

    /// <summary>Fills the gap of a finished file.</summary>
    public static void Seal(Span<byte> file)
    {
        var footer = BinaryPrimitives.ReadInt32LittleEndian(file[^TailLength..]) + TailLength;
        BinaryPrimitives.WriteUInt64LittleEndian(file[^(footer + 8)..], XxHash3.HashToUInt64(file[^footer..]));
    }

    /// <summary>
    /// What is wrong with the footer, or null. <paramref name="gap"/> is up to 16 bytes before it; <paramref name="footer"/> goes to the file's end.
    /// <paramref name="ours"/> tells whether the gap has our mark.
    /// </summary>
    public static string? Footer(ReadOnlySpan<byte> gap, ReadOnlySpan<byte> footer, out bool ours)
    {
        ours = gap.Length == GapLength && gap[..8].SequenceEqual(Mark);
        if (ours && BinaryPrimitives.ReadUInt64LittleEndian(gap[8..]) != XxHash3.HashToUInt64(footer))
        {
            return "its footer is not the one that was written";
        }
        var rest = footer[..^TailLength];
        return SkipStruct(ref rest, 0) && rest.IsEmpty ? null : "its footer is no Thrift structure";
    }

    /// <summary>
    /// Thrift's compact form, walked without being understood: false where it runs past the end. The library reads 0xFF for ever after the end of a footer,
    /// which no timeout can interrupt, so a footer of a wrong form must not reach it.
    /// </summary>
    private static bool SkipStruct(ref ReadOnlySpan<byte> rest, int depth)
    {
        while (depth < DeepestNesting && Take(ref rest, 1, out var header))
        {
            if (header[0] == 0)
            {
                return true;
            }
            var type = header[0] & 15;
            if (header[0] >> 4 == 0 && !Varint(ref rest, out _) || type > 2 && !SkipValue(ref rest, type, depth) || type == 0)
            {
                return false;
            }
        }
        return false;
    }

    private static bool SkipValue(ref ReadOnlySpan<byte> rest, int type, int depth) => type switch
    {
        1 or 2 or 3 => Take(ref rest, 1, out _),
        4 or 5 or 6 => Varint(ref rest, out _),
        7 => Take(ref rest, 8, out _),
        8 => Varint(ref rest, out var length) && Take(ref rest, length, out _),
        9 or 10 => SkipList(ref rest, depth + 1),
        12 => SkipStruct(ref rest, depth + 1),
        _ => false,
    };

    private static bool SkipList(ref ReadOnlySpan<byte> rest, int depth)
    {
        if (depth >= DeepestNesting || !Take(ref rest, 1, out var header))
        {
            return false;
        }
        var count = (ulong)(header[0] >> 4);
        if (count == 15 && !Varint(ref rest, out count))
        {
            return false;
        }
        for (; count > 0; count--)
        {
            if (!SkipValue(ref rest, header[0] & 15, depth))
            {
                return false;
            }
        }
        return true;
    }

    private static bool Varint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (!Take(ref rest, 1, out var part))
            {
                return false;
            }
            value |= (ulong)(part[0] & 127) << shift;
            if (part[0] < 128)
            {
                return true;
            }
        }
        return false;
    }

    private static bool Take(ref ReadOnlySpan<byte> rest, ulong count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (count > (ulong)rest.Length)
        {
            return false;
        }
        taken = rest[..(int)count];
        rest = rest[(int)count..];
        return true;
    }
}
