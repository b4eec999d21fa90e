using System.Text;
using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

public sealed class SegmentRoundTripTests
{
    private const string Name = "date=2024-10-04/segment.parquet";

    private static readonly UtcDay Day = UtcDay.Parse("2024-10-04");

    private static readonly SegmentLabel Label = new("store-1", "key-1", "c0ffee", [new SegmentRange("shard-1", 3, 9)]);

    private static readonly Contract Updates = Contracts.AgentUpdates;

    private sealed record Row(long Time, string First, string? Second);

    private static readonly Gen<Row> Rows = Gen.Select(
        Gen.Long[0, UtcDay.MicrosPerDay - 1],
        Gen.OneOf(Gen.Int[0, 5].Select(n => $"10.0.0.{n}"), Gen.UShort.Select(n => $"2001:db8::{n:x}"), Gen.String[Gen.Char['à', 'ÿ'], 0, 9]),
        Gen.OneOf(Gen.Const((string?)null), Gen.String[Gen.Char.AlphaNumeric, 0, 4].Select(s => (string?)s)),
        (time, first, second) => new Row(Day.Number * UtcDay.MicrosPerDay + time, first, second));

    [Fact]
    public void What_is_written_is_read_in_order() => Gen.Select(Rows.Array[1, 300], Gen.Int[1, 100]).Sample((rows, group) =>
        Assert.Equal(rows, Read(Write(rows, group)).Result), iter: 300);

    [Theory]
    [InlineData(1)]
    [InlineData(131_072)]
    [InlineData(131_073)]
    [InlineData(300_000)]
    public async Task Rows_of_any_number_come_back_in_batches_of_at_most_128_Ki(int count)
    {
        var rows = Many(count);

        Assert.Equal(rows, await Read(Write(rows, SegmentWriter.DefaultGroupRows)));
    }

    [Fact]
    public async Task An_optional_column_may_be_absent_in_every_row()
    {
        var rows = Many(500).Select(row => row with { Second = null }).ToArray();

        Assert.Equal(rows, await Read(Write(rows, 200)));
    }

    [Fact]
    public async Task A_segment_says_what_it_is()
    {
        using var writer = Writer(Many(700), 200);
        var bytes = writer.Finish();
        var described = writer.Describe(Name);
        var reader = await Open(bytes.ToArray());

        Assert.Equal((bytes.Length, 700L, Day), ((int)described.Size, described.Rows, described.Date));
        Assert.Equal((700L, 4), (reader!.Rows, reader.RowGroups));
        Assert.Equal(Label.Shards, reader.Label!.Shards);
        Assert.Equal((Label.Store, Label.Kid, Label.Contract), (reader.Label.Store, reader.Label.Kid, reader.Label.Contract));
        Assert.StartsWith("pipeline/", reader.CreatedBy, StringComparison.Ordinal);
        Assert.Null(await SegmentReader.OpenAsync(new InMemoryStore(), Name, Updates, cancel: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_row_of_another_date_is_refused()
    {
        using var writer = new SegmentWriter(Updates, Day, Label);

        Assert.Throws<ArgumentException>(() => writer.Add(Batch([new(0, "10.0.0.1", null)])));
    }

    [Fact]
    public async Task A_file_cut_anywhere_is_damaged()
    {
        var whole = Write(Many(900), 300);
        for (var length = 0; length < whole.Length; length += 1 + length / 40)
        {
            var cut = whole[..length];
            var stop = await Assert.ThrowsAsync<PipelineException>(() => Read(cut));
            Assert.Equal(ExitCode.Difference, stop.Code);
            Assert.Contains(Name, stop.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_is_damage_or_changes_no_row()
    {
        var rows = Many(900);
        var whole = Write(rows, 300);
        for (var at = 0; at < whole.Length; at++)
        {
            var flipped = (byte[])whole.Clone();
            flipped[at] ^= (byte)(1 << at % 8);
            await ReadsEqualOrDamaged(rows, flipped);
        }
    }

    [Fact]
    public void Damage_of_a_file_without_our_checks_stops_and_never_hangs() => Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte[1, 255]).Sample((at, change) =>
    {
        var bytes = WithoutChecks(Write(Many(400), 200));
        bytes[at % bytes.Length] ^= change;
        try
        {
            _ = Read(bytes).GetAwaiter().GetResult();
        }
        catch (PipelineException e)
        {
            Assert.DoesNotContain("10.0.", e.Message, StringComparison.Ordinal);
        }
    }, iter: 3000);

    private static async Task ReadsEqualOrDamaged(Row[] rows, byte[] bytes)
    {
        Row[] read;
        try
        {
            read = await Read(bytes);
        }
        catch (PipelineException e)
        {
            Assert.Equal(ExitCode.Difference, e.Code);
            Assert.DoesNotContain("10.0.", e.Message, StringComparison.Ordinal);
            return;
        }
        Assert.Equal(rows, read);
    }

    /// <summary>The same file as if another engine had written it: its footer's hash is not marked.</summary>
    private static byte[] WithoutChecks(byte[] file)
    {
        file[file.AsSpan().LastIndexOf("pl-xxh3\n"u8)] ^= 1;
        return file;
    }

    private static Row[] Many(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Row(Day.Number * UtcDay.MicrosPerDay + i / 4 * 1_000_000L, i % 7 == 0 ? $"2001:db8::{i % 5000:x}" : $"10.0.{i % 40}.{i % 199}", i % 3 == 0 ? null : $"{i % 99:x4}"))];

    private static Columns Batch(Row[] rows)
    {
        var batch = new Columns(Updates);
        foreach (var row in rows)
        {
            batch.AddRow(row.Time);
            batch.Strings[0].Append(Encoding.UTF8.GetBytes(row.First));
            if (row.Second is null)
            {
                batch.Strings[1].AppendAbsent();
            }
            else
            {
                batch.Strings[1].Append(Encoding.UTF8.GetBytes(row.Second));
            }
        }
        return batch;
    }

    private static SegmentWriter Writer(Row[] rows, int group)
    {
        var writer = new SegmentWriter(Updates, Day, Label, group);
        foreach (var part in rows.Chunk(70_000))
        {
            writer.Add(Batch(part));
        }
        return writer;
    }

    private static byte[] Write(Row[] rows, int group)
    {
        using var writer = Writer(rows, group);
        return writer.Finish().ToArray();
    }

    private static Task<SegmentReader?> Open(byte[] bytes)
    {
        var store = new InMemoryStore();
        store.Objects[Name] = bytes;
        return SegmentReader.OpenAsync(store, Name, Updates);
    }

    private static async Task<Row[]> Read(byte[] bytes)
    {
        var rows = new List<Row>();
        await foreach (var batch in (await Open(bytes))!.ReadAsync())
        {
            Assert.InRange(batch.Rows, 1, SegmentReader.BatchRows);
            for (var i = 0; i < batch.Rows; i++)
            {
                rows.Add(new(batch.Time[i], Encoding.UTF8.GetString(batch.Strings[0][i]), batch.Strings[1].IsPresent(i) ? Encoding.UTF8.GetString(batch.Strings[1][i]) : null));
            }
        }
        return [.. rows];
    }
}
