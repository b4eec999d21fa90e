using System.IO.Compression;
using System.Text;
using Parquet;
using Parquet.Schema;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table;

/// <summary>
/// Makes one Parquet file of one date from batches of columns. It holds the compressed file and one row group, and while that is encoded one of its
/// string columns as UTF-16 with 16 bytes a row. The library writes each string column's least and greatest value into the footer and cannot be told not to:
/// an erasure therefore removes the whole file, as it must anyway. Not for use by two threads at once; starts none.
/// </summary>
public sealed class SegmentWriter : IDisposable
{
    /// <summary>
    /// Measured over a day of a million checks: at 1 Mi rows the library's dictionary outgrows the processor's cache (half the speed for 0.9 B a row less),
    /// at 128 Ki a file is 0.7 B a row larger and no faster.
    /// </summary>
    public const int DefaultGroupRows = 1 << 18;

    public const CompressionLevel DefaultLevel = CompressionLevel.Optimal;

    private readonly SegmentLabel _label;
    private readonly int _groupRows;
    private readonly MemoryStream _file = new();
    private readonly ParquetWriter _writer;
    private readonly DataField _timeField;
    private readonly DataField[] _stringFields;
    private readonly SegmentText _text = new();
    private readonly Columns _group;
    private readonly StringBuilder _hashes = new();
    private bool _finished;

    /// <summary><paramref name="level"/>: Fastest, Optimal and SmallestSize are zstd's 1, 3 and 19 (the last is a hundred times slower).</summary>
    public SegmentWriter(Contract contract, UtcDay date, SegmentLabel label, int groupRows = DefaultGroupRows, CompressionLevel level = DefaultLevel)
    {
        _group = new(contract);
        _label = label;
        _groupRows = groupRows;
        Date = date;
        var schema = SegmentSchema.Declared(contract);
        _timeField = SegmentSchema.Times(contract.Fields[0].Name, nullable: false);
        _stringFields = [.. schema.DataFields.Skip(1)];
        var options = new ParquetOptions { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = level };
        options.ColumnEncodingHints[_timeField.Path.ToString()] = EncodingHint.DeltaBinaryPacked;
        foreach (var field in _stringFields)
        {
            options.ColumnEncodingHints[field.Path.ToString()] = EncodingHint.Dictionary;
        }
        _writer = Done(ParquetWriter.CreateAsync(schema, _file, options));
    }

    public UtcDay Date { get; }

    public long Rows { get; private set; }

    /// <summary>µs since 1970 UTC; of no meaning while there are no rows.</summary>
    public long MinTime { get; private set; } = long.MaxValue;

    public long MaxTime { get; private set; } = long.MinValue;

    /// <summary>Bytes of the finished row groups, plus a guess of what the open one will take.</summary>
    public long EstimatedSize => _file.Length + _group.Rows * 5L;

    /// <summary>Adds all rows of a batch, which must be of this segment's date.</summary>
    public void Add(Columns batch) => Add(batch, 0, batch.Rows);

    /// <summary>Adds rows <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> − 1 of a batch, which must be of this segment's date.</summary>
    public void Add(Columns batch, int from, int count)
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        while (count > 0)
        {
            var take = Math.Min(count, _groupRows - _group.Rows);
            Take(batch, from, take);
            from += take;
            count -= take;
            if (_group.Rows == _groupRows)
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
        _writer.CustomMetadata = new Dictionary<string, string>
        {
            [SegmentLabel.Key] = Encoding.UTF8.GetString(_label.Encode()),
            [PipelineVersion.Key] = PipelineVersion.Engine,
            [SegmentChecks.Key] = _hashes.ToString(),
        };
        SegmentChecks.WriteGap(_file);
        Done(_writer.DisposeAsync().AsTask());
        _finished = true;
        SegmentChecks.Seal(_file.GetBuffer().AsSpan(0, (int)_file.Length));
        return _file.GetBuffer().AsMemory(0, (int)_file.Length);
    }

    /// <summary>The log's words for the finished file, under the path where the caller puts it.</summary>
    public SegmentFile Describe(string path) => _finished && Rows > 0
        ? new(path, Date, _file.Length, Rows, MinTime, MaxTime)
        : throw new InvalidOperationException("only a finished segment with rows can be committed");

    public void Dispose() => _file.Dispose();

    private void Take(Columns batch, int from, int count)
    {
        foreach (var time in batch.Time.Slice(from, count))
        {
            if (time < MinTime || time > MaxTime)
            {
                Widen(time);
            }
        }
        for (var row = from; row < from + count; row++)
        {
            _group.AddRowOf(batch, row);
        }
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
        if (_group.Rows == 0)
        {
            return;
        }
        using (var group = _writer.CreateRowGroup())
        {
            WriteChunk(group, _timeField, _group.TimeMemory, null);
            for (var c = 0; c < _stringFields.Length; c++)
            {
                _text.Take(_group.Strings[c]);
                WriteChunk(group, _stringFields[c], _text.Values, _text.Levels);
            }
            group.CompleteValidate();
        }
        _group.Clear();
    }

    private void WriteChunk<T>(ParquetRowGroupWriter group, DataField field, ReadOnlyMemory<T> values, ReadOnlyMemory<int>? levels) where T : struct
    {
        var start = (int)_file.Position;
        Done(group.WriteAllPartsAsync(field, values, levels, null, CancellationToken.None));
        _hashes.Append(SegmentChecks.Hash(_file.GetBuffer().AsSpan(start, (int)_file.Position - start)));
    }

    /// <summary>The library is asynchronous because files may be slow. Over memory there is nothing to wait for, which is checked here rather than waited for.</summary>
    private static void Done(Task task)
    {
        if (!task.IsCompleted)
        {
            throw new InvalidOperationException("the Parquet library waited for something while it wrote to memory");
        }
        task.GetAwaiter().GetResult();
    }

    private static T Done<T>(Task<T> task)
    {
        Done((Task)task);
        return task.GetAwaiter().GetResult();
    }
}
