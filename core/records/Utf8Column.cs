using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pipeline.Core.Records;

/// <summary>UTF-8 values back to back with int32 offsets, as Arrow keeps them. An optional column also knows which rows are absent; an
/// absent value has no bytes.</summary>
public sealed class Utf8Column(string name, bool required, int rows = 64)
{
    private byte[] _bytes = new byte[Math.Max(256, rows * 8)];
    private int[] _offsets = new int[rows + 1];
    private byte[] _present = new byte[(rows >> 3) + 1];

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

    /// <summary>The buffer from a row's value on, which has <paramref name="length"/> bytes: what lies behind them is of no
    /// meaning.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ReadOnlySpan<byte> From(int row, out int length)
    {
        var start = _offsets[row];
        length = _offsets[row + 1] - start;
        return _bytes.AsSpan(start);
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

    /// <summary>Appends values <paramref name="from"/> to <paramref name="from"/> + <paramref name="count"/> − 1 of another column of the
    /// same name.</summary>
    public void AppendOf(Utf8Column other, int from, int count)
    {
        var (start, first) = (_offsets[Count], other._offsets[from]);
        var bytes = other._bytes.AsSpan(first, other._offsets[from + count] - first);
        Reserve(start + bytes.Length, count);
        bytes.CopyTo(_bytes.AsSpan(start));
        var source = other._offsets.AsSpan(from + 1, count);
        var target = _offsets.AsSpan(Count + 1, count);
        for (var i = 0; i < source.Length; i++)
        {
            target[i] = source[i] - first + start;
        }
        for (var i = 0; i < count; i++)
        {
            if (other.AbsentCount == 0 || other.IsPresent(from + i))
            {
                _present[Count + i >> 3] |= (byte)(1 << (Count + i & 7));
            }
            else
            {
                AbsentCount++;
            }
        }
        Count += count;
    }

    /// <summary>Replaces all values by Arrow's three buffers; offsets may begin above 0, and an empty validity means that all are
    /// present.</summary>
    public void Load(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> offsets, ReadOnlySpan<byte> validity)
    {
        Clear();
        var (count, first) = (offsets.Length - 1, offsets[0]);
        Reserve(offsets[^1] - first, count);
        bytes[first..offsets[^1]].CopyTo(_bytes);
        for (var i = 0; i < offsets.Length; i++)
        {
            _offsets[i] = offsets[i] - first;
        }
        Count = count;
        var present = _present.AsSpan(0, (count + 7) / 8);
        if (validity.IsEmpty)
        {
            present.Fill(0xFF);
        }
        else
        {
            validity[..present.Length].CopyTo(present);
        }
        if ((count & 7) != 0)
        {
            present[^1] &= (byte)((1 << (count & 7)) - 1);
        }
        foreach (var eight in present)
        {
            AbsentCount -= BitOperations.PopCount(eight);
        }
        AbsentCount += count;
        if (Required && AbsentCount > 0)
        {
            throw new InvalidDataException($"column '{Name}' is required and has an absent value");
        }
    }

    public void Clear()
    {
        _present.AsSpan(0, (Count + 7) / 8).Clear();
        Count = 0;
        AbsentCount = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int bytes, int more = 1)
    {
        if (bytes > _bytes.Length || Count + more + 1 > _offsets.Length)
        {
            Grow(bytes, more);
        }
    }

    private void Grow(int bytes, int more)
    {
        if (bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(bytes, _bytes.Length * 2));
        }
        if (Count + more + 1 > _offsets.Length)
        {
            Array.Resize(ref _offsets, Math.Max(Count + more + 1, _offsets.Length * 2));
            Array.Resize(ref _present, _offsets.Length / 8 + 1);
        }
    }
}
