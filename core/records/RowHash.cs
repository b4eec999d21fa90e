using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Core.Records;

/// <summary>
/// The keyed hash of a row (rule 26): AES-128 of the XXH3-128 of the row's canonical bytes. The canonical bytes are the present columns in
/// ordinal order
/// of their names, each as (name, value): strings as u32 LE length + UTF-8, time as int64 LE µs. An absent value adds nothing.
/// The hash is of the row alone, whatever batch it stands in. Not safe for use from two threads at once: it keeps scratch buffers.
/// </summary>
public sealed class RowHash : IDisposable
{
    private const int Batch = 1024;

    private const int Slack = 32;

    private readonly Aes _aes = Aes.Create();
    private readonly long _seed;
    private readonly byte[] _digests = new byte[Batch * 16];
    private byte[] _row = new byte[512];

    /// <param name="rowKey">24 bytes from <see cref="InstallationKey.RowKey"/>: 16 for AES, 8 to seed XXH3.</param>
    public RowHash(ReadOnlySpan<byte> rowKey)
    {
        _aes.Key = rowKey[..16].ToArray();
        _seed = BinaryPrimitives.ReadInt64LittleEndian(rowKey[16..]);
    }

    /// <summary>Adds every row's hash to the sums of its UTC day.</summary>
    public void AddByDay(Columns columns, IDictionary<UtcDay, Sums> into)
    {
        var layout = Layout.Of(columns);
        var time = columns.Time;
        var day = new UtcDay(int.MinValue);
        long rows = 0;
        ulong high = 0, low = 0;
        for (var start = 0; start < columns.Rows; start += Batch)
        {
            var count = Math.Min(Batch, columns.Rows - start);
            var halves = Hash(columns, layout, start, count);
            for (var i = 0; i < count; i++)
            {
                var today = UtcDay.Of(time[start + i]);
                if (today != day)
                {
                    Add(into, day, new Sums(rows, high, low));
                    (day, rows, high, low) = (today, 0, 0, 0);
                }
                rows++;
                Add(halves, i, ref high, ref low);
            }
        }
        Add(into, day, new Sums(rows, high, low));
    }

    /// <summary>The sums of all rows.</summary>
    public Sums Of(Columns columns)
    {
        var layout = Layout.Of(columns);
        ulong high = 0, low = 0;
        for (var start = 0; start < columns.Rows; start += Batch)
        {
            var count = Math.Min(Batch, columns.Rows - start);
            var halves = Hash(columns, layout, start, count);
            for (var i = 0; i < count; i++)
            {
                Add(halves, i, ref high, ref low);
            }
        }
        return new Sums(columns.Rows, high, low);
    }

    /// <summary>The hash of every row, in order.</summary>
    public UInt128[] Each(Columns columns)
    {
        var layout = Layout.Of(columns);
        var each = new UInt128[columns.Rows];
        for (var start = 0; start < columns.Rows; start += Batch)
        {
            var halves = Hash(columns, layout, start, Math.Min(Batch, columns.Rows - start));
            for (var i = 0; i < halves.Length / 2; i++)
            {
                each[start + i] = new UInt128(halves[i * 2 + 1], halves[i * 2]);
            }
        }
        return each;
    }

    public void Dispose() => _aes.Dispose();

    /// <summary>Adds the i-th hash, the lower half of which comes first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ReadOnlySpan<ulong> halves, int i, ref ulong high, ref ulong low)
    {
        low = unchecked(low + halves[i * 2]);
        high = unchecked(high + halves[i * 2 + 1] + (low < halves[i * 2] ? 1UL : 0));
    }

    private static void Add(IDictionary<UtcDay, Sums> into, UtcDay day, Sums sums)
    {
        if (sums.Rows > 0)
        {
            into.TryGetValue(day, out var before);
            into[day] = before + sums;
        }
    }

    private ReadOnlySpan<ulong> Hash(Columns columns, Layout layout, int start, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var length = Serialise(columns, layout, start + i);
            XxHash128.Hash(_row.AsSpan(0, length), _digests.AsSpan(i * 16, 16), _seed);
        }
        var digests = _digests.AsSpan(0, count * 16);
        _aes.EncryptEcb(digests, digests, PaddingMode.None);
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException("sums are little-endian 128-bit numbers; this machine is big-endian");
        }
        return MemoryMarshal.Cast<byte, ulong>(digests);
    }

    private int Serialise(Columns columns, Layout layout, int row)
    {
        var at = 0;
        foreach (var part in layout.Parts)
        {
            if (part.Column is not { } column)
            {
                var stamp = Room(at, part.Length + 8);
                Copy(part.Name, part.Length, stamp);
                BinaryPrimitives.WriteInt64LittleEndian(stamp[part.Length..], columns.Time[row]);
                at += part.Length + 8;
                continue;
            }
            if (column.AbsentCount > 0 && !column.IsPresent(row))
            {
                continue;
            }
            var value = column.From(row, out var length);
            var target = Room(at, part.Length + 4 + length);
            Copy(part.Name, part.Length, target);
            BinaryPrimitives.WriteInt32LittleEndian(target[part.Length..], length);
            Copy(value, length, target[(part.Length + 4)..]);
            at += part.Length + 4 + length;
        }
        return at;
    }

    /// <summary>Where there is room on both sides, a whole register: names and values are short, and a call costs more than what it copies.
    /// What it writes too much is written over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ReadOnlySpan<byte> from, int length, Span<byte> to)
    {
        if (length <= Slack && from.Length >= Slack && to.Length >= Slack)
        {
            Vector256.Create(from).CopyTo(to);
        }
        else
        {
            from[..length].CopyTo(to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<byte> Room(int at, int length)
    {
        if (at + length + Slack > _row.Length)
        {
            Array.Resize(ref _row, Math.Max(_row.Length * 2, at + length + Slack));
        }
        return _row.AsSpan(at);
    }

    /// <summary>A column: its name as u32 LE length + UTF-8, which take <see cref="Length"/> bytes, and zeroes behind them. Null: the
    /// time.</summary>
    private sealed record Part(byte[] Name, int Length, Utf8Column? Column);

    /// <summary>The columns in ordinal order of their names.</summary>
    private sealed record Layout(Part[] Parts)
    {
        public static Layout Of(Columns columns) =>
            new([.. columns.Strings.Select(column => (column.Name, Column: (Utf8Column?)column)).Append(("time", null))
                .OrderBy(c => c.Name, StringComparer.Ordinal).Select(c => Named(c.Name, c.Column))]);

        private static Part Named(string name, Utf8Column? column)
        {
            var text = Encoding.UTF8.GetBytes(name);
            var prefix = new byte[Math.Max(Slack, 4 + text.Length)];
            BinaryPrimitives.WriteInt32LittleEndian(prefix, text.Length);
            text.CopyTo(prefix, 4);
            return new Part(prefix, 4 + text.Length, column);
        }
    }
}
