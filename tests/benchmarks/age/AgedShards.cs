using System.Diagnostics;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Directories;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Fakes;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Age;

/// <summary>
/// What the past of a shard costs: its snapshot, and a start with an import of 100 lines, after a thousand files and after a million files
/// and 100,000 retired streams. Directory stores; without the shipper, which knows no files.
/// </summary>
internal static class AgedShards
{
    private const int Young = 1_000, Old = 1_000_000, Retired = 100_000, Turns = 15, FilesInCapture = 100, StreamsInCapture = 500;
    private const int Quiet = 300, MostSnapshot = 1_000_000;

    private static readonly InstallationKey Key = InstallationKey.New();

    public static async Task<IReadOnlyList<Figure>> RunAsync(TemporaryFolder folder, double allowed)
    {
        var (times, snapshots, pages) = (new Dictionary<int, List<double>>(), new Dictionary<int, long>(), 0L);
        foreach (var files in new[] { Young, Old })
        {
            Console.Error.WriteLine($"ageing: a shard that read {files:N0} files");
            using var store = new DirectoryStore(folder[$"shard-{files}"]);
            var captures = Captures(store);
            var shard = new AgedShard(captures, "web", new ColdPolicy().Decide, keeps: false);
            await shard.ReadFilesAsync(0, files, FilesInCapture);
            await shard.RetireStreamsAsync(files == Old ? Retired : Young, StreamsInCapture);
            await shard.RestAsync(Quiet);
            (snapshots[files], pages, times[files]) = (shard.Snapshot().Length, shard.State.Cold?.Pages ?? 0, []);
            await store.PutIfAbsentAsync(CaptureNames.Snapshot("web", shard.State.Head!.Value.Number), shard.Snapshot());
        }
        for (var turn = 0; turn < Turns; turn++)
        {
            foreach (var (files, taken) in times)
            {
                var log = folder[$"shard-{turn}.log"];
                CombinedLog.Write(log, 100, turn + 1_000);
                var started = Stopwatch.GetTimestamp();
                await ImportAsync(folder[$"shard-{files}"], log);
                taken.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        var (young, old) = (Of(Young, times), Of(Old, times));
        var ratio = old.Median / young.Median;
        return
        [
            new Figure($"snapshot after {Old:N0} closed files and {Retired:N0} retired streams, {pages:N0} cold pages", "B", snapshots[Old],
                snapshots[Old], snapshots[Old]) { Target = "≤ 1 MB", Met = snapshots[Old] <= MostSnapshot },
            young, old with { Ratio = ratio, Target = $"≤ {allowed} × the first", Met = ratio <= allowed },
        ];
    }

    private static Figure Of(int files, Dictionary<int, List<double>> times) => new(
        $"start and import of 100 lines, {files:N0} closed files",
        "ms", Repeat.Median(times[files]), times[files].Min(), times[files].Max());

    private static CaptureStore Captures(IObjectStore store) => new(store, "00112233445566778899aabbccddeeff", Key.Captures());

    /// <summary>As a new process does it: fold, claim, look the file up, capture.</summary>
    private static async Task ImportAsync(string folder, string log)
    {
        using var store = new DirectoryStore(folder);
        var captures = Captures(store);
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, Key.RowKey());
        using var loop = new ShardLoop("web", captures, encoder, new StoreRetry(TimeProvider.System), Workers.Pool,
            new ShardOptions { TakesPushes = false });
        var state = await captures.FoldAsync("web");
        await loop.ClaimAsync(["web"], default);
        var run = loop.RunAsync(default);
        using var pages = new ColdPages(captures, state);
        var results = await new FileImport(new FileCursors("web", state.Files) { Cold = pages }, LogFormats.Named("combined"),
            Key.Cursors(),
            loop, Workers.Pool).RunAsync([log], final: true, default);
        loop.Complete();
        await run;
        Whole.Check.Equal("lines of an import", results.Sum(result => result.Counts.Lines), 100L);
    }
}
