using System.Text;
using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Compaction;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Compaction;

/// <summary>A table of many small segments, and what tests ask of it.</summary>
internal sealed class CompactWorld : ICompactionEvents
{
    public StoredWorld World { get; } = new();

    public TableLog Log => World.Logs[1];

    public int Conflicts { get; private set; }

    public List<string> Refused { get; } = [];

    /// <summary>A commit a seal, each with rows of some dates.</summary>
    public static async Task<CompactWorld> OfAsync(int seals, int rows = 5, int days = 2, int seed = 0)
    {
        var made = new CompactWorld();
        for (var i = 0; i < seals; i++)
        {
            await made.SealAsync(rows, seed + i, i % days);
        }
        return made;
    }

    public async Task SealAsync(int rows, int seed, int day)
    {
        await World.CaptureAsync("web", checks: StoredWorld.Rows(rows, seed, day));
        await World.ShipAsync();
    }

    public TableLog LogOver(IObjectStore store) => new(store, StoredWorld.Checks, StoredWorld.StoreId, World.Key.KeyId, World.Clock);

    public Compactor Compactor(IObjectStore? store = null, CompactionPolicy? policy = null) =>
        new(LogOver(store ?? World.Uk), World.Key.RowKey(), Workers.Inline, World.Clock, policy ?? new CompactionPolicy(), this);

    public OrphanedSegments Orphaned(IObjectStore? store = null, TimeSpan? grace = null) =>
        new(LogOver(store ?? World.Uk), World.Key.RowKey(), Workers.Inline, World.Clock, grace ?? OrphanedSegments.DefaultGrace, this);

    public async Task<TableState> StateAsync() => (await Log.OpenAsync())!;

    /// <summary>Every row of the live segments, sorted.</summary>
    public async Task<List<string>> RowsAsync()
    {
        var rows = new List<string>();
        foreach (var file in (await StateAsync()).Files.Values)
        {
            rows.AddRange(await RowsOfAsync(World.Uk, file));
        }
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    public static async Task<List<string>> RowsOfAsync(IObjectStore store, SegmentFile file)
    {
        var rows = new List<string>();
        var reader = (await SegmentReader.OpenAsync(store, TableNames.Segment(StoredWorld.Checks.Dataset, file.Path), StoredWorld.Checks,
            file.Size))!;
        await foreach (var batch in reader.ReadAsync())
        {
            for (var i = 0; i < batch.Rows; i++)
            {
                rows.Add($"{Encoding.UTF8.GetString(batch.Strings[0][i])} {batch.Time[i]} {Encoding.UTF8.GetString(batch.Strings[1][i])}");
            }
        }
        return rows;
    }

    /// <summary>Paths of all Parquet files in the table's folder.</summary>
    public async Task<HashSet<string>> StoredAsync()
    {
        var folder = TableNames.Folder(StoredWorld.Checks.Dataset);
        var paths = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var found in World.Uk.ListAsync(folder + "date="))
        {
            paths.Add(found.Name[folder.Length..]);
        }
        return paths;
    }

    public async Task<List<string>> ReceiptsAsync()
    {
        var names = new List<string>();
        await foreach (var found in World.Uk.ListAsync("receipts/"))
        {
            names.Add(found.Name);
        }
        return names;
    }

    public async Task AssertSoundAsync()
    {
        var report = await World.VerifyAsync(deep: true);
        Assert.True(report.Ok, report.ToJson());
    }

    public void Compacted(string dataset, long version, int inputs, int outputs, long rows, long bytesBefore, long bytesAfter)
    {
    }

    public void CompactionConflict(string dataset, long version, int groups) => Conflicts += groups;

    public void NotCompacted(string dataset, UtcDay date, string why) => Refused.Add(why);

    public void OrphansRemoved(string dataset, int segments, long bytes, string receipt)
    {
    }

    public void Waiting(StoreException fault)
    {
    }
}
