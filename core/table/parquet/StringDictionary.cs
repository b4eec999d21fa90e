using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using Pipeline.Core.Records;

namespace Pipeline.Core.Table.Parquet;

/// <summary>
/// The distinct values of one column of one row group, numbered as they first appear. Open addressing over UTF-8 bytes that lie back to
/// back:
/// nothing is allocated for a row.
/// </summary>
internal sealed class StringDictionary
{
    /// <summary>Values looked up in one batch.</summary>
    private const int Stretch = 64;

    /// <summary>With so few values nothing is waited for.</summary>
    private const int FitInCache = 4096;

    // Seeded, so that nobody outside can choose addresses that collide. The order of the values, and so the file, does not depend on it.
    private static readonly long Seed = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8));

    // Large ones are used again: each row group would otherwise grow tens of megabytes anew and leave them to the collector.
    private static readonly ConcurrentBag<StringDictionary> Idle = [];
    private static readonly int MaxIdle = Environment.ProcessorCount * 2;

    // A slot is a value's hash and, below it, its index + 1: most slots of other values are passed over without a look at the value. 0:
    // free.
    private ulong[] _slots = new ulong[1024];
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
        if (Idle.Count < MaxIdle)
        {
            Idle.Add(this);
        }
    }

    /// <summary>The indexes of a stretch of a column's values, from row <paramref name="from"/> on; −1 where one is absent.</summary>
    public void IndexesOf(Utf8Column column, int from, Span<int> indexes)
    {
        Span<uint> hashes = stackalloc uint[Stretch];
        for (; indexes.Length > 0; from += hashes.Length, indexes = indexes[hashes.Length..])
        {
            hashes = hashes[..Math.Min(hashes.Length, indexes.Length)];
            for (var i = 0; i < hashes.Length; i++)
            {
                hashes[i] = Hash(column[from + i]);
            }
            if (Sse.IsSupported && Count > FitInCache)
            {
                Fetch(hashes);
            }
            for (var i = 0; i < hashes.Length; i++)
            {
                indexes[i] = column.AbsentCount > 0 && !column.IsPresent(from + i) ? -1 : IndexOf(column[from + i], hashes[i]);
            }
        }
    }

    public int IndexOf(ReadOnlySpan<byte> value) => IndexOf(value, Hash(value));

    /// <summary>A large dictionary is memory in no order: each value would wait for its slot, then for its place, then for its bytes. Here
    /// a stretch of values waits for each together.</summary>
    private unsafe void Fetch(ReadOnlySpan<uint> hashes)
    {
        var mask = (uint)_slots.Length - 1;
        foreach (var hash in hashes)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref _slots[hash & mask]));
        }
        foreach (var hash in hashes)
        {
            if (_slots[hash & mask] is > 0 and var taken)
            {
                Sse.Prefetch0(Unsafe.AsPointer(ref _offsets[(uint)taken - 1]));
            }
        }
        foreach (var hash in hashes)
        {
            if (_slots[hash & mask] is > 0 and var taken)
            {
                Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref MemoryMarshal.GetReference(_bytes.Span), _offsets[(uint)taken - 1])));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int IndexOf(ReadOnlySpan<byte> value, uint hash)
    {
        var mask = (uint)_slots.Length - 1;
        for (var slot = hash & mask; ; slot = slot + 1 & mask)
        {
            var taken = _slots[slot];
            if (taken == 0)
            {
                return Add(value, hash, slot);
            }
            if ((uint)(taken >> 32) == hash && this[(int)(uint)taken - 1].SequenceEqual(value))
            {
                return (int)(uint)taken - 1;
            }
        }
    }

    /// <summary>The ordinal order of the values: element i is the index of the i-th smallest. Neighbours in order share prefixes, which
    /// compress.</summary>
    public int[] Sorted()
    {
        // By the first eight bytes as a number, and only where those are equal by the rest: several times faster than comparing bytes
        // throughout.
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
            end = EndOfEqual(keys, start);
            if (end > start + 1)
            {
                SortByRest(keys.AsSpan(start, end - start), order.AsSpan(start, end - start));
            }
        }
        return order;
    }

    /// <summary>Of values that begin with the same eight bytes: by the next eight, of which an address has no more.</summary>
    private void SortByRest(Span<ulong> keys, Span<int> order)
    {
        for (var i = 0; i < order.Length; i++)
        {
            var value = this[order[i]];
            keys[i] = FirstBytes(value.Length > 8 ? value[8..] : []);
        }
        keys.Sort(order);
        for (int start = 0, end; start < order.Length; start = end)
        {
            end = EndOfEqual(keys, start);
            if (end > start + 1)
            {
                order[start..end].Sort((a, b) => this[a].SequenceCompareTo(this[b]));
            }
        }
    }

    private static int EndOfEqual(ReadOnlySpan<ulong> keys, int start)
    {
        var end = start + 1;
        while (end < keys.Length && keys[end] == keys[start])
        {
            end++;
        }
        return end;
    }

    public void Clear()
    {
        if (Count < _slots.Length / 16)
        {
            // Few values in a table that once was large.
            for (var index = 0; index < Count; index++)
            {
                ClearFrom(Hash(this[index]));
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(ReadOnlySpan<byte> value) => (uint)XxHash3.HashToUInt64(value, Seed);

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
        if (Count + 1 == _offsets.Length)
        {
            Array.Resize(ref _offsets, Count * 2 + 1);
        }
        _slots[slot] = (ulong)hash << 32 | (uint)(Count + 1);
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
        var slots = new ulong[_slots.Length * 2];
        var mask = (ulong)slots.Length - 1;
        foreach (var taken in _slots)
        {
            if (taken != 0)
            {
                var slot = (taken >> 32) & mask;
                while (slots[slot] != 0)
                {
                    slot = slot + 1 & mask;
                }
                slots[slot] = taken;
            }
        }
        _slots = slots;
    }
}
