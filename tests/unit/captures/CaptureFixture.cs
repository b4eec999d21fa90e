using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;

namespace Pipeline.Tests.Unit.Captures;

/// <summary>Captures of a shard, made by hand as ingest makes them.</summary>
internal sealed class CaptureFixture
{
    public const string Store = "00112233445566778899aabbccddeeff";

    public static readonly CaptureKey Key = new InstallationKey(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray()).Captures();

    public static string KeyId => Key.KeyId;

    public ShardState State { get; } = new() { Store = Store, Shard = "web", KeyId = KeyId };

    /// <summary>The next capture, with a frame of each named dataset that holds this many rows, and one file read.</summary>
    public Capture Next(int rows = 1, params string[] datasets)
    {
        var frames = datasets.Order(StringComparer.Ordinal).Select(d => Frame(d, rows)).ToList();
        var at = State.Files.TryGetValue("web/f", out var cursor) ? cursor.Offset : 0;
        var header = new CaptureHeader
        {
            Store = Store, Shard = "web", Number = State.Next, Session = "s", Previous = State.Head?.Hash, KeyId = KeyId,
            Contracts = new(StringComparer.Ordinal), Links = new(State.Links.ToDictionary(l => l.Key, l => l.Value),
                StringComparer.Ordinal),
            Reads = [new ReadEntry { Source = "web", Format = "combined", File = "f", From = at, To = at
                + 100, Check = "c", Lines = rows * datasets.Length + 1, Rejected = new() { ["empty"] = 1 },
                Physical = rows * datasets.Length + 1 }],
            Frames = [.. frames.Select(f => f.Entry)],
        };
        var (bytes, laid) = CaptureFile.Encode(header, RejectionBlock.Encode([new(0, "empty", 1, 1)]), [.. frames.Select(f => f.Bytes)],
            Key);
        var capture = new Capture(new Link(header.Number, Sha256.Of(bytes)), laid, bytes);
        Assert.Null(State.Apply(laid, capture.Link));
        return capture;
    }

    private static (FrameEntry Entry, byte[] Bytes) Frame(string dataset, int rows)
    {
        var contract = PublishedContracts.ByDataset(dataset);
        var columns = new Columns(contract);
        for (var i = 0; i < rows; i++)
        {
            columns.AddRow(1_793_000_000_000_000 + i);
            columns.Strings[0].Append("198.18.0.1"u8);
            columns.Strings[1].Append(dataset == "agent-updates" ? "1a2b"u8 : "8.2.7.12"u8);
        }
        using var hash = new RowHash(new byte[24]);
        using var encoder = new FrameEncoder(contract);
        var days = new SortedDictionary<UtcDay, Sums>();
        hash.AddByDay(columns, days);
        return (new FrameEntry { Dataset = dataset, Offset = 0, Length = 0, Rows = rows,
            Dates = new(days.ToDictionary(d => d.Key.ToString(), d => DaySums.Of(d.Value))) },
            encoder.Frame(encoder.EncodeBatches(columns)));
    }
}
