using System.Text;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table;

/// <summary>
/// One string column as Parquet.Net takes it: UTF-16 (it makes dictionaries of nothing else), the present values packed, and 1 or 0 a row where values may be absent.
/// All values are slices of one buffer, so there is no object a row. Buffers are kept for the next column and row group.
/// </summary>
internal sealed class SegmentText
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private char[] _text = [];
    private ReadOnlyMemory<char>[] _values = [];
    private int[] _levels = [];

    public ReadOnlyMemory<ReadOnlyMemory<char>> Values { get; private set; }

    /// <summary>None where the column is required.</summary>
    public ReadOnlyMemory<int>? Levels { get; private set; }

    public void Take(Utf8Column column)
    {
        var rows = column.Count;
        if (_values.Length < rows)
        {
            _values = new ReadOnlyMemory<char>[rows];
        }
        if (_text.Length < column.Bytes.Length)
        {
            _text = new char[column.Bytes.Length];
        }
        var ascii = Ascii.ToUtf16(column.Bytes.Span, _text, out _) == System.Buffers.OperationStatus.Done;
        var offsets = column.Offsets.Span;
        int present = 0, end = 0;
        for (var row = 0; row < rows; row++)
        {
            if (column.AbsentCount > 0 && !column.IsPresent(row))
            {
                continue;
            }
            // UTF-16 never has more units than UTF-8 has bytes, so the buffer is long enough for both.
            var start = ascii ? offsets[row] : end;
            end = ascii ? offsets[row + 1] : start + Strict.GetChars(column[row], _text.AsSpan(start));
            _values[present++] = _text.AsMemory(start, end - start);
        }
        Values = _values.AsMemory(0, present);
        Levels = column.Required ? new ReadOnlyMemory<int>?() : LevelsOf(column);
    }

    private ReadOnlyMemory<int> LevelsOf(Utf8Column column)
    {
        if (_levels.Length < column.Count)
        {
            _levels = new int[column.Count];
        }
        for (var row = 0; row < column.Count; row++)
        {
            _levels[row] = column.IsPresent(row) ? 1 : 0;
        }
        return _levels.AsMemory(0, column.Count);
    }
}
