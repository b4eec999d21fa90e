using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Verify;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Repair;
using Pipeline.Shipper.Seal;
using Pipeline.Shipper.Tables;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Unit.Verify;

/// <summary>A record of either dataset: µs since 1970, the address, and the version or prefix (null: absent).</summary>
internal sealed record Row(long Time, string Address, string? Last);

/// <summary>Two stores in memory, filled by the real encoders and the real shipper, for tests to look at or to damage.</summary>
internal sealed class StoredWorld
{
    public const string StoreId = "00112233445566778899aabbccddeeff";

    public static readonly Contract Checks = PublishedContracts.XenCenterChecks, Agents = PublishedContracts.AgentUpdates;

    public static readonly UtcDay Day = UtcDay.Parse("2026-03-04");

    private readonly Dictionary<string, ShardState> _states = [];

    public StoredWorld(int snapshotEvery = ShardState.SnapshotEvery)
    {
        SnapshotEvery = snapshotEvery;
        Us = new MemoryStore(Clock, "us");
        Uk = new MemoryStore(Clock, "uk");
        Captures = new CaptureStore(Us, StoreId, Key.Captures());
        Logs = [.. ((Contract[])[Agents, Checks]).Select(contract => new TableLog(Uk, contract, StoreId, Key.KeyId, Clock))];
    }

    public int SnapshotEvery { get; }
    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 10, 0, 0, 0, TimeSpan.Zero));
    public InstallationKey Key { get; } = new(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());
    public MemoryStore Us { get; }
    public MemoryStore Uk { get; }
    public CaptureStore Captures { get; }
    public IReadOnlyList<TableLog> Logs { get; }

    /// <summary>Rows of a day: distinct addresses, one a second.</summary>
    public static Row[] Rows(int count, int seed = 0, int day = 0) =>
        [.. Enumerable.Range(0, count)
            .Select(i => new Row((Day.Number + day) * UtcDay.MicrosPerDay + i * 1_000_000L, $"198.18.{seed % 256}.{i % 256}", "8.2.7"))];

    /// <summary>The shard's next capture, with a read that counts these rows and what else it is told.</summary>
    public async Task<Link> CaptureAsync(string shard, Row[]? checks = null, Row[]? agents = null, int empty = 0, int duplicates = 0,
        bool keyed = true, Func<CaptureHeader, CaptureHeader>? change = null)
    {
        var state = _states.TryGetValue(shard, out var known) ? known : _states[shard] = Captures.Empty(shard);
        var (entries, frames) = (new List<FrameEntry>(), new List<byte[]>());
        foreach (var (contract, rows) in new[] { (Agents, agents), (Checks, checks) })
        {
            if (rows is { Length: > 0 })
            {
                var (entry, frame) = Encode(contract, rows);
                entries.Add(entry);
                frames.Add(frame);
            }
        }
        var file = Key.Cursors().Of(Encoding.ASCII.GetBytes(shard));
        using var pages = new ColdPages(Captures, state);
        var cold = state.Files.TryGetValue(ShardState.FileKey(shard, file), out var cursor) ? null
            : (await pages.FilesAsync(shard, file, CancellationToken.None)).SingleOrDefault();
        var from = cursor?.Offset ?? cold?.Cursor.Offset ?? 0;
        var lines = entries.Sum(e => e.Rows) + empty + duplicates;
        List<ReadEntry> reads = lines == 0 ? [] : [new ReadEntry
        {
            Source = shard, Format = "combined", File = keyed ? file : null, From = from, To = from
                + lines * 100, Check = "00", Line = from / 100, Physical = lines, Lines = lines,
            Recalls = keyed ? cold?.Page : null, Duplicates = duplicates,
            Rejected = empty == 0 ? null : new(StringComparer.Ordinal) { ["empty"] = empty },
        }];
        var header = new CaptureHeader
        {
            Store = StoreId, Shard = shard, Number = state.Next, Session = "s", Previous = state.Head?.Hash, KeyId = Key.KeyId,
                Contracts = [], Links = new(state.Links.ToDictionary(l => l.Key, l => l.Value), StringComparer.Ordinal),
            Reads = reads, Frames = entries,
        };
        header = change?.Invoke(header) ?? header;
        var (bytes, whole) =
            CaptureFile.Encode(header, RejectionBlock.Encode(empty == 0 ? [] : [new RejectedLines(0, "empty", from / 100 + 1, empty)]),
            frames, Key.Captures());
        var link = new Link(header.Number, Sha256.Of(bytes));
        await Us.PutIfAbsentAsync(CaptureNames.Capture(shard, header.Number), bytes);
        await Us.PutIfAbsentAsync(CaptureNames.Source(shard), SourceObject.Encode(shard));
        if (state.Apply(whole, link) is { } fork)
        {
            throw fork.ToException();
        }
        foreach (var page in state.Cooled)
        {
            await Us.PutIfAbsentAsync(CaptureNames.Cold(shard, page.Page), await pages.EncodeAsync(page, CancellationToken.None));
        }
        state.Cooled.Clear();
        if (state.Next % SnapshotEvery == 0)
        {
            await Us.PutIfAbsentAsync(CaptureNames.Snapshot(shard, header.Number), SnapshotFile.Encode(state, Key.Captures()));
        }
        return link;
    }

    /// <summary>Forgets what this process knows of the shards, as a new process does.</summary>
    public async Task RestartAsync(string shard) => _states[shard] = await Captures.FoldAsync(shard);

    public async Task ShipAsync()
    {
        var tables = Logs.Select(log => new TableShipper(log.Contract, log, new Committer(log),
            new Sealer(log, Key.RowKey(), Workers.Inline, new SemaphoreSlim(1), Clock), Clock, new Quiet())).ToList();
        await new ShipLoop(Captures, tables, new(new SealPolicy(), TimeSpan.FromMinutes(1)), Clock, new Quiet())
            .CatchUpAllAsync(SealReason.Final, CancellationToken.None);
    }

    public Task<VerifyReport> VerifyAsync(bool deep = false) => Verifier().RunAsync(deep);

    public Verifier Verifier() => new(Captures, Logs, Key.RowKey(), Workers.Inline, null, SnapshotEvery);

    /// <summary>Everything that a report names, each in a line.</summary>
    public static IReadOnlyList<string> Words(VerifyReport report) =>
        [.. report.Differences, .. report.Corrupt.Select(c => $"{c.Object}: {c.Why}"),
            .. report.Deleted.Select(d => $"{d.Object}: {d.Why}"), .. report.Missing.Select(m => $"missing {m}")];

    /// <summary>A read-only view of both stores, and receipts where they are.</summary>
    public Task<VerifyReport> SinceAsync(bool deep = false, IObjectStore? us = null, IObjectStore? uk = null) => new Verifier(
        new CaptureStore(us ?? Us, StoreId, Key.Captures()),
            [.. Logs.Select(log => new TableLog(uk ?? Uk, log.Contract, StoreId, Key.KeyId, Clock))], Key.RowKey(), Workers.Inline, null,
            SnapshotEvery).RunAsync(new VerifyRequest(deep, true));

    /// <summary>Writes the receipt of a clean check; its name.</summary>
    public async Task<string> ReceiptAsync(VerifyReport report)
    {
        Clock.Advance(TimeSpan.FromSeconds(1));
        return await VerifiedReceipts.WriteAsync(Uk, report, Clock);
    }

    public Repairer Repairer() => new(Captures, Logs, log => new Sealer(log, Key.RowKey(), Workers.Inline, new SemaphoreSlim(1), Clock),
        Clock);

    /// <summary>An appended entry after which the live files are those of <paramref name="version"/>, as engines restore a table.</summary>
    public async Task RestoreAsync(long version)
    {
        var (then, now) = ((await Logs[1].OpenAtAsync(version))!, (await Logs[1].OpenAsync())!);
        await AppendAsync("RESTORE", [.. now.Files.Values.Where(f => !then.Files.ContainsKey(f.Path)).Select(f => Remove(f)),
            .. then.Files.Values.Where(f => !now.Files.ContainsKey(f.Path)).Select(f => Add(f))]);
    }

    public Task<TableState?> TableAsync() => Logs[1].OpenAsync();

    public static Task DropAsync(IObjectStore store, string name) => store.DeleteAsync(name);

    public async Task<SegmentFile> AnySegmentAsync() => (await Logs[1].OpenAsync())!.Files.Values.OrderBy(f =>
        f.Path, StringComparer.Ordinal).First();

    /// <summary>Replaces an object behind everyone's back.</summary>
    public static async Task ChangeAsync(IObjectStore store, string name, Func<byte[], byte[]> change) =>
        await store.OverwriteAsync(name, change((await store.ReadAsync(name))!));

    public static Task ChangeTextAsync(IObjectStore store, string name, Func<string, string> change) =>
        ChangeAsync(store, name, bytes => Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(bytes)) is var text
            && text == Encoding.UTF8.GetString(bytes) ? throw new InvalidOperationException("nothing was changed") : text));

    /// <summary>Changes an entry of a log as a forger would: its own check holds again.</summary>
    public static Task ForgeAsync(IObjectStore store, string name, Func<string, string> change) =>
        ChangeTextAsync(store, name, text => Rechecked(change(text)));

    /// <summary>With a check that holds.</summary>
    public static string Rechecked(string entry)
    {
        var at = entry.IndexOf("\"check\":\"", StringComparison.Ordinal) + 9;
        return Encoding.UTF8.GetString(
            DamageCheck.FillJson(Encoding.UTF8.GetBytes(entry[..at] + DamageCheck.Blank + entry[(at + DamageCheck.Length)..])));
    }

    /// <summary>An entry as another engine appends it.</summary>
    public Task ForeignAsync(params string[] actions) => AppendAsync("DELETE", actions);

    private async Task AppendAsync(string operation, string[] actions)
    {
        var version = (await Logs[1].OpenAsync())!.Version + 1;
        await Uk.PutIfAbsentAsync(TableNames.Entry(Checks.Dataset, version), Encoding.UTF8.GetBytes(
            string.Join('\n', actions.Prepend($$$"""{"commitInfo":{"timestamp":1772625600000,"operation":"{{{operation}}}","engineInfo":"other-engine:1"}}""")) + "\n"));
    }

    public static string Remove(SegmentFile file, bool dataChange = true) =>
        $$$"""{"remove":{"path":"{{{file.Path}}}","deletionTimestamp":1772625600000,"dataChange":{{{(dataChange ? "true" : "false")}}}}}""";

    public static string Add(SegmentFile file, bool dataChange = true, bool stats = true) =>
        $$$"""{"add":{"path":"{{{file.Path}}}","partitionValues":{"date":"{{{file.Date}}}"},"size":{{{file.Size}}},"modificationTime":0,"dataChange":{{{(dataChange ? "true" : "false")}}}{{{(stats ? $",\"stats\":\"{{\\\"numRecords\\\":{file.Rows}}}\"" : "")}}}}}""";

    /// <summary>Puts a segment of these rows as another engine might, and describes it.</summary>
    public async Task<SegmentFile> SegmentAsync(Row[] rows, UtcDay date)
    {
        var writer = new SegmentWriter(Checks, date, new SegmentLabel(StoreId, Key.KeyId, Checks.Sha256, []));
        writer.Add(ToColumns(Checks, rows));
        var bytes = writer.Finish();
        var file = writer.Describe(SegmentFile.NewPath(date, Guid.NewGuid()));
        writer.Dispose();
        await Uk.PutIfAbsentAsync(TableNames.Segment(Checks.Dataset, file.Path), bytes);
        return file;
    }

    public static Columns ToColumns(Contract contract, IEnumerable<Row> rows)
    {
        var columns = new Columns(contract);
        foreach (var row in rows)
        {
            columns.AddRow(row.Time);
            columns.Strings[0].Append(Encoding.UTF8.GetBytes(row.Address));
            if (row.Last is null)
            {
                columns.Strings[1].AppendAbsent();
            }
            else
            {
                columns.Strings[1].Append(Encoding.UTF8.GetBytes(row.Last));
            }
        }
        return columns;
    }

    private (FrameEntry Entry, byte[] Bytes) Encode(Contract contract, Row[] rows)
    {
        var columns = ToColumns(contract, rows);
        using var hash = new RowHash(Key.RowKey());
        using var encoder = new FrameEncoder(contract);
        var days = new Dictionary<UtcDay, Sums>();
        hash.AddByDay(columns, days);
        var dates = new SortedDictionary<string, DaySums>(days.ToDictionary(d => d.Key.ToString(), d => DaySums.Of(d.Value)),
            StringComparer.Ordinal);
        return (new FrameEntry { Dataset = contract.Dataset, Offset = 0, Length = 0, Rows = rows.Length, Dates = dates },
            encoder.Frame(encoder.EncodeBatches(columns)));
    }

    private sealed class Quiet : IShipEvents
    {
        public void Sealed(SealFacts facts) { }
        public void Conflict(string dataset, long version) { }
        public void Gap(string dataset, string shard, CaptureRange range) { }
        public void Forked(Fork fork) { }
        public void Waiting(StoreException fault) => throw fault;
    }
}
