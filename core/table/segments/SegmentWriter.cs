using System.Buffers;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Parquet;

namespace Pipeline.Core.Table.Segments;

/// <summary>
/// Makes one Parquet file of one date from batches of columns. It holds the compressed file and one row group as numbers (8 bytes a row for
/// the time, 4 for each string,
/// and each distinct string once), so by arithmetic a full row group of two strings takes 8 MB and its distinct values. Not for use by two
/// threads at once.
/// </summary>
public sealed class SegmentWriter : IDisposable
{
    public const int DefaultGroupRows = 1 << 19;

    /// <summary>Measured: from level 1 to 6 the time grows by about a quarter and the size changes by at most 3 %, since encoding has done
    /// most of the work.</summary>
    public const int DefaultZstdLevel = 3;

    private readonly Contract _contract;
    private readonly ReadOnlyMemory<byte> _label;
    private readonly int _groupRows;
    private readonly ByteBuffer _file = new();
    private readonly int _zstdLevel;
    private readonly List<GroupFacts> _groups = [];
    private readonly StringDictionary[] _dictionaries;
    private readonly int[][] _indexes;
    private long[] _times = ArrayPool<long>.Shared.Rent(1024);
    private int _capacity = 1024;
    private int _rows;
    private bool _finished;

    public SegmentWriter(Contract contract, UtcDay date, SegmentLabel label, int groupRows = DefaultGroupRows,
        int zstdLevel = DefaultZstdLevel)
        : this(contract, date, label.Encode(), groupRows, zstdLevel)
    {
    }

    /// <param name="label">Encoded: that of a thousand shards takes 40 kB, and the segments of a seal share it.</param>
    public SegmentWriter(Contract contract, UtcDay date, ReadOnlyMemory<byte> label, int groupRows = DefaultGroupRows,
        int zstdLevel = DefaultZstdLevel)
    {
        _contract = contract;
        _label = label;
        _groupRows = groupRows;
        Date = date;
        _zstdLevel = zstdLevel;
        _dictionaries = [.. contract.Strings.Select(_ => StringDictionary.Rent())];
        _indexes = [.. contract.Strings.Select(_ => ArrayPool<int>.Shared.Rent(1024))];
        _file.Bytes(ParquetTerms.Magic);
    }

    public UtcDay Date { get; }

    public long Rows { get; private set; }

    /// <summary>µs since 1970 UTC; of no meaning while there are no rows.</summary>
    public long MinTime { get; private set; } = long.MaxValue;

    public long MaxTime { get; private set; } = long.MinValue;

    /// <summary>Bytes of the finished row groups, plus a guess of what the open one will take.</summary>
    public long EstimatedSize => _file.Length + _rows * 5L + _dictionaries.Sum(dictionary => dictionary.ByteCount / 2L);

    /// <summary>Adds all rows of a batch, which must be of this segment's date.</summary>
    public void Add(Columns batch) => Add(batch, 0, batch.Rows);

    /// <summary>Adds rows <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> − 1 of a batch, which must be of
    /// this segment's date.</summary>
    public void Add(Columns batch, int from, int count)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        while (count > 0)
        {
            var take = Math.Min(count, _groupRows - _rows);
            Take(batch, from, take);
            from += take;
            count -= take;
            if (_rows == _groupRows)
            {
                EndGroup();
            }
        }
    }

    /// <summary>The whole file. The writer takes no more rows.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        EndGroup();
        ParquetFooter.Write(_file, _contract, _groups, _label.Span);
        _finished = true;
        return _file.Memory;
    }

    /// <summary>The log's words for the finished file, under the path where the caller puts it.</summary>
    public SegmentFile Describe(string path) => _finished && Rows > 0
        ? new(path, Date, _file.Length, Rows, MinTime, MaxTime)
        : throw new InvalidOperationException("only a finished segment with rows can be committed");

    public void Dispose()
    {
        if (_times.Length == 0)
        {
            return;
        }
        foreach (var dictionary in _dictionaries)
        {
            dictionary.Return();
        }
        ArrayPool<long>.Shared.Return(_times);
        foreach (var indexes in _indexes)
        {
            ArrayPool<int>.Shared.Return(indexes);
        }
        _times = [];
        Array.Fill(_indexes, []);
        _finished = true;
    }

    private void Take(Columns batch, int from, int count)
    {
        Reserve(_rows + count);
        foreach (var time in batch.Time.Slice(from, count))
        {
            if (time < MinTime || time > MaxTime)
            {
                Widen(time);
            }
        }
        batch.Time.Slice(from, count).CopyTo(_times.AsSpan(_rows));
        for (var c = 0; c < _dictionaries.Length; c++)
        {
            _dictionaries[c].IndexesOf(batch.Strings[c], from, _indexes[c].AsSpan(_rows, count));
        }
        _rows += count;
        Rows += count;
    }

    private void Widen(long time)
    {
        if (UtcDay.Of(time) != Date)
        {
            throw new ArgumentException($"a row of {UtcDay.Of(time)} offered to a segment of {Date}");
        }
        MinTime = Math.Min(MinTime, time);
        MaxTime = Math.Max(MaxTime, time);
    }

    private void EndGroup()
    {
        if (_rows == 0)
        {
            return;
        }
        // Only while it writes: a compressor takes a megabyte or more, and a pass may have a writer for each of its dates.
        using var writer = ColumnChunkWriter.Rent(_file, _zstdLevel);
        var chunks = new List<ChunkFacts> { writer.Times(_contract.Fields[0].Name, _times.AsSpan(0, _rows)) };
        foreach (var (field, c) in _contract.Strings.Select((field, c) => (field, c)))
        {
            chunks.Add(writer.Strings(field.Name, field.Required, _dictionaries[c], _indexes[c].AsSpan(0, _rows)));
            _dictionaries[c].Clear();
        }
        _groups.Add(new(_rows, chunks));
        _rows = 0;
    }

    /// <summary>Row groups are large and short-lived: their numbers lie in pooled arrays, or the collector would chase them.</summary>
    private void Reserve(int rows)
    {
        if (rows <= _capacity)
        {
            return;
        }
        var length = Math.Max(rows, Math.Min(_groupRows, _capacity * 4));
        _capacity = length;
        Grow(ref _times, length);
        for (var c = 0; c < _indexes.Length; c++)
        {
            Grow(ref _indexes[c], length);
        }
    }

    private void Grow<T>(ref T[] array, int length)
    {
        var larger = ArrayPool<T>.Shared.Rent(length);
        array.AsSpan(0, _rows).CopyTo(larger);
        ArrayPool<T>.Shared.Return(array);
        array = larger;
    }
}
