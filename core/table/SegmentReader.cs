using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Parquet;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using FileMetaData = Parquet.Meta.FileMetaData;

namespace Pipeline.Core.Table;

/// <summary>
/// Reads one Parquet file of a table, ours or one that another engine rewrote, in batches of at most 128 Ki rows. Holds one row group decoded: 8 bytes a row for the time,
/// 16 for each string and 4 more where it may be absent, each distinct string once where the file has a dictionary; and one compressed column.
/// A damaged file is a <see cref="PipelineException"/> (exit 3) that names it; a form of Parquet that the library cannot read is one too (exit 1).
/// </summary>
public sealed class SegmentReader
{
    public const int BatchRows = 128 * 1024;

    private const int FirstTail = 64 * 1024;

    private readonly IObjectStore _store;
    private readonly string _name;
    private readonly Contract _contract;
    private readonly SegmentWindow _window;
    private readonly ParquetReader _reader;
    private readonly FileMetaData _footer;
    private readonly string? _hashes;

    private SegmentReader(IObjectStore store, string name, Contract contract, SegmentWindow window, ParquetReader reader, bool ours)
    {
        _store = store;
        _name = name;
        _contract = contract;
        _window = window;
        _reader = reader;
        _footer = reader.Metadata!;
        _hashes = ours ? TextOf(SegmentChecks.Key) ?? "" : null;
        Label = TextOf(SegmentLabel.Key) is { } label ? SegmentLabel.Decode(Encoding.UTF8.GetBytes(label)) : null;
        CreatedBy = TextOf(PipelineVersion.Key) ?? _footer.CreatedBy ?? "";
    }

    public long Rows => _footer.NumRows;

    public int RowGroups => _footer.RowGroups.Count;

    /// <summary>What the segment says of itself; null for a file of another engine.</summary>
    public SegmentLabel? Label { get; }

    /// <summary>The program that wrote the file: this one and its version, or what another engine says of itself.</summary>
    public string CreatedBy { get; }

    /// <summary>
    /// Reads the footer of the object <paramref name="name"/>, whose length in bytes is <paramref name="size"/> or is asked of the store. Null where there is no such object.
    /// </summary>
    public static async Task<SegmentReader?> OpenAsync(IObjectStore store, string name, Contract contract, long? size = null, CancellationToken cancel = default)
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
        if (tail.Length != Math.Min(FirstTail, length) || tail.Length < SegmentChecks.TailLength + 4 || !tail.AsSpan(^4..).SequenceEqual(SegmentChecks.Magic))
        {
            throw Damaged(store, name, $"its {length} bytes do not end as a Parquet file does", null);
        }
        var claimed = BinaryPrimitives.ReadInt32LittleEndian(tail.AsSpan(^8..));
        if (claimed <= 0 || claimed > length - SegmentChecks.TailLength - 4)
        {
            throw Damaged(store, name, $"its footer claims {claimed} bytes of {length}", null);
        }
        var footer = claimed + SegmentChecks.TailLength;
        var wanted = (int)Math.Min(length, footer + SegmentChecks.GapLength);
        if (wanted > tail.Length)
        {
            tail = await store.ReadRangeAsync(name, length - wanted, wanted, cancel);
            if (tail?.Length != wanted)
            {
                throw Damaged(store, name, $"its footer claims {claimed} bytes, found {tail?.Length ?? 0}", null);
            }
        }
        var gap = tail.AsSpan(tail.Length - wanted, wanted - footer);
        if (SegmentChecks.Footer(gap, tail.AsSpan(^footer..), out var ours) is { } wrong)
        {
            throw Damaged(store, name, wrong, null);
        }
        try
        {
            var window = new SegmentWindow(length);
            window.Show(length - tail.Length, tail, onlyForward: false);
            return new(store, name, contract, window, await ParquetReader.CreateAsync(window, cancellationToken: cancel), ours);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw Damaged(store, name, "its footer cannot be read", e);
        }
    }

    /// <summary>All rows, row group by row group, in the file's order. The batch is reused: it is valid until the next one is asked for. Not for two enumerations at once.</summary>
    public async IAsyncEnumerable<Columns> ReadAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        var batch = new Columns(_contract);
        var group = new SegmentGroup(_contract);
        for (var g = 0; g < RowGroups; g++)
        {
            group.Begin(_footer.RowGroups[g].NumRows);
            foreach (var field in _contract.Fields)
            {
                await ReadColumnAsync(group, g, field, cancel);
            }
            for (var from = 0; from < group.Rows; from += BatchRows)
            {
                Decode(() => group.Fill(batch, from, Math.Min(BatchRows, group.Rows - from)));
                yield return batch;
            }
        }
    }

    private async Task ReadColumnAsync(SegmentGroup group, int number, ContractField field, CancellationToken cancel)
    {
        var chunks = _footer.RowGroups[number].Columns;
        var index = chunks.FindIndex(chunk => chunk.MetaData?.PathInSchema is [var only] && only == field.Name);
        var column = _footer.Schema.Find(element => element.Name == field.Name && element.Type is not null);
        if (index < 0 || column is null)
        {
            if (field.Required)
            {
                throw Damaged(_store, _name, $"it has no column '{field.Name}', which the contract requires", null);
            }
            group.Absent(field);
            return;
        }
        var facts = chunks[index].MetaData!;
        var start = facts.DictionaryPageOffset is > 0 and var dictionary ? Math.Min(dictionary, facts.DataPageOffset) : facts.DataPageOffset;
        if (facts.NumValues != group.Rows || start < 4 || facts.TotalCompressedSize is <= 0 or > int.MaxValue || start > _window.Length - facts.TotalCompressedSize)
        {
            throw Damaged(_store, _name, $"column '{field.Name}' claims {facts.NumValues} values in {facts.TotalCompressedSize} bytes at {start}, of {group.Rows} rows in {_window.Length} bytes", null);
        }
        var bytes = await _store.ReadRangeAsync(_name, start, (int)facts.TotalCompressedSize, cancel);
        if (bytes?.Length != facts.TotalCompressedSize)
        {
            throw Damaged(_store, _name, $"column '{field.Name}' claims {facts.TotalCompressedSize} bytes at {start}, found {bytes?.Length ?? 0}", null);
        }
        if (_hashes is not null && !SegmentChecks.Matches(_hashes, number * chunks.Count + index, bytes))
        {
            throw Damaged(_store, _name, $"the bytes of column '{field.Name}' in row group {number} are not those that were written", null);
        }
        _window.Show(start, bytes, onlyForward: true);
        await DecodeAsync(() => group.ReadAsync(_reader.OpenRowGroupReader(number), field, column, cancel));
    }

    private void Decode(Action fill)
    {
        try
        {
            fill();
        }
        catch (InvalidOperationException e)
        {
            throw Damaged(_store, _name, "a required value is absent", e);
        }
    }

    /// <summary>The library has no exception of its own for damage: what it meets depends on where the damage is. Only memory is read here, so whatever it throws is the file's fault.</summary>
    private async Task DecodeAsync(Func<Task> decode)
    {
        try
        {
            await decode();
        }
        catch (Exception e) when (e is NotSupportedException or NotImplementedException)
        {
            throw new PipelineException(ExitCode.Failed,
                $"segment {_name} in {_store.Location} is in a form of Parquet that is not known here ({e.GetType().Name}). Rewrite the file with an engine's default Parquet settings, or upgrade this program.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw Damaged(_store, _name, "a page cannot be read", e);
        }
    }

    private string? TextOf(string key) => _footer.KeyValueMetadata?.Find(pair => pair.Key == key)?.Value;

    /// <summary>The cause is named by its type only: its message could hold bytes of a row.</summary>
    private static PipelineException Damaged(IObjectStore store, string name, string what, Exception? cause) => new(ExitCode.Difference,
        $"segment {name} in {store.Location} is damaged: {what}{(cause is null ? "" : $" ({cause.GetType().Name})")}. "
        + "Expected a Parquet file as its commit describes it; restore the object from a copy, then run `pipeline verify --deep`.");
}
