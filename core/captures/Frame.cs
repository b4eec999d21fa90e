using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Memory;
using Apache.Arrow.Types;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;

namespace Pipeline.Core.Captures;

/// <summary>
/// Writes record batches as Arrow IPC messages (zstd). A frame is the schema message, the messages of its batches and the end marker, back
/// to back:
/// so batches that were encoded apart, on other threads, become one stream without being encoded again. Keeps buffers: one thread at a
/// time.
/// </summary>
public sealed class FrameEncoder : IDisposable
{
    /// <summary>The most rows that one record batch may have.</summary>
    public const int MaxRows = 32_768;

    // Level 1 is the fastest of zstd's ordinary levels; docs/benchmarks.md has the figures of its neighbours.
    private const int Level = 1;

    private static readonly byte[] EndOfStream = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];

    // Every frame of a contract begins alike: known once for all, so that who only lays batches together, as each of a thousand shards
    // does, needs no encoder and its megabyte of scratch.
    private static readonly ConditionalWeakTable<Contract, byte[]> SchemaMessages = new();

    private readonly MemoryStream _buffer = new(1 << 20);
    private readonly ArrowStreamWriter _writer;
    private readonly Schema _schema;
    private readonly byte[] _schemaMessage;

    public FrameEncoder(Contract contract)
    {
        _schema = Schemas.Arrow(contract);
        _writer = new ArrowStreamWriter(_buffer, _schema, leaveOpen: true, new IpcOptions
        {
            CompressionCodec = CompressionCodecType.Zstd,
            CompressionCodecFactory = new CompressionCodecFactory(),
            CompressionLevel = Level,
        });
        _writer.WriteStart();
        _schemaMessage = _buffer.ToArray();
    }

    /// <summary>One record batch as IPC messages, without the schema: at most <see cref="MaxRows"/> rows.</summary>
    public byte[] EncodeBatch(Columns columns)
    {
        if (columns.Rows is 0 or > MaxRows)
        {
            throw new ArgumentOutOfRangeException(nameof(columns), columns.Rows, $"a record batch has 1 to {MaxRows} rows");
        }
        _buffer.SetLength(0);
        var arrays = new List<IArrowArray>
        {
            new TimestampArray(new ArrayData(_schema.FieldsList[0].DataType, columns.Rows, 0, 0,
                [ArrowBuffer.Empty, new ArrowBuffer(Bytes(columns.TimeMemory))])),
        };
        foreach (var column in columns.Strings)
        {
            var validity = column.AbsentCount == 0 ? ArrowBuffer.Empty : new ArrowBuffer(column.Validity);
            arrays.Add(new StringArray(new ArrayData(StringType.Default, column.Count, column.AbsentCount, 0,
                [validity, new ArrowBuffer(Bytes(column.Offsets)), new ArrowBuffer(column.Bytes)])));
        }
        // The batch borrows the columns' buffers; nothing of it outlives this call, so it is not disposed.
        _writer.WriteRecordBatch(new RecordBatch(_schema, arrays, columns.Rows));
        return _buffer.ToArray();
    }

    /// <summary>All rows as record batches of at most <see cref="MaxRows"/>.</summary>
    public IReadOnlyList<byte[]> EncodeBatches(Columns columns)
    {
        if (columns.Rows <= MaxRows)
        {
            return [EncodeBatch(columns)];
        }
        var batches = new List<byte[]>();
        var part = new Columns(columns.Contract);
        for (var row = 0; row < columns.Rows; row++)
        {
            part.AddRowOf(columns, row);
            if (part.Rows == MaxRows || row == columns.Rows - 1)
            {
                batches.Add(EncodeBatch(part));
                part.Clear();
            }
        }
        return batches;
    }

    /// <summary>The frame of these batches: schema, batches, end marker.</summary>
    public byte[] Frame(IEnumerable<byte[]> batches) => Concat([_schemaMessage, .. batches, EndOfStream]);

    /// <summary>The frame of a contract's batches, which any encoder of it made. From any thread.</summary>
    public static byte[] Frame(Contract contract, IEnumerable<byte[]> batches) =>
        Concat([SchemaMessages.GetValue(contract, SchemaMessage), .. batches, EndOfStream]);

    public void Dispose()
    {
        _writer.Dispose();
        _buffer.Dispose();
    }

    private static byte[] SchemaMessage(Contract contract)
    {
        using var encoder = new FrameEncoder(contract);
        return encoder._schemaMessage;
    }

    private static byte[] Concat(IReadOnlyCollection<byte[]> parts)
    {
        var whole = new byte[parts.Sum(p => p.Length)];
        var at = 0;
        foreach (var part in parts)
        {
            part.CopyTo(whole, at);
            at += part.Length;
        }
        return whole;
    }

    private static ReadOnlyMemory<byte> Bytes<T>(ReadOnlyMemory<T> memory) where T : struct
    {
        if (!MemoryMarshal.TryGetArray(memory, out var segment))
        {
            throw new InvalidOperationException("columns are arrays");
        }
        return new CastMemory<T>(segment).Memory;
    }
}

/// <summary>A view of an array of numbers as bytes.</summary>
internal sealed class CastMemory<T>(ArraySegment<T> segment) : System.Buffers.MemoryManager<byte> where T : struct
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(segment.AsSpan());

    public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}

/// <summary>
/// Reads frames. The range that the capture's header gives is read to its end and no further (an Arrow reader that runs out of bytes
/// silently stops).
/// </summary>
public static class FrameDecoder
{
    /// <summary>The frame's batches in order. The columns are reused: they are valid until the next batch is asked for.</summary>
    /// <param name="into">Columns that a caller of many frames uses again; null: new ones.</param>
    /// <exception cref="InvalidDataException">The frame is not of this contract's shape, or has another number of rows than <paramref
    /// name="rows"/>.</exception>
    public static IEnumerable<Columns> Decode(Contract contract, ReadOnlyMemory<byte> frame, long rows, Columns? into = null)
    {
        long seen = 0;
        var columns = into ?? new Columns(contract);
        using var reader = Guarded(contract, () => new ArrowStreamReader(frame, new CompressionCodecFactory()));
        while (Guarded(contract, () => Next(contract, reader, columns)) is var count and >= 0)
        {
            seen += count;
            yield return columns;
        }
        if (seen != rows)
        {
            throw new InvalidDataException($"frame of {contract.Dataset}: {seen} rows decoded, {rows} declared");
        }
    }

    /// <summary>Loads the next batch; −1: there is none.</summary>
    private static int Next(Contract contract, ArrowStreamReader reader, Columns columns)
    {
        using var batch = reader.ReadNextRecordBatch();
        if (batch is null)
        {
            return -1;
        }
        Load(contract, batch, columns);
        return batch.Length;
    }

    /// <summary>
    /// Any damage is one fault, whatever the Arrow reader makes of it. Its message could hold bytes of a row: only its type is told.
    /// </summary>
    private static T Guarded<T>(Contract contract, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (InvalidDataException or OutOfMemoryException))
        {
            throw new InvalidDataException($"frame of {contract.Dataset}: it cannot be decoded ({e.GetType().Name})", e);
        }
    }

    private static void Load(Contract contract, RecordBatch batch, Columns columns)
    {
        if (batch.ColumnCount != contract.Fields.Count || batch.Column(0) is not TimestampArray { NullCount: 0 } time)
        {
            throw new InvalidDataException(
                $"frame of {contract.Dataset}: {batch.ColumnCount} columns, expected {contract.Fields.Count} with `time` first");
        }
        var strings = new List<StringArray>();
        for (var i = 1; i < batch.ColumnCount; i++)
        {
            strings.Add(batch.Column(i) as StringArray ?? throw new InvalidDataException(
                $"frame of {contract.Dataset}: column {i} is not utf8"));
        }
        columns.Load(time.Values, (i, into) => into.Load(strings[i].ValueBuffer.Span, strings[i].ValueOffsets, strings[i].NullCount == 0
            ? default : strings[i].NullBitmapBuffer.Span));
    }
}
