using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Pipeline.Core.Table;

/// <summary>
/// The distinct values of one column of one row group, numbered as they first appear. Open addressing over UTF-8 bytes that lie back to back:
/// nothing is allocated for a row.
/// </summary>
internal sealed class StringDictionary
{
    // Seeded, so that nobody outside can choose addresses that collide. The order of the values, and so the file, does not depend on it.
    private static readonly long Seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8));

    // Large ones are used again: each row group would otherwise grow tens of megabytes anew and leave them to the collector.
    private static readonly ConcurrentBag<StringDictionary> Idle = [];
    private static readonly int MostIdle = Environment.ProcessorCount * 2;

    private int[] _slots = new int[1024];
    private uint[] _hashes = new uint[512];
    private int[] _offsets = new int[513];
    private readonly ByteBuffer _bytes = new(16 * 1024);

    public int Count { get; private set; }

    public int ByteCount => _bytes.Length;

    public ReadOnlySpan<byte> this[int index] => _bytes.Span[_offsets[index].._offsets[index + 1]];

    /// <summary>An empty one, which may have been used before.</summary>
    public static StringDictionary Rent() => Idle.TryTake(out var idle) ? idle : new StringDictionary();

    /// <summary>Empties it for whoever rents next. The caller uses it no more.</summary>
    public void Return()
    {
        Clear();
        if (Idle.Count < MostIdle)
        {
            Idle.Add(this);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int IndexOf(ReadOnlySpan<byte> value)
    {
        var hash = (uint)XxHash3.HashToUInt64(value, Seed);
        var mask = (uint)_slots.Length - 1;
        for (var slot = hash & mask; ; slot = slot + 1 & mask)
        {
            var index = _slots[slot] - 1;
            if (index < 0)
            {
                return Add(value, hash, slot);
            }
            if (_hashes[index] == hash && this[index].SequenceEqual(value))
            {
                return index;
            }
        }
    }

    /// <summary>The ordinal order of the values: element i is the index of the i-th smallest. Neighbours in order share prefixes, which compress.</summary>
    public int[] Sorted()
    {
        // By the first eight bytes as a number, and only where those are equal by the rest: several times faster than comparing bytes throughout.
        var order = new int[Count];
        var keys = new ulong[Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = FirstBytes(this[i]);
        }
        Array.Sort(keys, order);
        for (int start = 0, end; start < order.Length; start = end)
        {
            for (end = start + 1; end < order.Length && keys[end] == keys[start]; end++)
            {
            }
            if (end > start + 1)
            {
                order.AsSpan(start, end - start).Sort((a, b) => this[a].SequenceCompareTo(this[b]));
            }
        }
        return order;
    }

    public void Clear()
    {
        if (Count < _slots.Length / 16)
        {
            // Few values in a table that once was large.
            foreach (var hash in _hashes.AsSpan(0, Count))
            {
                ClearFrom(hash);
            }
        }
        else
        {
            Array.Clear(_slots);
        }
        _bytes.Clear();
        Count = 0;
    }

    /// <summary>Empties the run of taken slots that begins where this hash belongs.</summary>
    private void ClearFrom(uint hash)
    {
        var mask = (uint)_slots.Length - 1;
        for (var slot = hash & mask; _slots[slot] != 0; slot = slot + 1 & mask)
        {
            _slots[slot] = 0;
        }
    }

    private static ulong FirstBytes(ReadOnlySpan<byte> value)
    {
        if (value.Length >= 8)
        {
            return BinaryPrimitives.ReadUInt64BigEndian(value);
        }
        Span<byte> padded = stackalloc byte[8];
        padded.Clear();
        value.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }

    private int Add(ReadOnlySpan<byte> value, uint hash, uint slot)
    {
        if (Count == _hashes.Length)
        {
            Array.Resize(ref _hashes, Count * 2);
            Array.Resize(ref _offsets, Count * 2 + 1);
        }
        _slots[slot] = Count + 1;
        _hashes[Count] = hash;
        _bytes.Bytes(value);
        _offsets[++Count] = _bytes.Length;
        if (Count * 2 > _slots.Length)
        {
            Grow();
        }
        return Count - 1;
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        var mask = (uint)_slots.Length - 1;
        for (var index = 0; index < Count; index++)
        {
            var slot = _hashes[index] & mask;
            while (_slots[slot] != 0)
            {
                slot = slot + 1 & mask;
            }
            _slots[slot] = index + 1;
        }
    }
}
