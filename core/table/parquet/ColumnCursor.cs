using System.Buffers.Binary;
using System.IO.Hashing;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table.Parquet;

/// <summary>Walks one column chunk page by page and gives its values in order. Pages of different columns need not end at the same
/// rows.</summary>
internal sealed class ColumnCursor(ReadOnlyMemory<byte> chunk, long codec, long totalValues, ColumnShape? shape, PageCodec? pages)
{
    /// <summary>No sane writer's page has more rows; a header that claims more is damage, not a reason to allocate.</summary>
    private const int MaxRows = 1 << 27;

    private int _position;
    private long _valuesSeen;
    private int _pageRows, _row, _value;
    private int[]? _levels;
    private int[] _indexes = [];
    private long[] _times = [], _timeDictionary = [];
    private ByteArrays _strings = ByteArrays.Empty, _stringDictionary = ByteArrays.Empty;
    private bool _byIndex;

    /// <summary>A column that the file does not have.</summary>
    public static ColumnCursor Absent(long rows) => new(default, 0, rows, null, null);

    public void FillTimes(Columns batch, int rows)
    {
        for (var i = 0; i < rows; i++)
        {
            if (_row == _pageRows)
            {
                NextPage();
            }
            if (_levels is not null && _levels[_row] == 0)
            {
                throw new InvalidDataException("a row without a time");
            }
            _row++;
            var at = _value++;
            batch.AddRow(_byIndex ? _timeDictionary[_indexes[at]] : _times[at]);
        }
    }

    public void FillStrings(Utf8Column column, int rows)
    {
        for (var i = 0; i < rows; i++)
        {
            if (shape is null)
            {
                column.AppendAbsent();
                continue;
            }
            if (_row == _pageRows)
            {
                NextPage();
            }
            if (_levels is not null && _levels[_row] == 0)
            {
                column.AppendAbsent();
                _row++;
                continue;
            }
            _row++;
            var at = _value++;
            column.Append(_byIndex ? _stringDictionary[_indexes[at]] : _strings[at]);
        }
    }

    /// <summary>Moves to the next data page that has rows.</summary>
    private void NextPage()
    {
        do
        {
            if (_valuesSeen >= totalValues)
            {
                throw new InvalidDataException("a column with fewer values than its row group has rows");
            }
            ReadPage();
        }
        while (_row == _pageRows);
    }

    private void ReadPage()
    {
        var header = ThriftStruct.Read(chunk.Span[_position..], out var used);
        _position += used;
        var body = chunk.Slice(_position, checked((int)header.Int(3)));
        _position += body.Length;
        if (header.Has(4) && (int)Crc32.HashToUInt32(body.Span) != (int)header.Int(4))
        {
            throw new InvalidDataException("a page whose CRC does not match");
        }
        switch (header.Int(1))
        {
            case ParquetTerms.DictionaryPage:
                ReadDictionary(pages!.Expand(codec, body, header.Int(2)), checked((int)header.Need(7).Int(1)));
                break;
            case ParquetTerms.DataPage:
                var v1 = header.Need(5);
                Begin(checked((int)v1.Int(1)));
                ReadOnlyMemory<byte> data = pages!.Expand(codec, body, header.Int(2));
                if (shape!.Optional)
                {
                    var length = BinaryPrimitives.ReadInt32LittleEndian(data.Span);
                    ReadLevels(data.Span.Slice(4, length));
                    data = data[(4 + length)..];
                }
                ReadValues(data, v1.Int(2));
                break;
            case ParquetTerms.DataPageV2:
                var v2 = header.Need(8);
                Begin(checked((int)v2.Int(1)));
                var levels = checked((int)(v2.Int(5) + v2.Int(6)));
                if (shape!.Optional)
                {
                    ReadLevels(body.Span[(int)v2.Int(6)..levels]);
                }
                var values = body[levels..];
                ReadValues(v2.Bool(7, true) ? pages!.Expand(codec, values, header.Int(2) - levels) : values, v2.Int(4));
                break;
            default:
                // Index pages and kinds to come carry no values.
                break;
        }
    }

    private void Begin(int rows)
    {
        if (rows < 0 || rows > totalValues - _valuesSeen || rows > MaxRows)
        {
            throw new InvalidDataException($"a page of {rows} values where {totalValues - _valuesSeen} are left");
        }
        _pageRows = rows;
        _valuesSeen += rows;
        _row = _value = 0;
        _levels = null;
    }

    private void ReadLevels(ReadOnlySpan<byte> bytes)
    {
        _levels = new int[_pageRows];
        RleEncoding.Decode(bytes, 1, _levels);
    }

    private void ReadDictionary(ReadOnlyMemory<byte> page, int count)
    {
        if (IsTime)
        {
            _timeDictionary = PlainTimes(page.Span, count);
        }
        else
        {
            _stringDictionary = ByteArrays.Read(page, count);
        }
    }

    private void ReadValues(ReadOnlyMemory<byte> data, long encoding)
    {
        var count = _levels is null ? _pageRows : _levels.Sum();
        _byIndex = encoding is ParquetTerms.RleDictionary or ParquetTerms.PlainDictionary;
        if (_byIndex)
        {
            if (_indexes.Length < count)
            {
                _indexes = new int[count];
            }
            if (count > 0)
            {
                var indexes = _indexes.AsSpan(0, count);
                if (data.Span[0] == 0)
                {
                    indexes.Clear();
                }
                else
                {
                    RleEncoding.Decode(data.Span[1..], data.Span[0], indexes);
                }
            }
        }
        else if (IsTime && encoding == ParquetTerms.Plain)
        {
            _times = PlainTimes(data.Span, count);
        }
        else if (IsTime && encoding == ParquetTerms.DeltaBinaryPacked && shape!.Type == ParquetTerms.Int64)
        {
            _times = new long[count];
            DeltaEncoding.Decode(data.Span, _times);
            ToMicros(_times);
        }
        else if (!IsTime && encoding == ParquetTerms.Plain)
        {
            _strings = ByteArrays.Read(data, count);
        }
        else
        {
            throw new NotSupportedException(
                $"column '{shape!.Name}' is encoded as {ParquetTerms.EncodingName(encoding)}, which is not supported");
        }
    }

    private bool IsTime => shape!.Type switch
    {
        ParquetTerms.Int64 or ParquetTerms.Int96 => true,
        ParquetTerms.ByteArray => false,
        _ => throw new NotSupportedException($"column '{shape.Name}' has physical type {shape.Type}, which is not supported"),
    };

    private long[] PlainTimes(ReadOnlySpan<byte> bytes, int count)
    {
        if (count > bytes.Length / 8)
        {
            throw new InvalidDataException("a page that ends within a value");
        }
        var times = new long[count];
        for (var i = 0; i < count; i++)
        {
            // INT96 is nanoseconds of the day and a Julian day: what Spark writes unless told otherwise.
            times[i] = shape!.Type == ParquetTerms.Int64
                ? BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * 8)..])
                : (BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * 12 + 8)..]) - 2_440_588L) * UtcDay.MicrosPerDay
                    + BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * 12)..]) / 1000;
        }
        if (shape!.Type == ParquetTerms.Int64)
        {
            ToMicros(times);
        }
        return times;
    }

    private void ToMicros(long[] times)
    {
        if (shape!.Unit == TimeUnit.Micros)
        {
            return;
        }
        foreach (ref var time in times.AsSpan())
        {
            time = shape.Unit == TimeUnit.Millis ? checked(time * 1000) : time / 1000;
        }
    }
}
