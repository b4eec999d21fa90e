using System.Globalization;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Tests.Fakes;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

/// <summary>What the tests of the table share: two contracts, captures that are only links, and drafts that ship them.</summary>
internal static class TableWorld
{
    public const string CaptureStore = "store-1", KeyId = "kid-1";

    public static readonly UtcDay Day = UtcDay.Parse("2026-03-04");

    public static readonly Contract Checks = Make("xencenter-checks", new("client_ip", FieldType.String, true, null, 45),
        new("xencenter_version", FieldType.String, true, null, 39));

    public static readonly Contract Agents = Make("agent-updates", new("client_ip", FieldType.String, true, null, 45),
        new("vm_uuid_prefix", FieldType.String, false, null, 4));

    public static readonly SegmentLabel Label = new(CaptureStore, KeyId, Checks.Sha256, [new("web", 0, 9)]);

    public static FakeTimeProvider Clock() =>
        new(DateTimeOffset.Parse("2026-03-04T12:00:00Z", CultureInfo.InvariantCulture)) { AutoAdvanceAmount =
        TimeSpan.FromMilliseconds(1) };

    public static TableLog Log(IObjectStore store, TimeProvider? time = null) => new(store, Checks, CaptureStore, KeyId, time ?? Clock());

    public static Link Capture(string shard, long number) => new(number, Sha256.Of(Encoding.UTF8.GetBytes($"{shard}/{number}")));

    /// <summary>A draft that ships captures up to <paramref name="to"/> of a shard over what the state has of it.</summary>
    public static CommitDraft Ship(TableState state, string shard, long to, long rows = 10)
    {
        ShippedLink? read = state.Shipped.TryGetValue(shard, out var link) ? link : null;
        var sums = new Sums(rows, (UInt128)(to + 1) << 80);
        return new()
        {
            Kind = CommitKind.Ship,
            Reason = "age",
            ReadShipped = new Dictionary<string, ShippedLink?> { [shard] = read },
            NewShipped = new Dictionary<string, Link> { [shard] = Capture(shard, to) },
            Add = [File(rows)],
            Shards = [new(shard, new((read?.Number ?? -1) + 1, to), 1, sums)],
            Dates = [new(Day, sums)],
        };
    }

    public static CommitDraft Compact(IReadOnlyList<SegmentFile> inputs) => new()
    {
        Kind = CommitKind.Compact,
        Reason = "small",
        Remove = inputs,
        Add = [File(inputs.Sum(file => file.Rows))],
    };

    public static SegmentFile File(long rows) => new(SegmentFile.NewPath(Day, Guid.NewGuid()), Day, 1000, rows,
        Day.Number * UtcDay.MicrosPerDay,
        Day.Number * UtcDay.MicrosPerDay + 123_456);

    public static async Task<TableState> CommitAsync(TableLog log, TableState state, CommitDraft draft) =>
        Assert.IsType<CommitResult.Committed>(await new Committer(log).TryCommitAsync(state, draft)).State;

    /// <summary>An entry as another engine writes it at the end of the log: the given actions, no `pipeline`.</summary>
    public static void AppendForeign(MemoryStore store, long version, params string[] actions) =>
        store[TableNames.Entry(Checks.Dataset, version)] = Encoding.UTF8.GetBytes(
            string.Join('\n', actions.Prepend("""{"commitInfo":{"timestamp":1772625600000,"operation":"WRITE","engineInfo":"other-engine:1"}}""")) + "\n");

    public static string ForeignAdd(string path, long rows, bool dataChange = true) =>
        $$$"""{"add":{"path":"{{{path}}}","partitionValues":{"date":"2026-03-04"},"size":77,"modificationTime":0,"dataChange":{{{(dataChange ? "true" : "false")}}},"stats":"{\"numRecords\":{{{rows}}},\"maxValues\":{\"time\":\"2026-03-04T10:00:00.123Z\"}}"}}""";

    public static string ForeignRemove(string path, bool dataChange) =>
        $$$"""{"remove":{"path":"{{{path}}}","deletionTimestamp":1772625600000,"dataChange":{{{(dataChange ? "true" : "false")}}}}}""";

    public static string EntryText(MemoryStore store, long version) =>
        Encoding.UTF8.GetString(store[TableNames.Entry(Checks.Dataset, version)]);

    private static Contract Make(string dataset, params ContractField[] strings) =>
        new(dataset, "1.0.0", Sha256.Of(Encoding.UTF8.GetBytes(dataset)).ToString(), default,
            [new("time", FieldType.Timestamp, true, null, null), .. strings], new([], []), RetentionMode.Indefinite, 30);
}
