using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;

namespace Pipeline.Tests.Unit.Records;

/// <summary>Rule 26.</summary>
public sealed class RowHashTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 24).Select(i => (byte)i)];

    internal static readonly Gen<Columns> AgentRows = Gen.Select(
        Gen.Long[1_262_304_000_000_000, 4_102_444_799_999_999], Gen.Int[0, 2]
            .Select(i => new[] { "198.18.0.1", "2001:db8::1", "198.19.255.255" }[i]),
            Gen.Int[0, 2].Select(i => new string?[] { null, "1a2b", "ffff" }[i]))
        .List[0, 60].Select(rows =>
        {
            var columns = new Columns(PublishedContracts.AgentUpdates);
            foreach (var (time, ip, prefix) in rows)
            {
                columns.AddRow(time);
                columns.Strings[0].Append(Encoding.ASCII.GetBytes(ip));
                if (prefix is null)
                {
                    columns.Strings[1].AppendAbsent();
                }
                else
                {
                    columns.Strings[1].Append(Encoding.ASCII.GetBytes(prefix));
                }
            }
            return columns;
        });

    [Fact]
    public void A_row_is_hashed_as_the_rule_says() => AgentRows.Sample(columns =>
    {
        using var hash = new RowHash(Key);
        UInt128 sum = 0;
        for (var i = 0; i < columns.Rows; i++)
        {
            sum = unchecked(sum + Slow(columns, i));
        }
        Assert.Equal(new Sums(columns.Rows, sum), hash.Of(columns));
    });

    [Fact]
    public void Sums_by_day_add_up_to_the_sum_of_all_rows_and_do_not_depend_on_order() => AgentRows.Sample(columns =>
    {
        using var hash = new RowHash(Key);
        var days = new Dictionary<UtcDay, Sums>();
        hash.AddByDay(columns, days);
        Assert.Equal(hash.Of(columns), Sums.Of(days.Values));

        var reversed = new Columns(columns.Contract);
        for (var i = columns.Rows - 1; i >= 0; i--)
        {
            reversed.AddRowOf(columns, i);
        }
        Assert.Equal(hash.Of(columns), hash.Of(reversed));
    });

    [Fact]
    public void Two_equal_rows_that_vanish_are_seen()
    {
        using var hash = new RowHash(Key);
        var twice = new Columns(PublishedContracts.AgentUpdates);
        for (var i = 0; i < 2; i++)
        {
            twice.AddRow(1_793_000_000_000_000);
            twice.Strings[0].Append("198.18.0.1"u8);
            twice.Strings[1].AppendAbsent();
        }
        Assert.NotEqual(UInt128.Zero, hash.Of(twice).Hash);
    }

    [Fact]
    public void Another_key_gives_other_hashes_of_the_same_rows()
    {
        var columns = new Columns(PublishedContracts.AgentUpdates);
        columns.AddRow(1_793_000_000_000_000);
        columns.Strings[0].Append("198.18.0.1"u8);
        columns.Strings[1].Append("1a2b"u8);
        using var one = new RowHash(Key);
        using var other = new RowHash([.. Key.Select(b => (byte)(b + 1))]);
        Assert.NotEqual(one.Of(columns).Hash, other.Of(columns).Hash);
    }

    /// <summary>Slow and obvious: the rule, word by word.</summary>
    private static UInt128 Slow(Columns columns, int row)
    {
        var values = new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["time"] = BitConverter.GetBytes(columns.Time[row]) };
        foreach (var column in columns.Strings.Where(c => c.IsPresent(row)))
        {
            values[column.Name] = [.. BitConverter.GetBytes(column[row].Length), .. column[row]];
        }
        var bytes = values.SelectMany(v => (byte[])[.. BitConverter.GetBytes(v.Key.Length), .. Encoding.UTF8.GetBytes(v.Key), .. v.Value])
            .ToArray();
        using var aes = Aes.Create();
        aes.Key = Key[..16];
        return BinaryPrimitives.ReadUInt128LittleEndian(aes.EncryptEcb(XxHash128.Hash(bytes, BitConverter.ToInt64(Key, 16)),
            PaddingMode.None));
    }
}
