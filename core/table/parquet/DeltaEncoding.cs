using System.Buffers.Binary;
using System.Numerics;

namespace Pipeline.Core.Table.Parquet;

/// <summary>Parquet's DELTA_BINARY_PACKED for int64: differences in blocks of 128, each a minimum and four bit-packed stretches of
/// 32.</summary>
internal static class DeltaEncoding
{
    private const int Block = 128, Stretches = 4, Stretch = Block / Stretches;

    public static void Encode(ReadOnlySpan<long> values, ByteBuffer to)
    {
        to.Varint(Block);
        to.Varint(Stretches);
        to.Varint((ulong)values.Length);
        to.Varint(ZigZag(values.Length > 0 ? values[0] : 0));
        Span<long> deltas = stackalloc long[Block];
        for (var start = 1; start < values.Length; start += Block)
        {
            var count = Math.Min(Block, values.Length - start);
            var min = long.MaxValue;
            for (var i = 0; i < count; i++)
            {
                deltas[i] = unchecked(values[start + i] - values[start + i - 1]);
                min = Math.Min(min, deltas[i]);
            }
            deltas[count..].Fill(min);
            to.Varint(ZigZag(min));
            var widths = to.Length;
            for (var s = 0; s < Stretches; s++)
            {
                ulong all = 0;
                foreach (var delta in deltas.Slice(s * Stretch, Stretch))
                {
                    all |= unchecked((ulong)(delta - min));
                }
                to.Byte((byte)(64 - BitOperations.LeadingZeroCount(all)));
            }
            for (var s = 0; s < Stretches && s * Stretch < count; s++)
            {
                Pack(deltas.Slice(s * Stretch, Stretch), min, to.Span[widths + s], to);
            }
        }
    }

    public static void Decode(ReadOnlySpan<byte> from, Span<long> values)
    {
        var position = 0;
        var block = checked((int)Varint(from, ref position));
        var stretches = checked((int)Varint(from, ref position));
        var total = checked((int)Varint(from, ref position));
        var value = UnZigZag(Varint(from, ref position));
        if (total != values.Length || block <= 0 || stretches <= 0 || block % stretches != 0 || block / stretches % 8 != 0)
        {
            throw new InvalidDataException(
                $"a delta page of {total} values in blocks of {block} by {stretches}, expected {values.Length} values");
        }
        if (values.Length == 0)
        {
            return;
        }
        values[0] = value;
        var stretch = block / stretches;
        for (var i = 1; i < values.Length;)
        {
            var min = UnZigZag(Varint(from, ref position));
            var widths = from.Slice(position, stretches);
            position += stretches;
            for (var s = 0; s < stretches && i < values.Length; s++)
            {
                var width = widths[s];
                var bytes = from.Slice(position, stretch / 8 * width);
                var count = Math.Min(stretch, values.Length - i);
                for (var k = 0; k < count; k++)
                {
                    value = unchecked(value + min + (long)Bits(bytes, k * width, width));
                    values[i++] = value;
                }
                position += bytes.Length;
            }
        }
    }

    private static void Pack(ReadOnlySpan<long> deltas, long min, int width, ByteBuffer to)
    {
        var target = to.Reserve(Stretch / 8 * width + 8);
        ulong pending = 0;
        int used = 0, position = 0;
        foreach (var delta in deltas)
        {
            var value = unchecked((ulong)(delta - min));
            pending |= value << used;
            used += width;
            if (used >= 64)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(target[position..], pending);
                position += 8;
                used -= 64;
                pending = used == 0 ? 0 : value >> (width - used);
            }
        }
        BinaryPrimitives.WriteUInt64LittleEndian(target[position..], pending);
        to.Advance(Stretch / 8 * width);
    }

    private static ulong Bits(ReadOnlySpan<byte> bytes, int bit, int width)
    {
        if (width == 0)
        {
            return 0;
        }
        var first = bit >> 3;
        var shift = bit & 7;
        UInt128 word;
        if (bytes.Length - first >= 16)
        {
            word = BinaryPrimitives.ReadUInt128LittleEndian(bytes[first..]);
        }
        else
        {
            word = 0;
            for (var i = Math.Min(bytes.Length, first + 9) - 1; i >= first; i--)
            {
                word = word << 8 | bytes[i];
            }
        }
        var value = (ulong)(word >> shift);
        return width == 64 ? value : value & ((1UL << width) - 1);
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private static ulong ZigZag(long value) => (ulong)(value << 1 ^ value >> 63);

    private static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
