using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Core.Records;

/// <summary>
/// The keyed hash of a row (rule 26): AES-128 of the XXH3-128 of the row's canonical bytes. The canonical bytes are the present columns in ordinal order
/// of their names, each as (name, value): strings as u32 LE length + UTF-8, time as int64 LE µs. An absent value adds nothing.
/// The hash is of the row alone, whatever batch it stands in. Not safe for use from two threads at once: it keeps scratch buffers.
/// </summary>
public sealed class RowHash : IDisposable
{
    private const int Batch = 1024;

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
        UInt128 sum = 0;
        for (var start = 0; start < columns.Rows; start += Batch)
        {
            var count = Math.Min(Batch, columns.Rows - start);
            var hashes = Hash(columns, layout, start, count);
            for (var i = 0; i < count; i++)
            {
                var today = UtcDay.Of(time[start + i]);
                if (today != day)
                {
                    Add(into, day, new Sums(rows, sum));
                    (day, rows, sum) = (today, 0, 0);
                }
                rows++;
                sum = unchecked(sum + hashes[i]);
            }
        }
        Add(into, day, new Sums(rows, sum));
    }

    /// <summary>The sums of all rows.</summary>
    public Sums Of(Columns columns)
    {
        var layout = Layout.Of(columns);
        UInt128 sum = 0;
        for (var start = 0; start < columns.Rows; start += Batch)
        {
            var count = Math.Min(Batch, columns.Rows - start);
            foreach (var hash in Hash(columns, layout, start, count))
            {
                sum = unchecked(sum + hash);
            }
        }
        return new Sums(columns.Rows, sum);
    }

    public void Dispose() => _aes.Dispose();

    private static void Add(IDictionary<UtcDay, Sums> into, UtcDay day, Sums sums)
    {
        if (sums.Rows > 0)
        {
            into.TryGetValue(day, out var before);
            into[day] = before + sums;
        }
    }

    private ReadOnlySpan<UInt128> Hash(Columns columns, Layout layout, int start, int count)
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
        return MemoryMarshal.Cast<byte, UInt128>(digests);
    }

    private int Serialise(Columns columns, Layout layout, int row)
    {
        var at = 0;
        foreach (var (name, index) in layout.Order)
        {
            if (index < 0)
            {
                var span = Room(at, name.Length + 8);
                name.CopyTo(span);
                BinaryPrimitives.WriteInt64LittleEndian(span[name.Length..], columns.Time[row]);
                at += name.Length + 8;
                continue;
            }
            var column = columns.Strings[index];
            if (!column.Required && !column.IsPresent(row))
            {
                continue;
            }
            var value = column[row];
            var target = Room(at, name.Length + 4 + value.Length);
            name.CopyTo(target);
            BinaryPrimitives.WriteInt32LittleEndian(target[name.Length..], value.Length);
            value.CopyTo(target[(name.Length + 4)..]);
            at += name.Length + 4 + value.Length;
        }
        return at;
    }

    private Span<byte> Room(int at, int length)
    {
        if (at + length > _row.Length)
        {
            Array.Resize(ref _row, Math.Max(_row.Length * 2, at + length));
        }
        return _row.AsSpan(at);
    }

    /// <summary>The columns in ordinal order of their names: each name as u32 LE length + UTF-8, and its index among the strings, -1 for time.</summary>
    private sealed record Layout((byte[] Name, int Index)[] Order)
    {
        public static Layout Of(Columns columns)
        {
            var names = columns.Strings.Select((column, index) => (column.Name, index)).Append(("time", -1));
            return new Layout([.. names.OrderBy(c => c.Item1, StringComparer.Ordinal).Select(c => (Prefix(c.Item1), c.Item2))]);
        }

        private static byte[] Prefix(string name)
        {
            var text = Encoding.UTF8.GetBytes(name);
            var prefix = new byte[4 + text.Length];
            BinaryPrimitives.WriteInt32LittleEndian(prefix, text.Length);
            text.CopyTo(prefix, 4);
            return prefix;
        }
    }
}
