using System.Text;
using CsCheck;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Shipper.Seal;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

/// <summary>A seal's segments hold the frames' rows, date by date, in the order in which they came: with a writer for each of a few dates,
/// and gathered where there are many.</summary>
public sealed class SealerTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 24).Select(i => (byte)i)];

    [Fact]
    public void A_segment_has_its_dates_rows_in_the_order_of_the_frames()
    {
        var row = Gen.Select(Gen.Int[0, 60], Gen.Int[0, 40], Gen.Bool);
        Gen.Select(row.Array[1, 60].List[1, 6], Gen.Int[1, 60]).Sample(
            (frames, dates) =>
                CheckAsync([.. frames.Select(rows => rows.Select(r => (Day: r.Item1 % dates, Address: r.Item2, Present: r.Item3))
                .ToArray())]).GetAwaiter().GetResult(), iter: 150, threads: 1);
    }

    [Fact]
    public async Task A_frame_that_holds_other_rows_than_it_declares_leaves_no_segment()
    {
        for (var days = 1; days < 100; days += SealPass.MaxWriters)
        {
            var store = new MemoryStore();
            var frame = Frame(0, [.. Enumerable.Range(0, days).Select(day => (day, 1, true))], sums => sums with { Hash = sums.Hash + 1 });
            Assert.IsAssignableFrom<DifferenceException>(
                (await Assert.ThrowsAnyAsync<PipelineException>(() =>
                Sealer(store).WriteAsync([frame], [], TestContext.Current.CancellationToken))));
            Assert.Equal(0, store.Count);
        }
    }

    private static Sealer Sealer(MemoryStore store) =>
        new(new TableLog(store, TableWorld.Agents, TableWorld.CaptureStore, TableWorld.KeyId, TableWorld.Clock()), Key, Workers.Inline,
            new SemaphoreSlim(1), TableWorld.Clock());

    private static async Task CheckAsync((int Day, int Address, bool Present)[][] frames)
    {
        var store = new MemoryStore();
        var expected = frames.SelectMany((rows, f) => rows.Select((r, i) =>
            (r.Day, Text: Text(Time(f, i, r.Day), Address(r.Address), r.Present ? Prefix(r.Address) : null)))).GroupBy(r => r.Day)
            .ToDictionary(g => TableWorld.Day.Number + g.Key, g => g.Select(r => r.Text).ToList());
        var (segments, dates) = await Sealer(store).WriteAsync([.. frames.Select((rows, f) => Frame(f, rows, sums => sums))], [], default);
        Assert.Equal(expected.Keys.Order(), segments.Select(s => s.Date.Number));
        Assert.Equal(expected.Keys.Order(), dates.Select(d => d.Date.Number));
        foreach (var segment in segments)
        {
            var found = new List<string>();
            await foreach (var batch in (await SegmentReader.OpenAsync(store, TableNames.Segment(TableWorld.Agents.Dataset, segment.Path),
                TableWorld.Agents))!.ReadAsync())
            {
                for (var row = 0; row < batch.Rows; row++)
                {
                    found.Add(Text(batch.Time[row], Encoding.UTF8.GetString(batch.Strings[0][row]), batch.Strings[1].IsPresent(row)
                        ? Encoding.UTF8.GetString(batch.Strings[1][row]) : null));
                }
            }
            Assert.Equal(expected[segment.Date.Number], found);
            Assert.Equal(found.Count, segment.Rows);
        }
    }

    private static TakenFrame Frame(int number, (int Day, int Address, bool Present)[] rows, Func<Sums, Sums> declare)
    {
        var columns = new Columns(TableWorld.Agents);
        for (var i = 0; i < rows.Length; i++)
        {
            columns.AddRow(Time(number, i, rows[i].Day));
            columns.Strings[0].Append(Encoding.UTF8.GetBytes(Address(rows[i].Address)));
            if (rows[i].Present)
            {
                columns.Strings[1].Append(Encoding.UTF8.GetBytes(Prefix(rows[i].Address)));
            }
            else
            {
                columns.Strings[1].AppendAbsent();
            }
        }
        using var hash = new RowHash(Key);
        using var encoder = new FrameEncoder(TableWorld.Agents);
        var days = new SortedDictionary<UtcDay, Sums>();
        hash.AddByDay(columns, days);
        var entry = new FrameEntry { Dataset = TableWorld.Agents.Dataset, Offset = 0, Length = 0, Rows = rows.Length,
            Dates = new(days.ToDictionary(d => d.Key.ToString(), d => DaySums.Of(declare(d.Value)))) };
        return new TakenFrame("web", TableWorld.Capture("web", number), null, entry, encoder.Frame(encoder.EncodeBatches(columns)));
    }

    private static long Time(int frame, int row, int day) => (TableWorld.Day.Number + day) * UtcDay.MicrosPerDay + frame * 1_000_000L + row;

    private static string Address(int n) => $"198.18.{n % 7}.{n}";

    private static string Prefix(int n) => $"{n:x4}";

    private static string Text(long time, string address, string? prefix) => $"{time} {address} {prefix ?? "absent"}";
}
