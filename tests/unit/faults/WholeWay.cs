using System.Text;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Ingest.Formats.Text;
using Pipeline.Ingest.Shard;
using Pipeline.Processor.Verify;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;

namespace Pipeline.Tests.Unit.Faults;

/// <summary>One process that takes a log the whole way, wired as `import` wires it: 1 open or make the stores — 2 claim the shard — 3 read
/// on, capture, ship now and then — 4 ship all.</summary>
internal sealed class WholeWay(IObjectStore us, IObjectStore uk, TimeProvider time, TrueLog log, Witness witness) : IShipEvents
{
    private const string Shard = "web", File = "f00d";
    private const int BlockLines = 4;

    /// <summary>Captures of about two blocks, and a snapshot every third: so that cuts and snapshots are many.</summary>
    private static readonly ShardLimits Limits = new(4_000, 3);

    private static readonly InstallationKey Key = new([.. Enumerable.Range(1, InstallationKey.Length).Select(i => (byte)i)]);
    private static readonly CombinedFormat Format = new();

    public async Task RunAsync()
    {
        // 1
        var (capture, _) = await StoreIdentity.InitEmbeddedAsync(us, "us", uk, "uk", PublishedContracts.All);
        var captures = new CaptureStore(us, capture.Id, Key.Captures());
        var ship = Shipper(capture.Id, captures);
        // 2
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates, Key.RowKey());
        var options = new ShardOptions { Limits = Limits };
        using var loop = new ShardLoop(Shard, captures, encoder, new StoreRetry(time), Workers.Inline, options);
        await loop.ClaimAsync([Shard], CancellationToken.None);
        var cursor = loop.State.Files.GetValueOrDefault(ShardState.FileKey(Shard, File));
        Assert.True((cursor?.Offset ?? 0) >= witness.Acknowledged,
            $"promise 1: {witness.Acknowledged} bytes were acknowledged, the captures end at {cursor?.Offset ?? 0}");
        var run = loop.RunAsync(CancellationToken.None);
        // 3
        for (var line = (int)(cursor?.Line ?? 0); line < log.Lines; line += 2 * BlockLines)
        {
            var first = await loop.OfferAsync(Block(line), CancellationToken.None);
            var second = line + BlockLines < log.Lines ? await loop.OfferAsync(Block(line + BlockLines), CancellationToken.None) : first;
            Acknowledge(await first, await second);
            if (line / BlockLines % 4 == 0)
            {
                await ShipAsync(ship);
            }
        }
        loop.Complete();
        await run;
        // 4
        await ShipAsync(ship);
        Assert.Empty(ship.Forks);
    }

    /// <summary>What there is in the end is the truth: every row once, and `verify --deep` finds nothing.</summary>
    public async Task CheckAsync()
    {
        var (capture, _) = await StoreIdentity.InitEmbeddedAsync(us, "us", uk, "uk", PublishedContracts.All);
        var logs = Logs(capture.Id);
        var report = await new Verifier(new CaptureStore(us, capture.Id, Key.Captures()), logs, Key.RowKey(), Workers.Inline)
            .RunAsync(deep: true);
        Assert.True(report.Ok && report.Pending.Count == 0 && report.Lines == log.Lines, report.ToJson());
        var rows = new List<string>();
        foreach (var table in logs)
        {
            var state = (await table.OpenAsync())!;
            Assert.True(state.Version >= witness.Committed.GetValueOrDefault(table.Contract.Dataset),
                $"promise 1: version {witness.Committed.GetValueOrDefault(table.Contract.Dataset)} was told to be committed, the log " +
                $"ends at {state.Version}");
            foreach (var file in state.Files.Values)
            {
                var reader = (await SegmentReader.OpenAsync(uk, TableNames.Segment(table.Contract.Dataset, file.Path), table.Contract,
                    file.Size))!;
                await foreach (var batch in reader.ReadAsync())
                {
                    for (var i = 0; i < batch.Rows; i++)
                    {
                        rows.Add(TrueLog.Row(table.Contract.Dataset, batch.Time[i], Encoding.UTF8.GetString(batch.Strings[0][i]),
                            Encoding.UTF8.GetString(batch.Strings[1][i])));
                    }
                }
            }
        }
        rows.Sort(StringComparer.Ordinal);
        Assert.Equal(log.Rows, rows);
    }

    public void Sealed(SealFacts facts) => witness.Committed[facts.Dataset] = facts.Version;

    public void Conflict(string dataset, long version)
    {
    }

    public void Gap(string dataset, string shard, CaptureRange range)
    {
    }

    public void Forked(Fork fork)
    {
    }

    public void Waiting(StoreException fault)
    {
    }

    /// <summary>As at an import's end: told to stop at once, it catches up with everything, for as long as it takes.</summary>
    private static Task ShipAsync(ShipLoop ship) => ship.RunAsync(new CancellationToken(canceled: true), CancellationToken.None,
        SealReason.Final);

    private ShipLoop Shipper(string store, CaptureStore captures)
    {
        var slots = new SemaphoreSlim(1);
        var tables = Logs(store).Select(table => new TableShipper(table.Contract, table, new Committer(table, Waiting),
            new Sealer(table, Key.RowKey(), Workers.Inline, slots, time), time, this)).ToList();
        return new ShipLoop(captures, tables, new(new SealPolicy(), TimeSpan.FromMinutes(1)), time, this);
    }

    private List<TableLog> Logs(string store) =>
        [.. PublishedContracts.All.Select(contract => new TableLog(uk, contract, store, Key.KeyId, time))];

    private SourceBlock Block(int line)
    {
        var (from, to) = (log.At(line), log.At(Math.Min(line + BlockLines, log.Lines)));
        return new SourceBlock { Source = Shard, Format = Format, File = File, Lines = log.Bytes.AsMemory(from, to - from), From = from,
            To = to, Check = $"c{to}", Line = line };
    }

    private void Acknowledge(params ReadOnlySpan<BlockOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            witness.Acknowledged = Math.Max(witness.Acknowledged, outcome.Read.To);
        }
    }
}
