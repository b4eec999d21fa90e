using Parquet;
using Parquet.Meta;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table;

/// <summary>One row group, decoded: the times in µs and the strings as bytes, which are shared by rows of equal value. Buffers are kept for the next group.</summary>
internal sealed class SegmentGroup(Contract contract)
{
    private readonly ReadOnlyMemory<byte>[][] _values = [.. contract.Strings.Select(_ => Array.Empty<ReadOnlyMemory<byte>>())];
    private readonly int[][] _levels = [.. contract.Strings.Select(_ => Array.Empty<int>())];
    private readonly SegmentColumnKind[] _kinds = new SegmentColumnKind[contract.Fields.Count - 1];
    private readonly int[] _taken = new int[contract.Fields.Count - 1];
    private long[] _times = [];

    private enum SegmentColumnKind { Full, Holed, Absent }

    public int Rows { get; private set; }

    public void Begin(long rows)
    {
        Rows = checked((int)rows);
        Array.Clear(_taken);
    }

    /// <summary>The file has no such column: it was written before the contract had it.</summary>
    public void Absent(ContractField field) => _kinds[IndexOf(field)] = SegmentColumnKind.Absent;

    public Task ReadAsync(ParquetRowGroupReader group, ContractField field, SchemaElement column, CancellationToken cancel)
    {
        var nullable = column.RepetitionType switch
        {
            FieldRepetitionType.REQUIRED => false,
            FieldRepetitionType.OPTIONAL => true,
            _ => throw new NotSupportedException(),
        };
        return field.Type == FieldType.Timestamp ? ReadTimesAsync(group, column, nullable, cancel) : ReadStringsAsync(group, column, nullable, IndexOf(field), cancel);
    }

    /// <summary>Replaces the batch by rows <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> − 1; to be asked for in order.</summary>
    public void Fill(Columns batch, int from, int count) => batch.Load(_times.AsSpan(from, count), (c, column) =>
    {
        column.Clear();
        var values = _values[c];
        var taken = _taken[c];
        switch (_kinds[c])
        {
            case SegmentColumnKind.Full:
                foreach (var value in values.AsSpan(taken, count))
                {
                    column.Append(value.Span);
                }
                _taken[c] = taken + count;
                break;
            case SegmentColumnKind.Holed:
                foreach (var level in _levels[c].AsSpan(from, count))
                {
                    if (level == 0)
                    {
                        column.AppendAbsent();
                    }
                    else
                    {
                        column.Append(values[taken++].Span);
                    }
                }
                _taken[c] = taken;
                break;
            default:
                for (var i = 0; i < count; i++)
                {
                    column.AppendAbsent();
                }
                break;
        }
    });

    private async Task ReadTimesAsync(ParquetRowGroupReader group, SchemaElement column, bool nullable, CancellationToken cancel)
    {
        if (_times.Length < Rows)
        {
            _times = new long[Rows];
        }
        var levels = nullable ? new int[Rows] : null;
        if (column.Type == Parquet.Meta.Type.INT96)
        {
            var dates = new DateTime[Rows];
            await group.ReadRawAsync<DateTime>(SegmentSchema.OldTimes(column.Name, nullable), dates, Levels(levels), null, cancel);
            for (var i = 0; i < Rows; i++)
            {
                _times[i] = (dates[i] - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            }
        }
        else
        {
            var units = SegmentSchema.UnitsOf(column) ?? throw new NotSupportedException();
            await group.ReadRawAsync<long>(SegmentSchema.Times(column.Name, nullable), _times, Levels(levels), null, cancel);
            if (units != 1)
            {
                foreach (ref var time in _times.AsSpan(0, Rows))
                {
                    time = units < 0 ? checked(time * -units) : time / units;
                }
            }
        }
        if (levels?.AsSpan().Contains(0) == true)
        {
            throw new InvalidDataException("a row without a time");
        }
    }

    private async Task ReadStringsAsync(ParquetRowGroupReader group, SchemaElement column, bool nullable, int c, CancellationToken cancel)
    {
        if (column.Type != Parquet.Meta.Type.BYTE_ARRAY)
        {
            throw new NotSupportedException();
        }
        if (_values[c].Length < Rows)
        {
            _values[c] = new ReadOnlyMemory<byte>[Rows];
        }
        if (nullable && _levels[c].Length < Rows)
        {
            _levels[c] = new int[Rows];
        }
        await group.ReadRawAsync<ReadOnlyMemory<byte>>(SegmentSchema.Bytes(column.Name, nullable), _values[c], Levels(nullable ? _levels[c] : null), null, cancel);
        _kinds[c] = nullable && _levels[c].AsSpan(0, Rows).Contains(0) ? SegmentColumnKind.Holed : SegmentColumnKind.Full;
    }

    /// <summary>Spelt out, because a null array would become an empty buffer rather than none.</summary>
    private static Memory<int>? Levels(int[]? levels) => levels is null ? new Memory<int>?() : levels.AsMemory();

    private int IndexOf(ContractField field) => contract.Strings.TakeWhile(other => other != field).Count();
}
