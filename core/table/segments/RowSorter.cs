using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Parquet;

namespace Pipeline.Core.Table.Segments;

/// <summary>
/// Holds as many rows of one date as a row group has, and gives them back by address and then by time, so that a merged segment's row
/// groups are sorted. Rows are numbers here
/// (8 bytes for the time, 4 for each string, 12 for the order) and each distinct string once: about 30 MB and the strings. Not for use by
/// two threads at once.
/// </summary>
public sealed class RowSorter
{
    /// <summary>Where nearly every value is its own, strings would outgrow all else: at this many bytes it is full too.</summary>
    private const int MaxStringBytes = 24 << 20;

    private readonly int _capacity;
    private readonly StringDictionary[] _dictionaries;
    private readonly int[][] _indexes;
    private readonly Columns _batch;
    private long[] _times, _keys;
    private int[] _order;

    public RowSorter(Contract contract, int capacity = SegmentWriter.DefaultGroupRows)
    {
        _capacity = capacity;
        _dictionaries = [.. contract.Strings.Select(_ => new StringDictionary())];
        var start = Math.Min(capacity, 4096);
        _indexes = [.. contract.Strings.Select(_ => new int[start])];
        (_times, _keys, _order) = (new long[start], [], []);
        _batch = new Columns(contract);
    }

    public int Rows { get; private set; }

    public bool IsFull => Rows == _capacity || _dictionaries.Sum(dictionary => (long)dictionary.ByteCount) >= MaxStringBytes;

    /// <summary>Takes rows of a batch from <paramref name="from"/> on until the batch ends or it is full; returns how many it
    /// took.</summary>
    public int Add(Columns batch, int from)
    {
        // Room is asked for in pieces, so that a batch of many long strings cannot overshoot by much.
        var start = from;
        while (from < batch.Rows && !IsFull)
        {
            var count = Math.Min(Math.Min(batch.Rows - from, _capacity - Rows), 8192);
            Take(batch, from, count);
            from += count;
        }
        return from - start;
    }

    /// <summary>All rows, sorted, in batches of at most <see cref="SegmentReader.BatchRows"/>; afterwards there are none. The batch is
    /// reused: it is valid until the next one is asked for.</summary>
    public IEnumerable<Columns> Drain()
    {
        Sort();
        for (var from = 0; from < Rows; from += SegmentReader.BatchRows)
        {
            _batch.Clear();
            Fill(_order.AsSpan(from, Math.Min(SegmentReader.BatchRows, Rows - from)));
            yield return _batch;
        }
        Clear();
    }

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        Rows = 0;
        foreach (var dictionary in _dictionaries)
        {
            dictionary.Clear();
        }
    }

    private void Take(Columns batch, int from, int count)
    {
        Reserve(Rows + count);
        batch.Time.Slice(from, count).CopyTo(_times.AsSpan(Rows));
        for (var c = 0; c < _dictionaries.Length; c++)
        {
            _dictionaries[c].IndexesOf(batch.Strings[c], from, _indexes[c].AsSpan(Rows, count));
        }
        Rows += count;
    }

    /// <summary>Rows are counted into the ranks of their addresses, then each address's few rows are sorted by time: faster than one sort
    /// of all.</summary>
    private void Sort()
    {
        if (_order.Length < Rows)
        {
            (_order, _keys) = (new int[_times.Length], new long[_times.Length]);
        }
        var addresses = _indexes[0];
        var rank = Ranks(_dictionaries[0]);
        // Element r + 1 becomes the end of rank r, and so the start of the next; absent values come first.
        var starts = new int[rank.Length + 1];
        for (var row = 0; row < Rows; row++)
        {
            starts[rank[addresses[row] + 1] + 1]++;
        }
        for (var r = 1; r < starts.Length; r++)
        {
            starts[r] += starts[r - 1];
        }
        var next = starts.AsSpan(0, rank.Length).ToArray();
        for (var row = 0; row < Rows; row++)
        {
            _order[next[rank[addresses[row] + 1]]++] = row;
        }
        for (var r = 0; r < rank.Length; r++)
        {
            SortByTime(starts[r], starts[r + 1] - starts[r]);
        }
    }

    private void SortByTime(int from, int count)
    {
        var keys = _keys.AsSpan(from, count);
        var order = _order.AsSpan(from, count);
        var sorted = true;
        for (var i = 0; i < count; i++)
        {
            keys[i] = _times[order[i]];
            sorted &= i == 0 || keys[i] >= keys[i - 1];
        }
        if (!sorted)
        {
            keys.Sort(order);
        }
    }

    /// <summary>Element i + 1 is the rank of the value with index i; element 0 that of absence.</summary>
    private static int[] Ranks(StringDictionary dictionary)
    {
        var sorted = dictionary.Sorted();
        var ranks = new int[sorted.Length + 1];
        for (var i = 0; i < sorted.Length; i++)
        {
            ranks[sorted[i] + 1] = i + 1;
        }
        return ranks;
    }

    private void Fill(ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            _batch.AddRow(_times[row]);
        }
        for (var c = 0; c < _dictionaries.Length; c++)
        {
            var (column, dictionary, indexes) = (_batch.Strings[c], _dictionaries[c], _indexes[c]);
            foreach (var row in rows)
            {
                if (indexes[row] < 0)
                {
                    column.AppendAbsent();
                }
                else
                {
                    column.Append(dictionary[indexes[row]]);
                }
            }
        }
    }

    private void Reserve(int rows)
    {
        if (rows > _times.Length)
        {
            var length = Math.Min(_capacity, Math.Max(rows, _times.Length * 2));
            Array.Resize(ref _times, length);
            for (var c = 0; c < _indexes.Length; c++)
            {
                Array.Resize(ref _indexes[c], length);
            }
        }
    }
}
