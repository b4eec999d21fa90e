using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Parquet;

namespace Pipeline.Core.Table.Segments;

/// <summary>
/// Reads one Parquet file of a table, ours or one that another engine rewrote, in batches of at most 128 Ki rows. Holds one compressed row
/// group and one page of each column.
/// A damaged file is a <see cref="PipelineException"/> (exit 3) that names it; an encoding that is not known here is one too (exit 1).
/// </summary>
public sealed class SegmentReader
{
    public const int BatchRows = 128 * 1024;

    private const int FirstTail = 64 * 1024;

    private readonly IObjectStore _store;
    private readonly string _name;
    private readonly Contract _contract;
    private readonly IReadOnlyList<ThriftStruct> _groups;
    private readonly IReadOnlyDictionary<string, ColumnShape> _shapes;

    private SegmentReader(IObjectStore store, string name, Contract contract, ThriftStruct footer)
    {
        _store = store;
        _name = name;
        _contract = contract;
        _shapes = ColumnShape.Of(footer);
        _groups = [.. footer.List(4).Cast<ThriftStruct>()];
        Rows = footer.Int(3);
        CreatedBy = footer.Text(6);
        if (_shapes.Keys.Any(column => column != TableSchema.Partition[0] && !contract.Fields.Any(field => field.Name == column)))
        {
            throw new InvalidDataException("a column that the contract does not declare");
        }
        // Nothing else guards the footer: without this, damage there could pass for a segment of fewer rows.
        if (!footer.Has(3) || !footer.Has(4) || Rows != _groups.Sum(group => group.Int(3)) || _groups.Any(group => group.Int(3) < 0))
        {
            throw new InvalidDataException("the row groups do not add up to the file's rows");
        }
        var label = footer.List(5).Cast<ThriftStruct>().FirstOrDefault(pair => pair.Text(1) == ParquetTerms.LabelKey)?.Binary(2);
        Label = label is null ? null : SegmentLabel.Decode(label);
        HasCheck = footer.List(5).Cast<ThriftStruct>().Any(pair => pair.Text(1) == ParquetTerms.CheckKey);
    }

    public long Rows { get; }

    public int RowGroups => _groups.Count;

    /// <summary>What the segment says of itself; null for a file of another engine.</summary>
    public SegmentLabel? Label { get; }

    public string CreatedBy { get; }

    /// <summary>Whether the file carries a check of its bytes (<see cref="SegmentCheckBytes"/>). Those of version 0.1.0 and of other
    /// engines carry none.</summary>
    public bool HasCheck { get; }

    /// <summary>
    /// Reads the footer of the object <paramref name="name"/>, whose length in bytes is <paramref name="size"/> or is asked of the store.
    /// Null where there is no such object.
    /// </summary>
    public static async Task<SegmentReader?> OpenAsync(IObjectStore store, string name, Contract contract, long? size = null,
        CancellationToken cancel = default)
    {
        if ((size ?? (await store.FindAsync(name, cancel))?.Length) is not { } length)
        {
            return null;
        }
        var tail = await store.ReadRangeAsync(name, Math.Max(0, length - FirstTail), (int)Math.Min(FirstTail, length), cancel);
        if (tail is null)
        {
            return null;
        }
        if (tail.Length < ParquetTerms.TailLength + 4 || !tail.AsSpan(^4..).SequenceEqual(ParquetTerms.Magic))
        {
            throw Damaged(store, name, $"its {length} bytes do not end as a Parquet file does", null);
        }
        var footerLength = BinaryPrimitives.ReadInt32LittleEndian(tail.AsSpan(^8..));
        if (footerLength <= 0 || footerLength > length - ParquetTerms.TailLength - 4)
        {
            throw Damaged(store, name, $"its footer claims {footerLength} bytes of {length}", null);
        }
        if (footerLength + ParquetTerms.TailLength > tail.Length)
        {
            tail = await store.ReadRangeAsync(name, length - ParquetTerms.TailLength - footerLength, footerLength
                + ParquetTerms.TailLength, cancel);
        }
        try
        {
            return new(store, name, contract, ThriftStruct.Read(tail.AsSpan(^(footerLength + ParquetTerms.TailLength)..), out _));
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Damaged(store, name, "its footer cannot be read", e);
        }
    }

    /// <summary>All rows, row group by row group, in the file's order. The batch is reused: it is valid until the next one is asked
    /// for.</summary>
    public async IAsyncEnumerable<Columns> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        var batch = new Columns(_contract);
        using var zstd = new PageCodec();
        foreach (var group in _groups)
        {
            var columns = await OpenGroupAsync(group, zstd, cancel);
            for (var left = group.Int(3); left > 0; left -= batch.Rows)
            {
                batch.Clear();
                Fill(batch, columns, (int)Math.Min(left, BatchRows));
                yield return batch;
            }
        }
    }

    private async Task<ColumnCursor[]> OpenGroupAsync(ThriftStruct group, PageCodec codec, CancellationToken cancel)
    {
        try
        {
            return await FindColumnsAsync(group, codec, cancel);
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Damaged(_store, _name, "a row group cannot be found by its footer", e);
        }
    }

    private async Task<ColumnCursor[]> FindColumnsAsync(ThriftStruct group, PageCodec codec, CancellationToken cancel)
    {
        var chunks = group.List(1).Cast<ThriftStruct>().Select(chunk => chunk.Need(3)).ToDictionary(chunk => ColumnShape.PathOf(chunk));
        var cursors = new List<ColumnCursor>();
        foreach (var field in _contract.Fields)
        {
            var shape = _shapes.GetValueOrDefault(field.Name);
            var chunk = chunks.GetValueOrDefault(field.Name);
            if (shape is null || chunk is null)
            {
                if (field.Required || shape is not null || chunk is not null)
                {
                    throw Damaged(_store, _name, $"it has no column '{field.Name}', which the contract or its own schema requires", null);
                }
                cursors.Add(ColumnCursor.Absent(group.Int(3)));
                continue;
            }
            var start = chunk.Int(11) is > 0 and var dictionary ? Math.Min(dictionary, chunk.Int(9)) : chunk.Int(9);
            var length = checked((int)chunk.Int(7));
            var bytes = await _store.ReadRangeAsync(_name, start, length, cancel);
            if (bytes is null || bytes.Length != length)
            {
                throw Damaged(_store, _name, $"column '{field.Name}' claims {length} bytes at {start}, found {bytes?.Length ?? 0}", null);
            }
            cursors.Add(new(bytes, chunk.Int(4), chunk.Int(5), shape, codec));
        }
        return [.. cursors];
    }

    private void Fill(Columns batch, ColumnCursor[] columns, int rows)
    {
        try
        {
            columns[0].FillTimes(batch, rows);
            for (var i = 1; i < columns.Length; i++)
            {
                columns[i].FillStrings(batch.Strings[i - 1], rows);
            }
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Damaged(_store, _name, "a page cannot be read", e);
        }
        catch (NotSupportedException e)
        {
            throw new FailedException(
                $"segment {_name} in {_store.Location}: {e.Message}. Rewrite the file with an engine's default Parquet settings, or " +
                $"upgrade this program.");
        }
    }

    private static bool IsDamage(Exception e) =>
        e is InvalidDataException or IndexOutOfRangeException or ArgumentException or OverflowException or InvalidCastException
            or ZstdSharp.ZstdException or InvalidOperationException;

    /// <summary>The cause is named by its type only: its message could hold bytes of a row.</summary>
    private static DifferenceException Damaged(IObjectStore store, string name, string what, Exception? cause) =>
        new($"segment {name} in {store.Location} is damaged: {what}{(cause is null ? "" : $" ({cause.GetType().Name})")}. "
        + "Expected a Parquet file as its commit describes it; restore the object from a copy, then run `pipeline verify --deep`.");
}
