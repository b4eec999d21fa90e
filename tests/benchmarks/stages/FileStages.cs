using Pipeline.Ingest.Formats;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Ingest.Files;
using Pipeline.Tests.Benchmarks.Whole;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Stages;

internal static class FileStages
{
    private const int CaptureBytes = 900_000, PutsAtOnce = 10;

    /// <summary>A file in the page cache → blocks of whole lines with their positions and checks.</summary>
    public static IEnumerable<Figure> Read()
    {
        using var folder = new TemporaryFolder();
        var bytes = CombinedLog.Write(folder["access.log"], 2_000_000, Blocks.Seed).Bytes;
        var reading = new FileReading("web", "file", LogFormats.Named("combined"), InstallationKey.New().Cursors());
        yield return Repeat.Rate("line blocks from a cached file", "B/s", bytes, () =>
        {
            using var file =
                new FileStream(folder["access.log"], new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });
            using var blocks = new LineBlocks(file, reading, null, default);
            while (blocks.Next() is { } block)
            {
                block.Release?.Invoke();
            }
            Check.Equal("bytes in blocks", blocks.Offset, bytes);
        });
    }

    /// <summary>One after another, each durable before the next begins: temporary file, fsync, link, fsync of the folder.</summary>
    public static IEnumerable<Figure> Put()
    {
        using var folder = new TemporaryFolder();
        using var store = DirectoryStore.Create(folder["store"]);
        var bytes = new byte[CaptureBytes];
        new Random(Blocks.Seed).NextBytes(bytes);
        long number = 0;
        var figure = Repeat.Rate("directory store put of 900 kB", "puts/s", PutsAtOnce, () =>
        {
            for (var i = 0; i < PutsAtOnce; i++)
            {
                Check.Equal("outcome of a put", (int)store.PutIfAbsentAsync($"captures/web/{number / 4096:D16}/{number++:D20}", bytes)
                    .GetAwaiter().GetResult(), (int)PutOutcome.Created);
            }
        });
        yield return figure with { Note =
            $"{1000 / figure.Median:0.00} ms each ({1000 / figure.Most:0.00} – {1000 / figure.Least:0.00}), " +
            $"{figure.Median * CaptureBytes / 1e6:0} MB/s" };
    }
}
