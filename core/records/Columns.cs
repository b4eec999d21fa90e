using System.Runtime.CompilerServices;
using Pipeline.Core.Contracts;

namespace Pipeline.Core.Records;

/// <summary>
/// A batch of rows of one dataset, column by column: `time` (int64, µs since 1970 UTC) and one UTF-8 column for each declared string, in the contract's order.
/// Grows as rows are added and keeps its buffers when cleared.
/// </summary>
public sealed class Columns
{
    private long[] _time = new long[64];

    public Columns(Contract contract)
    {
        Contract = contract;
        Strings = [.. contract.Strings.Select(field => new Utf8Column(field.Name, field.Required))];
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

/// <summary>UTF-8 values back to back with int32 offsets, as Arrow keeps them. An optional column also knows which rows are absent; an absent value has no bytes.</summary>
public sealed class Utf8Column(string name, bool required)
{
    private byte[] _bytes = new byte[256];
    private int[] _offsets = new int[65];
    private byte[] _present = new byte[8];

    public string Name { get; } = name;

    public bool Required { get; } = required;

    public int Count { get; private set; }

    public int AbsentCount { get; private set; }

    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _offsets[Count]);

    /// <summary>Count + 1 offsets into <see cref="Bytes"/>; the first is 0.</summary>
    public ReadOnlyMemory<int> Offsets => _offsets.AsMemory(0, Count + 1);

    /// <summary>Arrow's validity bitmap, least significant bit first; bits beyond Count are zero.</summary>
    public ReadOnlyMemory<byte> Validity => _present.AsMemory(0, (Count + 7) / 8);

    public ReadOnlySpan<byte> this[int row]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _bytes.AsSpan(_offsets[row], _offsets[row + 1] - _offsets[row]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsPresent(int row) => (_present[row >> 3] >> (row & 7) & 1) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(ReadOnlySpan<byte> value)
    {
        var start = _offsets[Count];
        Reserve(start + value.Length);
        value.CopyTo(_bytes.AsSpan(start));
        _present[Count >> 3] |= (byte)(1 << (Count & 7));
        _offsets[++Count] = start + value.Length;
    }

    public void AppendAbsent()
    {
        if (Required)
        {
            throw new InvalidOperationException($"column '{Name}' is required: a row without it is not a record");
        }
        var start = _offsets[Count];
        Reserve(start);
        _offsets[++Count] = start;
        AbsentCount++;
    }

    public void AppendOf(Utf8Column other, int row)
    {
        if (other.IsPresent(row))
        {
            Append(other[row]);
        }
        else
        {
            AppendAbsent();
        }
    }

    /// <summary>Replaces all values by Arrow's three buffers; offsets may begin above 0, and an empty validity means that all are present.</summary>
    public void Load(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> offsets, ReadOnlySpan<byte> validity)
    {
        Clear();
        var count = offsets.Length - 1;
        if (_offsets.Length < offsets.Length + 1 || _bytes.Length < offsets[^1] - offsets[0])
        {
            _offsets = new int[Math.Max(_offsets.Length, offsets.Length + 1)];
            _present = new byte[_offsets.Length / 8 + 1];
            _bytes = new byte[Math.Max(_bytes.Length, offsets[^1] - offsets[0])];
        }
        bytes[offsets[0]..offsets[^1]].CopyTo(_bytes);
        for (var i = 0; i <= count; i++)
        {
            _offsets[i] = offsets[i] - offsets[0];
        }
        for (var i = 0; i < count; i++)
        {
            if (validity.IsEmpty || (validity[i >> 3] >> (i & 7) & 1) != 0)
            {
                _present[i >> 3] |= (byte)(1 << (i & 7));
            }
            else if (Required)
            {
                throw new InvalidDataException($"column '{Name}' is required and has an absent value");
            }
            else
            {
                AbsentCount++;
            }
        }
        Count = count;
    }

    public void Clear()
    {
        _present.AsSpan(0, (Count + 7) / 8).Clear();
        Count = 0;
        AbsentCount = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int bytes)
    {
        if (bytes > _bytes.Length || Count + 2 > _offsets.Length)
        {
            Grow(bytes);
        }
    }

    private void Grow(int bytes)
    {
        if (bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(bytes, _bytes.Length * 2));
        }
        if (Count + 2 > _offsets.Length)
        {
            Array.Resize(ref _offsets, _offsets.Length * 2);
            Array.Resize(ref _present, _offsets.Length / 8 + 1);
        }
    }
}
