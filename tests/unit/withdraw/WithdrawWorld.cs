using System.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Ingest.Shard;
using Pipeline.Ingest.Withdraw;
using Pipeline.Processor.Compaction;
using Pipeline.Shipper.Withdraw;
using Pipeline.Tests.Unit.Verify;

namespace Pipeline.Tests.Unit.Withdraw;

/// <summary>Two stores with captures that are shipped, and the parts of `withdraw` over them.</summary>
/// <param name="snapshotEvery">Captures of a shard between two snapshots.</param>
internal sealed class WithdrawWorld(int snapshotEvery = ShardState.SnapshotEvery) : ICompactionEvents
{
    public StoredWorld World { get; } = new(snapshotEvery);

    /// <summary>Captures of shard `web` with ten checks each, of one file, all shipped.</summary>
    public static async Task<WithdrawWorld> OfAsync(int captures, int snapshotEvery = ShardState.SnapshotEvery)
    {
        var made = new WithdrawWorld(snapshotEvery);
        for (var i = 0; i < captures; i++)
        {
            await made.World.CaptureAsync("web", StoredWorld.Rows(10, i));
            await made.World.ShipAsync();
        }
        return made;
    }

    /// <summary>All steps of a withdrawal.</summary>
    public Task WithdrawAsync(string source, CaptureRange? range = null, IObjectStore? us = null, IObjectStore? uk = null) =>
        Parts(us, uk).RunAsync(source, range);

    public Task<WithdrawalPlan> PlanAsync(string source, CaptureRange? range) => Parts().PlanAsync(source, range);

    public Task PutReceiptAsync(string source, CaptureRange? range) => Parts().PutReceiptAsync(source, range);

    public Task<IReadOnlyList<TableRemoval>> RemoveAsync(string source) => Parts().RemoveAsync(source);

    public static Fork? Apply(ShardState state, Withdrawal withdrawal) => Apply(state,
        new ReadEntry { Source = "web", Format = "", From = 0, To = 0, Check = "", Lines = 0, Withdraws = withdrawal });

    public static Fork? Apply(ShardState state, ReadEntry read)
    {
        var header = new CaptureHeader
        {
            Store = state.Store, Shard = state.Shard, Number = state.Next, Session = "t", Previous = state.Head?.Hash, KeyId = state.KeyId,
            Contracts = [], Links = new(state.Links.ToDictionary(l => l.Key, l => l.Value), StringComparer.Ordinal),
            Reads = [read], Frames = [],
        };
        return state.Apply(header, new Link(state.Next, Sha256.Of([1])));
    }

    public Task CompactAsync() =>
        new Compactor(World.Logs[1], World.Key.RowKey(), Workers.Inline, World.Clock, new CompactionPolicy(), this).RunAsync(null);

    public async Task<List<long>> VersionsAsync()
    {
        var versions = new List<long>();
        foreach (var log in World.Logs)
        {
            versions.Add((await log.OpenAsync())!.Version);
        }
        return versions;
    }

    /// <summary>Every row of the live segments of both tables, sorted.</summary>
    public async Task<List<string>> RowsAsync()
    {
        var rows = new List<string>();
        foreach (var log in World.Logs)
        {
            foreach (var file in (await log.OpenAsync())!.Files.Values)
            {
                var reader = (await SegmentReader.OpenAsync(World.Uk, TableNames.Segment(log.Contract.Dataset, file.Path), log.Contract,
                    file.Size))!;
                await foreach (var batch in reader.ReadAsync())
                {
                    for (var i = 0; i < batch.Rows; i++)
                    {
                        rows.Add($"{log.Contract.Dataset} {Encoding.UTF8.GetString(batch.Strings[0][i])} {batch.Time[i]}");
                    }
                }
            }
        }
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    public void Compacted(string dataset, long version, int inputs, int outputs, long rows, long bytesBefore, long bytesAfter)
    {
    }

    public void CompactionConflict(string dataset, long version, int groups)
    {
    }

    public void NotCompacted(string dataset, UtcDay date, string why) => Assert.Fail(why);

    public void OrphansRemoved(string dataset, int segments, long bytes, string receipt)
    {
    }

    public void Waiting(StoreException fault) => throw fault;

    private WithdrawParts Parts(IObjectStore? us = null, IObjectStore? uk = null) => new(
        us is null ? World.Captures : new CaptureStore(us, StoredWorld.StoreId, World.Key.Captures()),
        uk is null ? World.Logs : [.. World.Logs.Select(log => new TableLog(uk, log.Contract, StoredWorld.StoreId, World.Key.KeyId,
            World.Clock))], World.Key, ShardLimits.Protocol with { SnapshotEvery = snapshotEvery });
}
