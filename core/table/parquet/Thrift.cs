using System.Buffers;
using System.Buffers.Binary;

namespace Pipeline.Core.Table.Parquet;

/// <summary>Writes Thrift's compact protocol, as Parquet's footer and page headers are written. Fields must come in rising order of
/// id.</summary>
internal sealed class ThriftWriter
{
    public const byte I32Type = 5, BinaryType = 8, StructType = 12;

    private readonly ArrayBufferWriter<byte> _out = new(256);
    private readonly Stack<int> _ids = new();
    private int _last;

    public ReadOnlySpan<byte> Written => _out.WrittenSpan;

    public void Clear()
    {
        _out.ResetWrittenCount();
        _ids.Clear();
        _last = 0;
    }

    public void I32(int id, long value)
    {
        Header(id, I32Type);
        Varint(ZigZag(value));
    }

    public void I64(int id, long value)
    {
        Header(id, 6);
        Varint(ZigZag(value));
    }

    public void Bool(int id, bool value) => Header(id, value ? (byte)1 : (byte)2);

    public void Binary(int id, ReadOnlySpan<byte> value)
    {
        Header(id, BinaryType);
        BinaryElement(value);
    }

    public void BinaryElement(ReadOnlySpan<byte> value)
    {
        Varint((ulong)value.Length);
        _out.Write(value);
    }

    public void I32Element(int value) => Varint(ZigZag(value));

    public void List(int id, byte elementType, int count)
    {
        Header(id, 9);
        if (count < 15)
        {
            Byte((byte)(count << 4 | elementType));
        }
        else
        {
            Byte((byte)(0xF0 | elementType));
            Varint((ulong)count);
        }
    }

    public void Struct(int id)
    {
        Header(id, StructType);
        StructElement();
    }

    /// <summary>Begins a struct that is an element of a list, or the whole document's first field; ended by <see cref="End"/>.</summary>
    public void StructElement()
    {
        _ids.Push(_last);
        _last = 0;
    }

    public void End()
    {
        Byte(0);
        _last = _ids.Count > 0 ? _ids.Pop() : 0;
    }

    private void Header(int id, byte type)
    {
        var delta = id - _last;
        if (delta is > 0 and <= 15)
        {
            Byte((byte)(delta << 4 | type));
        }
        else
        {
            Byte(type);
            Varint(ZigZag(id));
        }
        _last = id;
    }

    private void Byte(byte value)
    {
        _out.GetSpan(1)[0] = value;
        _out.Advance(1);
    }

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }
        Byte((byte)value);
    }

    private static ulong ZigZag(long value) => (ulong)(value << 1 ^ value >> 63);
}

/// <summary>A struct read from Thrift's compact protocol: fields by id. Unknown fields are kept and ignored, so newer writers can be
/// read.</summary>
internal sealed class ThriftStruct
{
    private readonly Dictionary<int, object> _fields = [];

    public bool Has(int id) => _fields.ContainsKey(id);

    public long Int(int id, long absent = 0) => _fields.TryGetValue(id, out var value) ? (long)value : absent;

    public bool Bool(int id, bool absent) => _fields.TryGetValue(id, out var value) ? (bool)value : absent;

    public byte[]? Binary(int id) => _fields.TryGetValue(id, out var value) ? (byte[])value : null;

    public string Text(int id) => Binary(id) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : "";

    public ThriftStruct? Struct(int id) => _fields.TryGetValue(id, out var value) ? (ThriftStruct)value : null;

    /// <summary>The struct in a field that must be there.</summary>
    public ThriftStruct Need(int id) => Struct(id) ?? throw new InvalidDataException($"field {id} of a Thrift struct is absent");

    public IReadOnlyList<object> List(int id) => _fields.TryGetValue(id, out var value) ? (List<object>)value : [];

    /// <summary>Reads one struct from the start of <paramref name="bytes"/> and tells how many bytes it took.</summary>
    public static ThriftStruct Read(ReadOnlySpan<byte> bytes, out int used)
    {
        var position = 0;
        var value = ReadStruct(bytes, ref position, 0);
        used = position;
        return value;
    }

    private static ThriftStruct ReadStruct(ReadOnlySpan<byte> bytes, ref int position, int depth)
    {
        if (depth > 32)
        {
            throw new InvalidDataException("a Thrift struct nested deeper than 32");
        }
        var read = new ThriftStruct();
        for (var last = 0; ;)
        {
            var header = bytes[position++];
            if (header == 0)
            {
                return read;
            }
            var type = header & 15;
            last = header >> 4 == 0 ? (int)UnZigZag(Varint(bytes, ref position)) : last + (header >> 4);
            read._fields[last] = type is 1 or 2 ? type == 1 : ReadValue(bytes, ref position, type, depth);
        }
    }

    private static object ReadValue(ReadOnlySpan<byte> bytes, ref int position, int type, int depth)
    {
        switch (type)
        {
            case 1 or 2:
                return bytes[position++] == 1;
            case 3:
                return (long)(sbyte)bytes[position++];
            case 4 or 5 or 6:
                return UnZigZag(Varint(bytes, ref position));
            case 7:
                position += 8;
                return BinaryPrimitives.ReadDoubleLittleEndian(bytes[(position - 8)..]);
            case 8:
                var length = checked((int)Varint(bytes, ref position));
                position += length;
                return bytes.Slice(position - length, length).ToArray();
            case 9 or 10:
                var head = bytes[position++];
                var count = head >> 4 == 15 ? checked((int)Varint(bytes, ref position)) : head >> 4;
                if (count > bytes.Length - position)
                {
                    throw new InvalidDataException("a Thrift list longer than its document");
                }
                var list = new List<object>(count);
                for (var i = 0; i < count; i++)
                {
                    list.Add(ReadValue(bytes, ref position, head & 15, depth + 1));
                }
                return list;
            case 12:
                return ReadStruct(bytes, ref position, depth + 1);
            default:
                throw new InvalidDataException($"a Thrift value of type {type}");
        }
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = bytes[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
        throw new InvalidDataException("a Thrift number of more than ten bytes");
    }

    private static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
