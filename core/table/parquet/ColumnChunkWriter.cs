using System.Collections.Concurrent;
using System.IO.Hashing;

namespace Pipeline.Core.Table.Parquet;

/// <summary>What the footer says of one column of one row group.</summary>
internal sealed record ChunkFacts(
    string Name, int Type, IReadOnlyList<int> Encodings, long Values, long Nulls, long Offset, long DictionaryOffset, long DataOffset,
        long Uncompressed, long Compressed, long? Min, long? Max);

/// <summary>
/// Writes column chunks of one file: pages of at most 128 Ki values, zstd, with a CRC each. It has a compressor and megabytes of scratch,
/// so a few are kept for whoever writes next.
/// </summary>
internal sealed class ColumnChunkWriter : IDisposable
{
    private const int PageRows = 128 * 1024;

    private static readonly ConcurrentBag<ColumnChunkWriter> Idle = [];

    private readonly int _level;
    private readonly ZstdSharp.Compressor _zstd;
    private readonly ThriftWriter _header = new();
    private readonly ByteBuffer _page = new(16 * 1024), _compressed = new(16 * 1024);
    private ByteBuffer _file = new(0);
    private long _uncompressed, _start;

    private ColumnChunkWriter(int zstdLevel) => (_level, _zstd) = (zstdLevel, new(zstdLevel));

    /// <summary>Disposing gives it back.</summary>
    public static ColumnChunkWriter Rent(ByteBuffer file, int zstdLevel)
    {
        if (!Idle.TryTake(out var writer) || writer._level != zstdLevel)
        {
            writer?._zstd.Dispose();
            writer = new ColumnChunkWriter(zstdLevel);
        }
        writer._file = file;
        return writer;
    }

    public void Dispose()
    {
        _file = new(0);
        if (Idle.Count < Environment.ProcessorCount)
        {
            Idle.Add(this);
        }
        else
        {
            _zstd.Dispose();
        }
    }

    public ChunkFacts Times(string name, ReadOnlySpan<long> values)
    {
        Begin();
        if (SecondsDictionary.Of(values) is { } seconds)
        {
            return Seconds(name, seconds);
        }
        long min = long.MaxValue, max = long.MinValue;
        for (var at = 0; at < values.Length; at += PageRows)
        {
            var page = values.Slice(at, Math.Min(PageRows, values.Length - at));
            foreach (var value in page)
            {
                min = Math.Min(min, value);
                max = Math.Max(max, value);
            }
            _page.Clear();
            DeltaEncoding.Encode(page, _page);
            Page(ParquetTerms.DataPage, page.Length, ParquetTerms.DeltaBinaryPacked);
        }
        return Facts(name, ParquetTerms.Int64, [ParquetTerms.DeltaBinaryPacked, ParquetTerms.Rle], values.Length, 0, 0, min, max);
    }

    /// <summary>
    /// One string column: <paramref name="indexes"/> has a dictionary index a row, −1 where the value is absent; they are rewritten in
    /// place.
    /// No minimum and maximum are kept of strings: a footer must not carry addresses.
    /// </summary>
    public ChunkFacts Strings(string name, bool required, StringDictionary dictionary, Span<int> indexes)
    {
        Begin();
        var order = dictionary.Sorted();
        var plain = IsPlainSmaller(dictionary, indexes.Length);
        if (!plain)
        {
            WriteDictionary(dictionary, order, indexes);
        }
        var data = _file.Length;
        var width = RleEncoding.BitWidth(Math.Max(0, dictionary.Count - 1));
        var levels = required ? [] : new int[Math.Min(PageRows, indexes.Length)];
        var nulls = 0;
        for (var at = 0; at < indexes.Length; at += PageRows)
        {
            var page = indexes.Slice(at, Math.Min(PageRows, indexes.Length - at));
            var rows = page.Length;
            _page.Clear();
            if (!required)
            {
                page = Present(page, levels);
                nulls += rows - page.Length;
            }
            if (plain)
            {
                foreach (var index in page)
                {
                    PlainValue(dictionary[index]);
                }
            }
            else
            {
                _page.Byte((byte)width);
                RleEncoding.Encode(page, width, _page);
            }
            Page(ParquetTerms.DataPage, rows, plain ? ParquetTerms.Plain : ParquetTerms.RleDictionary);
        }
        return Facts(name, ParquetTerms.ByteArray, plain ? [ParquetTerms.Plain, ParquetTerms.Rle]
            : [ParquetTerms.Plain, ParquetTerms.Rle, ParquetTerms.RleDictionary],
            indexes.Length, nulls, plain ? 0 : data, null, null);
    }

    /// <summary>Times that are in no order, by the number of their second.</summary>
    private ChunkFacts Seconds(string name, SecondsDictionary seconds)
    {
        _page.Clear();
        foreach (var value in seconds.Values)
        {
            _page.Int64(value);
        }
        Page(ParquetTerms.DictionaryPage, seconds.Values.Length, ParquetTerms.Plain);
        var data = _file.Length;
        var width = RleEncoding.BitWidth(Math.Max(0, seconds.Values.Length - 1));
        for (var at = 0; at < seconds.Indexes.Length; at += PageRows)
        {
            var page = seconds.Indexes.AsSpan(at, Math.Min(PageRows, seconds.Indexes.Length - at));
            _page.Clear();
            _page.Byte((byte)width);
            RleEncoding.Encode(page, width, _page);
            Page(ParquetTerms.DataPage, page.Length, ParquetTerms.RleDictionary);
        }
        return Facts(name, ParquetTerms.Int64, [ParquetTerms.Plain, ParquetTerms.Rle, ParquetTerms.RleDictionary], seconds.Indexes.Length,
            0, data, seconds.Values[0], seconds.Values[^1]);
    }

    /// <summary>Nearly every value its own: a dictionary would store them all and the indexes beside.</summary>
    private static bool IsPlainSmaller(StringDictionary dictionary, int rows) => dictionary.Count > 1024 && dictionary.Count > rows / 4 * 3;

    private void WriteDictionary(StringDictionary dictionary, int[] order, Span<int> indexes)
    {
        var rank = new int[order.Length];
        _page.Clear();
        for (var i = 0; i < order.Length; i++)
        {
            rank[order[i]] = i;
            PlainValue(dictionary[order[i]]);
        }
        Page(ParquetTerms.DictionaryPage, order.Length, ParquetTerms.Plain);
        foreach (ref var index in indexes)
        {
            index = index < 0 ? -1 : rank[index];
        }
    }

    /// <summary>Writes the definition levels and moves the indexes that are there to the front.</summary>
    private Span<int> Present(Span<int> page, int[] levels)
    {
        var present = 0;
        for (var i = 0; i < page.Length; i++)
        {
            levels[i] = page[i] < 0 ? 0 : 1;
            page[present] = page[i];
            present += levels[i];
        }
        var length = _page.Length;
        _page.Int32(0);
        RleEncoding.Encode(levels.AsSpan(0, page.Length), 1, _page);
        _page.Int32At(length, _page.Length - length - 4);
        return page[..present];
    }

    private void PlainValue(ReadOnlySpan<byte> value)
    {
        _page.Int32(value.Length);
        _page.Bytes(value);
    }

    private void Begin()
    {
        _start = _file.Length;
        _uncompressed = 0;
    }

    private void Page(int type, int values, int encoding)
    {
        _compressed.Clear();
        _compressed.Advance(_zstd.Wrap(_page.Span, _compressed.Reserve(ZstdSharp.Compressor.GetCompressBound(_page.Length))));
        var compressed = _compressed.Span;
        _header.Clear();
        _header.StructElement();
        _header.I32(1, type);
        _header.I32(2, _page.Length);
        _header.I32(3, compressed.Length);
        _header.I32(4, (int)Crc32.HashToUInt32(compressed));
        _header.Struct(type == ParquetTerms.DataPage ? 5 : 7);
        _header.I32(1, values);
        _header.I32(2, encoding);
        if (type == ParquetTerms.DataPage)
        {
            _header.I32(3, ParquetTerms.Rle);
            _header.I32(4, ParquetTerms.Rle);
        }
        _header.End();
        _header.End();
        _file.Bytes(_header.Written);
        _file.Bytes(compressed);
        _uncompressed += _header.Written.Length + _page.Length;
    }

    private ChunkFacts Facts(string name, int type, int[] encodings, long values, long nulls, long dataOffset, long? min, long? max)
    {
        var hasDictionary = dataOffset != 0;
        return new(name, type, encodings, values, nulls, _start, hasDictionary ? _start : 0, hasDictionary ? dataOffset
            : _start, _uncompressed, _file.Length - _start, min, max);
    }
}
