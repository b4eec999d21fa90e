using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Tables;

/// <summary>
/// One table and the frames that wait for it. Frames stay until their commit is confirmed; when shipped moved under them, all are offered
/// again (rule 17).
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

    public ShippedLink? Shipped(string shard) => State.Shipped.TryGetValue(shard, out var link) ? link : null;

    /// <summary>The four cases for one capture (rule 11); a capture without a frame of this dataset is had. Changes nothing.</summary>
    public IntakeCase Decide(Capture capture) =>
        capture.Header.FrameOf(Dataset) is null ? IntakeCase.Have
            : Intake.Decide(capture.Link, Before(capture), Taken(capture.Header.Shard));

    /// <summary>Decides, and takes the frame where it is the next.</summary>
    /// <param name="byFeed">It came as a message, not from the capture store.</param>
    public IntakeCase Offer(Capture capture, bool byFeed = false)
    {
        var decided = Decide(capture);
        if (decided == IntakeCase.Take)
        {
            var entry = capture.Header.FrameOf(Dataset)!;
            var frame = new TakenFrame(capture.Header.Shard, capture.Link, Before(capture), entry, capture.Frame(entry).ToArray(), byFeed);
            Backlog.Add(frame, time.GetTimestamp());
            events.Taken(Dataset, frame, State);
        }
        return decided;
    }

    public void Drop(string shard) => Backlog.Remove(shard);

    /// <summary>
    /// Segments, then the commit, then the frames are let go: in that order (rules 16 and 17). Frames that another shipper had committed
    /// meanwhile are dropped,
    /// and the rest is sealed again. So is the rest where a frame does not hold what its capture declares: its shard's frames are let go.
    /// </summary>
    /// <returns>Shards to stop, each with the capture that is damaged. Mostly none.</returns>
    /// <exception cref="PipelineException">3: the table was restored under us.</exception>
    public async Task<IReadOnlyList<(string Shard, CorruptException Why)>> SealAsync(string reason, CancellationToken cancel)
    {
        var damaged = new List<(string Shard, CorruptException Why)>();
        while (Backlog.Count > 0)
        {
            var frames = Backlog.Frames.ToList();
            var shards = Sealer.Shards(frames, State);
            using var span = Spans.Seal(Dataset, reason, frames.Select(f => f.Link));
            IReadOnlyList<SegmentFile> segments;
            IReadOnlyList<DateTotal> dates;
            try
            {
                var ranges = shards.Select(s => new SegmentRange(s.Shard, s.Range.From, s.Range.To));
                (segments, dates) = await sealer.WriteAsync(frames, [.. ranges], cancel);
            }
            catch (DifferenceException)
            {
                var found = await sealer.DamagedAsync(frames);
                if (found.Count == 0)
                {
                    throw;
                }
                damaged.AddRange(found);
                found.Select(f => f.Shard).Distinct().ToList().ForEach(Drop);
                continue;
            }
            var last = frames.GroupBy(f => f.Shard).ToDictionary(g => g.Key, g => g.Last().Link);
            var draft = new CommitDraft
            {
                Kind = CommitKind.Ship, Reason = reason,
                ReadShipped = last.Keys.ToDictionary(shard => shard, shard => State.Shipped.TryGetValue(shard, out var s) ? (ShippedLink?)s
                    : null),
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
                    events.Sealed(new SealFacts(Dataset, committed.State.Version, reason, frames.Count, frames.Sum(f => f.Rows),
                        segments.Count, segments.Sum(s => s.Size)) { Shipped = last });
                    return damaged;
                case CommitResult.ShippedMoved moved:
                    events.Conflict(Dataset, moved.State.Version);
                    _state = moved.State;
                    OfferAgain(Backlog.Frames.Select(f => f.Shard).Distinct().ToList());
                    break;
                case var other:
                    throw new InvalidOperationException($"a shipment cannot end as {other.GetType().Name}");
            }
        }
        return damaged;
    }

    private void OfferAgain(IEnumerable<string> shards)
    {
        foreach (var frame in shards.SelectMany(Backlog.Remove).ToList())
        {
            // Have: another shipper committed it. A gap or a fork is left to the next reading of the store.
            if (Intake.Decide(frame.Link, frame.Before, Taken(frame.Shard)) == IntakeCase.Take)
            {
                Backlog.Add(frame, time.GetTimestamp());
            }
        }
    }

    private Link? Before(Capture capture) => capture.Header.Links.TryGetValue(Dataset, out var link) ? link : null;
}
