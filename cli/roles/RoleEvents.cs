using Pipeline.Cli.Telemetry;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;
using Pipeline.Ingest.Files;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Seal;

namespace Pipeline.Cli.Roles;

/// <summary>
/// Events of this process, as lines for operations and as counts. Names and numbers only, never content nor the name of a file. Events only
/// tell: nothing is done here.
/// </summary>
internal sealed class RoleEvents(Action<string> log, OutageWatch uk) : IShipEvents
{
    private long _captures, _captureBytes, _commits, _segments, _segmentBytes, _rows, _setAside;

    /// <summary>Counts what happens, or null where nobody asks.</summary>
    public Meters? Meters { get; init; }

    /// <summary>Each store tells its own watch: an outage is named with its store, and ends when that store answers.</summary>
    public bool StoresAreWatched { get; init; }

    /// <summary>Called with the bytes of content that were offered.</summary>
    public Action<long>? Progress { get; init; }

    public Shipped Counts => new(Interlocked.Read(ref _captures), Interlocked.Read(ref _captureBytes), Interlocked.Read(ref _commits),
        Interlocked.Read(ref _segments), Interlocked.Read(ref _segmentBytes), Interlocked.Read(ref _rows));

    /// <summary>Tells the outages of something that is neither store.</summary>
    public OutageWatch Outages(TimeProvider time) => new(time, null, log);

    /// <summary>Tells what happens to the files of one source.</summary>
    public ISourceEvents Of(string source, FileNames names) => new SourceLog(source, names, log, Progress, Meters is { } meters
        ? meters.KnownContent : null);

    public void Captured(string shard, Capture capture)
    {
        Interlocked.Increment(ref _captures);
        Interlocked.Add(ref _captureBytes, capture.Bytes.Length);
        Meters?.Captured(shard, capture);
    }

    /// <summary>A damaged snapshot was passed over: the captures fold to the same state.</summary>
    public void PassedOver(DifferenceException damage) =>
        log($"passed-over \"{damage.Message} The snapshot before it and the captures since then were read instead.\"");

    public void Sealed(SealFacts facts)
    {
        uk.Answered();
        Interlocked.Increment(ref _commits);
        Interlocked.Add(ref _segments, facts.Segments);
        Interlocked.Add(ref _segmentBytes, facts.Bytes);
        Interlocked.Add(ref _rows, facts.Rows);
        Meters?.Sealed(facts);
        log($"seal table={facts.Dataset} version={facts.Version} reason={facts.Reason} captures={facts.Frames} rows={facts.Rows} " +
            $"segments={facts.Segments} bytes={facts.Bytes}");
    }

    public void Taken(string dataset, TakenFrame frame, TableState table) => Meters?.Taken(dataset, frame, table);

    public void Looked(IReadOnlyList<ObservedHead> heads) => Meters?.Looked(heads);

    public void Conflict(string dataset, long version)
    {
        Meters?.Conflict(dataset);
        log($"conflict table={dataset} version={version}");
    }

    public void Gap(string dataset, string shard, CaptureRange range)
    {
        Meters?.Gap(dataset, range);
        log($"gap table={dataset} shard={shard} from={range.From} to={range.To}");
    }

    public void Forked(Fork fork)
    {
        Meters?.Forked();
        log($"fork shard={fork.Shard} from={fork.Number} \"{fork.Reason}\"");
    }

    public void Waiting(StoreException fault)
    {
        if (!StoresAreWatched)
        {
            uk.Waiting(fault);
        }
    }

    public void SetAside(FeedPosition position, string reason)
    {
        Meters?.SetAside(reason);
        // A flood of foreign messages is no reason to flood the log: the first hundred, then each thousandth.
        if (Interlocked.Increment(ref _setAside) is var count && (count <= SetAsides.Remembered || count % 1_000 == 0))
        {
            log($"set-aside topic={position.Topic} partition={position.Partition} offset={position.Offset} reason={reason} count={count}");
        }
    }

    public void Damaged(string shard, DifferenceException why)
    {
        Meters?.Damaged();
        var damaged = why is CorruptException corrupt ? $" object={corrupt.Target}" : "";
        log($"damaged shard={shard}{damaged} \"{why.Message} The other shards go on.\"");
    }

    public void Assigned(IReadOnlyList<int> partitions, int count)
    {
        Meters?.Assigned(partitions.Count);
        log($"assigned partitions={string.Join(',', partitions)} of={count}");
    }

    public void Revoked(IReadOnlyList<int> partitions, bool lost)
    {
        Meters?.Assigned(-partitions.Count);
        log($"revoked partitions={string.Join(',', partitions)}{(lost ? " lost" : "")}");
    }

    public void Connected(bool up)
    {
        Meters?.Connected(up);
        log(up ? "kafka-up" : "kafka-down \"captures are found in the store meanwhile\"");
    }
}

/// <summary>What was put and committed by this process.</summary>
internal readonly record struct Shipped(long Captures, long CaptureBytes, long Commits, long Segments, long SegmentBytes, long Rows);
