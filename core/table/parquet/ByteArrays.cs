using System.Buffers.Binary;

namespace Pipeline.Core.Table.Parquet;

/// <summary>Byte arrays as Parquet's PLAIN lays them: a u32 length, then the bytes.</summary>
internal readonly struct ByteArrays(ReadOnlyMemory<byte> bytes, int[] starts)
{
    public static ByteArrays Empty { get; } = new(default, [0]);

    public ReadOnlySpan<byte> this[int index] => bytes.Span[(starts[index] + 4)..starts[index + 1]];

    public static ByteArrays Read(ReadOnlyMemory<byte> bytes, int count)
    {
        if (count < 0 || count > bytes.Length / 4)
        {
            throw new InvalidDataException("a page of more values than it has room for");
        }
        var starts = new int[count + 1];
        for (var i = 0; i < count; i++)
        {
            starts[i + 1] = checked(starts[i] + 4 + (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.Span[starts[i]..]));
        }
        return starts[count] <= bytes.Length ? new(bytes, starts) : throw new InvalidDataException("a page that ends within a value");
    }
}
