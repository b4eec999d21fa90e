using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Core.Table;

/// <summary>
/// One string column of the open row group: a number a row (−1 where absent), and each distinct value once as a string, because Parquet.Net makes dictionaries of UTF-16 only.
/// </summary>
internal sealed class SegmentStrings
{
    private readonly Dictionary<string, int> _numbers = new(Utf8Equality.Instance);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly List<string> _values = [];
    private int[] _rows = [];

    public SegmentStrings() => _lookup = _numbers.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>UTF-16 units of the distinct values: their bytes, where they are ASCII.</summary>
    public long ValueLength { get; private set; }

    public void Take(Records.Utf8Column column, int from, int count, int at)
    {
        if (_rows.Length < at + count)
        {
            Array.Resize(ref _rows, Math.Max(at + count, _rows.Length * 2));
        }
        var rows = _rows.AsSpan(at, count);
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = column.AbsentCount == 0 || column.IsPresent(from + i) ? NumberOf(column[from + i]) : -1;
        }
    }

    /// <summary>Spreads the first <paramref name="rows"/> rows out: the present values into <paramref name="values"/>, and 1 or 0 a row into <paramref name="levels"/> unless it is empty. Returns how many are present.</summary>
    public int Spread(int rows, Span<ReadOnlyMemory<char>> values, Span<int> levels)
    {
        var distinct = new ReadOnlyMemory<char>[_values.Count];
        for (var i = 0; i < distinct.Length; i++)
        {
            distinct[i] = _values[i].AsMemory();
        }
        var present = 0;
        for (var i = 0; i < rows; i++)
        {
            var number = _rows[i];
            if (!levels.IsEmpty)
            {
                levels[i] = number < 0 ? 0 : 1;
            }
            if (number >= 0)
            {
                values[present++] = distinct[number];
            }
        }
        return present;
    }

    public void Clear()
    {
        _numbers.Clear();
        _values.Clear();
        ValueLength = 0;
    }

    private int NumberOf(ReadOnlySpan<byte> value)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_lookup, value, out var known);
        if (!known)
        {
            number = _values.Count;
            var text = Utf8Equality.Strict.GetString(value);
            _values.Add(text);
            ValueLength += text.Length;
        }
        return number;
    }

    /// <summary>Finds a string by its UTF-8 bytes. The hash is seeded per process: who sends addresses cannot make them collide.</summary>
    private sealed class Utf8Equality : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
    {
        public static readonly Utf8Equality Instance = new();

        public static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string value) => GetHashCode(Strict.GetBytes(value).AsSpan());

        public bool Equals(ReadOnlySpan<byte> bytes, string value) =>
            Ascii.Equals(bytes, value) || !Ascii.IsValid(bytes) && string.Equals(Strict.GetString(bytes), value, StringComparison.Ordinal);

        public int GetHashCode(ReadOnlySpan<byte> bytes)
        {
            var hash = new HashCode();
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }

        public string Create(ReadOnlySpan<byte> bytes) => Strict.GetString(bytes);
    }
}
