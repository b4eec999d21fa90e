using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store.Directories;
using Pipeline.Core.Table.Segments;
using Pipeline.Tests.Benchmarks.Whole;

namespace Pipeline.Tests.Benchmarks.Stages;

/// <summary>Segments of both datasets, of a day of the log that the whole way reads (5 M lines in 7 days), from batches as frames give
/// them.</summary>
internal static class SegmentStages
{
    private const int LinesOfADay = 5_000_000 / 7;

    public static IEnumerable<Figure> Write()
    {
        var days = Days();
        var rows = days.Sum(d => d.Sum(c => (long)c.Rows));
        long bytes = 0;
        var figure = Repeat.Rate("segment write", "rows/s", rows, () => bytes = days.Sum(batches => (long)Segment(batches).Length));
        yield return figure.AtLeast(4e6) with { BytesPerRow = bytes / (double)rows };
        yield return new Figure("segment size", "B/row", bytes / (double)rows, bytes / (double)rows, bytes / (double)rows).AtMost(7);
    }

    public static IEnumerable<Figure> Read()
    {
        using var folder = new TemporaryFolder();
        using var store = DirectoryStore.Create(folder["store"]);
        long rows = 0;
        var segments = Days().Select((batches, i) =>
        {
            rows += batches.Sum(c => (long)c.Rows);
            store.PutIfAbsentAsync($"segment-{i}", Segment(batches)).GetAwaiter().GetResult();
            return (Name: $"segment-{i}", batches[0].Contract);
        }).ToList();
        yield return Repeat.Rate("segment read", "rows/s", rows, () =>
        {
            Check.Equal("read rows", segments.Sum(s => ReadAsync(store, s.Name, s.Contract).GetAwaiter().GetResult()), rows);
        });
    }

    private static List<List<Columns>> Days() => [.. Blocks.Columns(Blocks.Combined(LinesOfADay).Parse()).GroupBy(c => c.Contract.Dataset)
        .Select(g => g.ToList())];

    private static ReadOnlyMemory<byte> Segment(List<Columns> batches)
    {
        using var writer = new SegmentWriter(batches[0].Contract, UtcDay.Of(batches[0].Time[0]),
            new SegmentLabel("store", "kid", "contract", [new("web", 0, 9)]));
        foreach (var batch in batches)
        {
            writer.Add(batch);
        }
        return writer.Finish();
    }

    private static async Task<long> ReadAsync(DirectoryStore store, string name, Contract contract)
    {
        long rows = 0;
        var reader = await SegmentReader.OpenAsync(store, name, contract);
        await foreach (var batch in reader!.ReadAsync())
        {
            rows += batch.Rows;
        }
        return rows;
    }
}
