using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Loop;

/// <summary>
/// One table and the frames that wait for it. Frames stay until their commit is confirmed; when shipped moved under them, all are offered again (rule 17).
/// </summary>
public sealed class TableShipper(Contract contract, TableLog log, Committer committer, Sealer sealer, TimeProvider time, IShipEvents events)
{
    private TableState? _state;

    public string Dataset => contract.Dataset;

    public Backlog Backlog { get; } = new();

    /// <summary>The table as it was last read, from any thread; null before the first time.</summary>
    public TableState? Known => _state;

    /// <summary>The same, where it was read.</summary>
    public TableState State => _state ?? throw new InvalidOperationException("the table was not read yet");

    public TimeSpan OldestAge => Backlog.Count == 0 ? TimeSpan.Zero : time.GetElapsedTime(Backlog.Since);

    public ShippedLink? Taken(string shard) => Backlog.Taken(shard, State);

    /// <summary>Reads the log to its end. What another shipper committed meanwhile is dropped from memory.</summary>
    public async Task RefreshAsync(CancellationToken cancel)
    {
        var before = _state;
        _state = before is null ? await log.OpenOrCreateAsync(cancel) : await log.ReadToEndAsync(before, cancel);
        if (before is not null)
        {
            OfferAgain(_state.Shipped.Where(s => !before.Shipped.TryGetValue(s.Key, out var was) || was != s.Value).Select(s => s.Key));
        }
    }

    /// <summary>The four cases for one capture; a frame that is the next is taken.</summary>
    /// <param name="byFeed">It came as a message, not from the capture store.</param>
    /// <exception cref="PipelineException">3: the capture is cut.</exception>
    public IntakeCase Offer(Capture capture, bool byFeed = false)
    {
        if (capture.Header.FrameOf(Dataset) is not { } entry)
        {
            return IntakeCase.Have;
        }
        Link? before = capture.Header.Links.TryGetValue(Dataset, out var link) ? link : null;
        var frame = new TakenFrame(capture.Header.Shard, capture.Link, before, entry, FrameOf(capture, entry), byFeed);
        var decided = Offer(frame);
        if (decided == IntakeCase.Take)
        {
            events.Taken(Dataset, frame, State);
        }
        return decided;
    }

    public void Drop(string shard) => Backlog.Remove(shard);

    /// <summary>
    /// Segments, then the commit, then the frames are let go: in that order (rules 16 and 17). Frames that another shipper had committed meanwhile are dropped,
    /// and the rest is sealed again. So is the rest where messages did not hold what they declare: their shards' frames are let go.
    /// </summary>
    /// <returns>The shards that were let go: the capture store is to be read for them. Mostly none.</returns>
    /// <exception cref="PipelineException">3: a capture of the store does not hold what it declares, or the table was restored under us.</exception>
    public async Task<IReadOnlyList<string>> SealAsync(string reason, CancellationToken cancel)
    {
        IReadOnlyList<string> corrupt = [];
        while (Backlog.Count > 0)
        {
            var frames = Backlog.Frames.ToList();
            var shards = Sealer.Shards(frames, State);
            using var span = Spans.Seal(Dataset, reason, frames.Select(f => f.Link));
            IReadOnlyList<SegmentFile> segments;
            IReadOnlyList<DateTotal> dates;
            try
            {
                (segments, dates) = await sealer.WriteAsync(frames, [.. shards.Select(s => new SegmentRange(s.Shard, s.Range.From, s.Range.To))], cancel);
            }
            catch (DifferenceException) when (frames.Exists(f => f.ByFeed))
            {
                corrupt = [.. frames.Where(f => f.ByFeed).Select(f => f.Shard).Distinct()];
                events.Corrupt(Dataset, corrupt);
                foreach (var shard in corrupt)
                {
                    Backlog.Remove(shard);
                }
                continue;
            }
            var last = frames.GroupBy(f => f.Shard).ToDictionary(g => g.Key, g => g.Last().Link);
            var draft = new CommitDraft
            {
                Kind = CommitKind.Ship, Reason = reason,
                ReadShipped = last.Keys.ToDictionary(shard => shard, shard => State.Shipped.TryGetValue(shard, out var s) ? (ShippedLink?)s : null),
                NewShipped = last, Add = segments, Shards = shards, Dates = dates,
            };
            CommitResult result;
            using (var commit = Spans.Commit(Dataset))
            {
                result = await committer.TryCommitAsync(State, draft, cancel);
                commit?.SetTag("pipeline.version", result.State.Version).SetTag("pipeline.rows", frames.Sum(f => f.Rows));
            }
            switch (result)
            {
                case CommitResult.Committed committed:
                    _state = committed.State;
                    Backlog.RemoveAll();
                    OfferAgain(committed.State.Shipped.Keys);
                    events.Sealed(new SealFacts(Dataset, committed.State.Version, reason, frames.Count, frames.Sum(f => f.Rows), segments.Count, segments.Sum(s => s.Size)) { Shipped = last });
                    return corrupt;
                case CommitResult.ShippedMoved moved:
                    events.Conflict(Dataset, moved.State.Version);
                    _state = moved.State;
                    OfferAgain(Backlog.Frames.Select(f => f.Shard).Distinct().ToList());
                    break;
                case var other:
                    throw new InvalidOperationException($"a shipment cannot end as {other.GetType().Name}");
            }
        }
        return corrupt;
    }

    private static byte[] FrameOf(Capture capture, FrameEntry entry)
    {
        try
        {
            return capture.Frame(entry).ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new DifferenceException(e.Message + " Nothing of it was shipped.", e);
        }
    }

    private void OfferAgain(IEnumerable<string> shards)
    {
        foreach (var frame in shards.SelectMany(Backlog.Remove).ToList())
        {
            // Have: another shipper committed it. A gap or a fork is left to the next catch-up round, which reads the store.
            Offer(frame);
        }
    }

    private IntakeCase Offer(TakenFrame frame)
    {
        var decided = Intake.Decide(frame.Link, frame.Before, Taken(frame.Shard));
        if (decided == IntakeCase.Take)
        {
            Backlog.Add(frame, time.GetTimestamp());
        }
        return decided;
    }
}

/// <summary>What one seal did.</summary>
public sealed record SealFacts(string Dataset, long Version, string Reason, int Frames, long Rows, int Segments, long Bytes)
{
    /// <summary>Per shard, the last capture that it took.</summary>
    public IReadOnlyDictionary<string, Link> Shipped { get; init; } = new Dictionary<string, Link>();
}

/// <summary>What the shipper tells those around it. Numbers and names only.</summary>
public interface IShipEvents
{
    void Sealed(SealFacts facts);

    /// <summary>Another commit moved a shard that we hold frames of.</summary>
    void Conflict(string dataset, long version);

    /// <summary>A capture that had not come was read from the store.</summary>
    void Gap(string dataset, string shard, CaptureRange range);

    void Forked(Fork fork);

    /// <summary>A table took a capture's frame, which waits in memory from now on. Again, where it was let go and came again.</summary>
    /// <param name="table">The table as it was last read.</param>
    void Taken(string dataset, TakenFrame frame, TableState table) { }

    /// <summary>A round saw the shards' heads.</summary>
    void Looked(IReadOnlyList<ObservedHead> heads) { }

    /// <summary>A store does not answer; what was to be done is done later.</summary>
    void Waiting(Core.Store.StoreException fault);

    /// <summary>A message was left where it lies; the reason is one of <see cref="SetAsideReason"/>.</summary>
    void SetAside(FeedPosition position, string reason) { }

    /// <summary>Messages of these shards did not hold what they declare: the capture store is read instead.</summary>
    void Corrupt(string dataset, IReadOnlyList<string> shards) { }

    /// <summary>The group gave us partitions, of so many that the topic has.</summary>
    void Assigned(IReadOnlyList<int> partitions, int count) { }

    /// <summary>The group took partitions; where they were lost, before it told us.</summary>
    void Revoked(IReadOnlyList<int> partitions, bool lost) { }

    /// <summary>The broker can be reached again, or no longer.</summary>
    void Connected(bool up) { }
}
