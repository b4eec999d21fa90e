using System.Text;
using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Segments;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

public sealed class SegmentTests
{
    private sealed record Row(long Micros, string Ip, string? Tail);

    private static readonly Gen<string> Ip = Gen.OneOf(
        Gen.Select(Gen.Byte, Gen.Byte, (a, b) => $"10.{a}.{b}.7"), Gen.UShort.Select(a => $"2a02:{a:x}::1"), Gen.Const("::"),
            Gen.Const("203.0.113.9"));

    private static readonly Gen<Row[]> Rows = Gen.Select(Gen.Long[0, UtcDay.MicrosPerDay - 1], Ip,
        Gen.OneOf(Gen.Const((string?)null), Gen.UShort.Select(x => (string?)x.ToString("x4"))),
        (time, ip, tail) => new Row(TableWorld.Day.Number * UtcDay.MicrosPerDay + time, ip, tail)).Array[1, 400];

    [Fact]
    public async Task Rows_come_back_as_they_went_in_whatever_the_row_groups() =>
        await Gen.Select(Rows, Gen.Int[1, 100], Gen.Int[1, 60]).SampleAsync(async (rows, groupRows, batch) =>
        {
            var (store, _) = await WriteAsync(TableWorld.Agents, rows, groupRows, batch);
            Assert.Equal(rows, await ReadAsync(store, TableWorld.Agents));
        }, iter: 200);

    [Theory]
    [InlineData(1)]
    [InlineData(131_072)]
    [InlineData(131_073)]
    [InlineData(300_000)]
    public async Task Segments_of_one_row_and_of_several_pages_come_back(int count)
    {
        var rows = Enumerable.Range(0, count)
            .Select(i => new Row(TableWorld.Day.Number * UtcDay.MicrosPerDay + i * 250_000L, $"10.0.{i % 200}.{i % 7}", i % 3 == 0 ? null
            : $"{i % 11:x4}")).ToArray();

        var (store, file) = await WriteAsync(TableWorld.Agents, rows, SegmentWriter.DefaultGroupRows, 4096);

        Assert.Equal(rows, await ReadAsync(store, TableWorld.Agents));
        Assert.Equal((count, rows[0].Micros, rows[^1].Micros), (file.Rows, file.MinTime, file.MaxTime));
    }

    [Fact]
    public async Task Nearly_distinct_values_are_written_plain_and_come_back()
    {
        var rows = Enumerable.Range(0, 5000)
            .Select(i => new Row(TableWorld.Day.Number * UtcDay.MicrosPerDay + i, $"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", i % 2 == 0
            ? null : "0a0b")).ToArray();

        var (store, _) = await WriteAsync(TableWorld.Agents, rows, 5000, 1000);

        Assert.Equal(rows, await ReadAsync(store, TableWorld.Agents));
    }

    [Fact]
    public async Task A_segment_without_rows_can_be_read_and_not_committed()
    {
        using var writer = new SegmentWriter(TableWorld.Checks, TableWorld.Day, TableWorld.Label);
        var store = new MemoryStore();
        store["s"] = writer.Finish().ToArray();

        Assert.Empty(await ReadAsync(store, TableWorld.Checks));
        Assert.Throws<InvalidOperationException>(() => writer.Describe("s"));
    }

    [Fact]
    public async Task Rule_24_no_address_stands_in_a_footer()
    {
        var rows = Enumerable.Range(0, 100).Select(i => new Row(TableWorld.Day.Number * UtcDay.MicrosPerDay + i, $"198.51.100.{i}", "beef"))
            .ToArray();

        var (store, _) = await WriteAsync(TableWorld.Agents, rows, 30, 100);

        var bytes = store["s"];
        var footer = Encoding.Latin1.GetString(bytes.AsSpan(bytes.Length - 8 - BitConverter.ToInt32(bytes.AsSpan(^8..))));
        Assert.Contains("client_ip", footer);
        Assert.DoesNotContain("198.51", footer);
        Assert.DoesNotContain("beef", footer);
    }

    [Fact]
    public async Task Another_reader_of_Parquet_finds_the_statistics_of_time_only()
    {
        var rows = Enumerable.Range(0, 100)
            .Select(i => new Row(TableWorld.Day.Number * UtcDay.MicrosPerDay + i, $"198.51.100.{i}", i % 4 == 0 ? null : "beef")).ToArray();
        var (store, _) = await WriteAsync(TableWorld.Agents, rows, 1000, 100);
        using var stream = new MemoryStream(store["s"]);

        await using var reader = await Parquet.ParquetReader.CreateAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        var group = reader.OpenRowGroupReader(0);
        var fields = reader.Schema.GetDataFields();

        Assert.Equal(100, group.RowCount);
        Assert.Equal(["time", "client_ip", "vm_uuid_prefix"], fields.Select(field => field.Name));
        Assert.Equal(rows[99].Micros, group.GetStatistics(fields[0])!.MaxValue);
        Assert.All(fields.Skip(1), field => Assert.Null(group.GetStatistics(field)!.MinValue));
        Assert.Equal(25, group.GetStatistics(fields[2])!.NullCount);
        var ips = new string?[100];
        await group.ReadAsync(fields[1], ips, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(rows.Select(row => row.Ip), ips);
        var tails = new string?[100];
        await group.ReadAsync(fields[2], tails, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(rows.Select(row => row.Tail), tails);
    }

    [Theory]
    [InlineData(Parquet.CompressionMethod.Snappy, true, false)]
    [InlineData(Parquet.CompressionMethod.Zstd, false, true)]
    [InlineData(Parquet.CompressionMethod.Gzip, true, true)]
    [InlineData(Parquet.CompressionMethod.None, false, false)]
    public async Task What_another_writer_rewrote_is_read(Parquet.CompressionMethod method, bool utc, bool nullable)
    {
        var rows = Enumerable.Range(0, 1000)
            .Select(i => new Row(TableWorld.Day.Number * UtcDay.MicrosPerDay + i * 1_000_003L, $"10.0.0.{i % 50}", i % 3 == 0 ? null
            : $"{i % 9:x4}")).ToArray();
        var time = new Parquet.Schema.DateTimeDataField("time", Parquet.Schema.DateTimeFormat.Timestamp, utc,
            Parquet.Schema.DateTimeTimeUnit.Micros, nullable);
        var ip = new Parquet.Schema.DataField("client_ip", typeof(string), nullable);
        var tail = new Parquet.Schema.DataField("vm_uuid_prefix", typeof(string), true);
        var options = new Parquet.ParquetOptions { CompressionMethod = method,
            CompressionLevel = System.IO.Compression.CompressionLevel.Fastest };
        options.ColumnEncodingHints["client_ip"] = nullable ? Parquet.EncodingHint.Dictionary : Parquet.EncodingHint.Default;
        using var stream = new MemoryStream();
        await using (var writer = await Parquet.ParquetWriter.CreateAsync(new(time, ip, tail), stream, options,
            cancellationToken: TestContext.Current.CancellationToken))
        {
            using var group = writer.CreateRowGroup();
            var times = rows.Select(row => DateTime.UnixEpoch.AddTicks(row.Micros * 10)).ToArray();
            await (nullable
                ? group.WriteAsync<DateTime>(time, times.Select(value => (DateTime?)value).ToArray(),
                    cancellationToken: TestContext.Current.CancellationToken)
                : group.WriteAsync<DateTime>(time, times, cancellationToken: TestContext.Current.CancellationToken));
            await group.WriteAsync(ip, rows.Select(row => row.Ip).ToArray());
            await group.WriteAsync(tail, rows.Select(row => row.Tail).ToArray());
        }
        var store = new MemoryStore();
        store["s"] = stream.ToArray();

        Assert.Equal(rows, await ReadAsync(store, TableWorld.Agents));
    }

    [Fact]
    public async Task Rule_23_a_segment_says_which_captures_it_holds()
    {
        var (store, _) = await WriteAsync(TableWorld.Agents, [new(TableWorld.Day.Number * UtcDay.MicrosPerDay, "::1", null)], 10, 10);

        var reader = await SegmentReader.OpenAsync(store, "s", TableWorld.Agents, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(new SegmentRange("web", 0, 9), Assert.Single(reader!.Label!.Shards));
        Assert.Equal((TableWorld.CaptureStore, TableWorld.KeyId), (reader.Label.Store, reader.Label.KeyId));
    }

    [Fact]
    public void A_row_of_another_date_is_refused()
    {
        using var writer = new SegmentWriter(TableWorld.Checks, TableWorld.Day, TableWorld.Label);

        Assert.Throws<ArgumentException>(() =>
            writer.Add(Batch(TableWorld.Checks, [new((TableWorld.Day.Number + 1) * UtcDay.MicrosPerDay, "::1", "7.0.0.1")])));
    }

    [Fact]
    public async Task Any_damage_is_an_error_that_names_the_segment_or_changes_nothing()
    {
        var rows = Enumerable.Range(0, 300)
            .Select(i => new Row(TableWorld.Day.Number * UtcDay.MicrosPerDay + i, $"198.51.100.{i % 90}", i % 4 == 0 ? null : "beef"))
            .ToArray();
        var (store, _) = await WriteAsync(TableWorld.Agents, rows, 1000, 100);
        var whole = store["s"];
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x41;
            store["s"] = damaged;
            try
            {
                // What the footer says beside the data (encodings, statistics, label) is not asked for here.
                Assert.Equal(rows, await ReadAsync(store, TableWorld.Agents));
            }
            catch (PipelineException e)
            {
                Assert.True(e is DifferenceException or FailedException, e.Message);
                Assert.DoesNotContain("198.51", e.Message);
            }
        }
    }

    private static Columns Batch(Contract contract, IEnumerable<Row> rows)
    {
        var columns = new Columns(contract);
        foreach (var row in rows)
        {
            columns.AddRow(row.Micros);
            columns.Strings[0].Append(Encoding.UTF8.GetBytes(row.Ip));
            if (row.Tail is null)
            {
                columns.Strings[1].AppendAbsent();
            }
            else
            {
                columns.Strings[1].Append(Encoding.UTF8.GetBytes(row.Tail));
            }
        }
        return columns;
    }

    private static async Task<(MemoryStore, SegmentFile)> WriteAsync(Contract contract, Row[] rows, int groupRows, int batch)
    {
        using var writer = new SegmentWriter(contract, TableWorld.Day, TableWorld.Label, groupRows);
        foreach (var chunk in rows.Chunk(batch))
        {
            writer.Add(Batch(contract, chunk));
        }
        var store = new MemoryStore();
        await store.PutIfAbsentAsync("s", writer.Finish());
        return (store, writer.Describe("s"));
    }

    private static async Task<List<Row>> ReadAsync(MemoryStore store, Contract contract)
    {
        var reader = await SegmentReader.OpenAsync(store, "s", contract);
        var rows = new List<Row>();
        await foreach (var batch in reader!.ReadAsync())
        {
            Assert.InRange(batch.Rows, 1, SegmentReader.BatchRows);
            for (var i = 0; i < batch.Rows; i++)
            {
                rows.Add(new(batch.Time[i], Encoding.UTF8.GetString(batch.Strings[0][i]), batch.Strings[1].IsPresent(i)
                    ? Encoding.UTF8.GetString(batch.Strings[1][i]) : null));
            }
        }
        return rows;
    }
}
