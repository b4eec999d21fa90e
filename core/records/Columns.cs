using System.Runtime.CompilerServices;
using Pipeline.Core.Contracts;

namespace Pipeline.Core.Records;

/// <summary>
/// A batch of rows of one dataset, column by column: `time` (int64, µs since 1970 UTC) and one UTF-8 column for each declared string, in
/// the contract's order.
/// Grows as rows are added and keeps its buffers when cleared.
/// </summary>
public sealed class Columns
{
    private long[] _time;

    /// <param name="rows">Initial capacity.</param>
    public Columns(Contract contract, int rows = 64)
    {
        Contract = contract;
        _time = new long[rows];
        Strings = [.. contract.Strings.Select(field => new Utf8Column(field.Name, field.Required, rows))];
    }

    public Contract Contract { get; }

    public int Rows { get; private set; }

    /// <summary>µs since 1970 UTC, a value a row.</summary>
    public ReadOnlySpan<long> Time => _time.AsSpan(0, Rows);

    public ReadOnlyMemory<long> TimeMemory => _time.AsMemory(0, Rows);

    public IReadOnlyList<Utf8Column> Strings { get; }

    /// <summary>Adds a row's time; the caller then appends exactly one value to every string column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddRow(long micros)
    {
        if (Rows == _time.Length)
        {
            Array.Resize(ref _time, Rows * 2);
        }
        _time[Rows++] = micros;
    }

    /// <summary>Appends row <paramref name="row"/> of <paramref name="other"/>, a batch of the same dataset.</summary>
    public void AddRowOf(Columns other, int row)
    {
        AddRow(other._time[row]);
        for (var i = 0; i < Strings.Count; i++)
        {
            Strings[i].AppendOf(other.Strings[i], row);
        }
    }

    /// <summary>Appends rows <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> − 1 of <paramref name="other"/>,
    /// a batch of the same dataset.</summary>
    public void AddRowsOf(Columns other, int from, int count)
    {
        if (Rows + count > _time.Length)
        {
            Array.Resize(ref _time, Math.Max(Rows + count, _time.Length * 2));
        }
        other.Time.Slice(from, count).CopyTo(_time.AsSpan(Rows));
        Rows += count;
        for (var i = 0; i < Strings.Count; i++)
        {
            Strings[i].AppendOf(other.Strings[i], from, count);
        }
    }

    /// <summary>Replaces all rows: the times, and each string column by <paramref name="load"/>, which must load as many values.</summary>
    public void Load(ReadOnlySpan<long> time, Action<int, Utf8Column> load)
    {
        if (_time.Length < time.Length)
        {
            _time = new long[time.Length];
        }
        time.CopyTo(_time);
        Rows = time.Length;
        for (var i = 0; i < Strings.Count; i++)
        {
            load(i, Strings[i]);
            if (Strings[i].Count != Rows)
            {
                throw new InvalidDataException($"column '{Strings[i].Name}' has {Strings[i].Count} values for {Rows} rows");
            }
        }
    }

    public void Clear()
    {
        Rows = 0;
        foreach (var column in Strings)
        {
            column.Clear();
        }
    }
}
