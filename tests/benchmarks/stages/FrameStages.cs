using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Tests.Benchmarks.Whole;

namespace Pipeline.Tests.Benchmarks.Stages;

internal static class FrameStages
{
    private const int Lines = 100_000;

    public static IEnumerable<Figure> Hash()
    {
        var columns = Blocks.Columns(Blocks.Combined(Lines).Parse()).ToList();
        using var hash = new RowHash(InstallationKey.New().RowKey());
        yield return Repeat.Rate("keyed row hash", "rows/s", columns.Sum(c => (long)c.Rows), () =>
        {
            foreach (var batch in columns)
            {
                hash.AddByDay(batch, new SortedDictionary<UtcDay, Sums>());
            }
        }).AtLeast(15e6);
    }

    /// <summary>At the batch size that ingest makes: the rows of a 1 MiB block.</summary>
    public static IEnumerable<Figure> Encode()
    {
        var columns = Blocks.Columns(Blocks.Combined(Lines).Parse()).ToList();
        var encoders = Encoders();
        var rows = columns.Sum(c => (long)c.Rows);
        long bytes = 0;
        var figure = Repeat.Rate("frame encode", "records/s", rows, () =>
        {
            bytes = 0;
            foreach (var batch in columns)
            {
                bytes += encoders[batch.Contract.Dataset].EncodeBatches(batch).Sum(b => b.Length);
            }
        });
        Dispose(encoders);
        yield return figure.AtLeast(2.5e6) with { BytesPerRow = bytes / (double)rows,
            Note = $"batches of {rows / columns.Count} records on average" };
    }

    /// <summary>Frames as captures hold them: the batches of about ten blocks.</summary>
    public static IEnumerable<Figure> Decode()
    {
        var columns = Blocks.Columns(Blocks.Combined(Lines).Parse()).ToList();
        var encoders = Encoders();
        var frames = columns.GroupBy(c => c.Contract.Dataset).Select(g =>
            (g.First().Contract, Bytes: encoders[g.Key].Frame(g.SelectMany(c => encoders[g.Key].EncodeBatches(c))),
                Rows: g.Sum(c => (long)c.Rows))).ToList();
        Dispose(encoders);
        yield return Repeat.Rate("frame decode", "records/s", frames.Sum(f => f.Rows), () =>
        {
            foreach (var (contract, bytes, rows) in frames)
            {
                Check.Equal("decoded records", FrameDecoder.Decode(contract, bytes, rows).Sum(batch => (long)batch.Rows), rows);
            }
        });
    }

    private static Dictionary<string, FrameEncoder> Encoders() => PublishedContracts.All.ToDictionary(c => c.Dataset, c =>
        new FrameEncoder(c));

    private static void Dispose(Dictionary<string, FrameEncoder> encoders)
    {
        foreach (var encoder in encoders.Values)
        {
            encoder.Dispose();
        }
    }
}
