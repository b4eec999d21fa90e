using System.Buffers.Binary;
using System.Numerics;

namespace Pipeline.Core.Table.Parquet;

/// <summary>Parquet's RLE/bit-packing hybrid, for dictionary indexes and definition levels.</summary>
internal static class RleEncoding
{
    private const int ShortestRun = 16;

    /// <summary>Bits for values 0 to <paramref name="max"/>; at least one, since some readers stumble over zero.</summary>
    public static int BitWidth(int max) => Math.Max(1, 32 - BitOperations.LeadingZeroCount((uint)max));

    public static void Encode(ReadOnlySpan<int> values, int width, ByteBuffer to)
    {
        for (var i = 0; i < values.Length;)
        {
            var run = Run(values, i);
            if (run >= ShortestRun || i + run == values.Length)
            {
                to.Varint((ulong)run << 1);
                for (var shift = 0; shift < width; shift += 8)
                {
                    to.Byte((byte)(values[i] >> shift));
                }
                i += run;
                continue;
            }
            var start = i;
            do
            {
                i += 8;
            }
            while (i < values.Length && (values[i] != values[i - 1] || Run(values, i) < ShortestRun));
            Pack(values[start..Math.Min(i, values.Length)], width, to);
        }
    }

    /// <summary>Fills <paramref name="values"/> from <paramref name="from"/>.</summary>
    public static void Decode(ReadOnlySpan<byte> from, int width, Span<int> values)
    {
        if (width > 32)
        {
            throw new InvalidDataException($"indexes of {width} bits");
        }
        var position = 0;
        for (var i = 0; i < values.Length;)
        {
            ulong header = 0;
            for (var shift = 0; ; shift += 7)
            {
                var next = from[position++];
                header |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    break;
                }
            }
            if ((header & 1) == 0)
            {
                var value = 0;
                for (var shift = 0; shift < width; shift += 8)
                {
                    value |= from[position++] << shift;
                }
                var run = (int)Math.Min(header >> 1, (ulong)(values.Length - i));
                values.Slice(i, run).Fill(value);
                i += run;
            }
            else
            {
                var packed = checked((int)(header >> 1) * width);
                var count = Math.Min((int)(header >> 1) * 8, values.Length - i);
                // The last run of a page may be cut short by its writer: what is not there is not asked for either.
                var stretch = from.Slice(position, Math.Min(packed, from.Length - position));
                Unpack(stretch, width, values.Slice(i, count));
                position += packed;
                i += count;
            }
        }
    }

    private static int Run(ReadOnlySpan<int> values, int start)
    {
        var rest = values[start..];
        var end = rest.IndexOfAnyExcept(rest[0]);
        return end < 0 ? rest.Length : end;
    }

    private static void Pack(ReadOnlySpan<int> values, int width, ByteBuffer to)
    {
        var groups = (values.Length + 7) / 8;
        to.Varint((ulong)groups << 1 | 1);
        var bytes = groups * width;
        var target = to.Reserve(bytes + 8);
        ulong pending = 0;
        int bits = 0, position = 0;
        foreach (var value in values)
        {
            pending |= (ulong)(uint)value << bits;
            bits += width;
            if (bits >= 32)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(target[position..], (uint)pending);
                position += 4;
                pending >>= 32;
                bits -= 32;
            }
        }
        BinaryPrimitives.WriteUInt64LittleEndian(target[position..], pending);
        target[Math.Min(bytes, position + 8)..bytes].Clear();
        to.Advance(bytes);
    }

    private static void Unpack(ReadOnlySpan<byte> from, int width, Span<int> values)
    {
        var mask = width == 32 ? uint.MaxValue : (1u << width) - 1;
        ulong pending = 0;
        int bits = 0, position = 0;
        for (var i = 0; i < values.Length; i++)
        {
            if (bits < width)
            {
                if (from.Length - position >= 4)
                {
                    pending |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(from[position..]) << bits;
                    position += 4;
                    bits += 32;
                }
                else
                {
                    while (bits < width)
                    {
                        pending |= (ulong)from[position++] << bits;
                        bits += 8;
                    }
                }
            }
            values[i] = (int)((uint)pending & mask);
            pending >>= width;
            bits -= width;
        }
    }
}
