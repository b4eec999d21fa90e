using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Loop;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// The fast path into the tables: each message meets the four cases (rule 11). The next one is taken; behind a gap, the store is read while other shards go on;
/// what contradicts the table is never taken: the store decides (rule 14). Whatever this cannot finish it leaves to the catch-up as a shard that is due.
/// </summary>
internal sealed class FeedIntake(FeedQueue feed, CaptureStore captures, IReadOnlyList<TableShipper> tables, CatchUp catchUp, HeadHistory heads, IShipEvents events, Action wake)
{
    private const int MaxEvents = 256;
    private const int MaxGaps = 4;

    private readonly SortedDictionary<string, Gap> _gaps = new(StringComparer.Ordinal);
    private bool _up = true;

    public SetAsides SetAsides { get; } = new();

    public Assignment Assignment { get; } = new();

    /// <summary>Shards that the store has to be read for, and up to which number; null: up to the head.</summary>
    public Dictionary<string, long?> Due { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether there is something to do now.</summary>
    public bool IsWaiting => feed.TryPeek(out _) || _gaps.Values.Any(g => g.Reading.IsCompleted);

    /// <summary>Whether a shard's captures should come to us: also every shard's while the broker is out of reach, for then they come to nobody.</summary>
    public bool Owns(string shard) => !_up || Assignment.Owns(shard);

    /// <summary>Takes what has come, so much at a time that the loop's other duties have their turn. <paramref name="room"/> makes room in memory where it is full.</summary>
    public async Task TakeAsync(Func<Task> room, CancellationToken cancel)
    {
        foreach (var (shard, gap) in _gaps.Where(g => g.Value.Reading.IsCompleted).ToList())
        {
            _gaps.Remove(shard);
            await CloseAsync(shard, gap, room, cancel);
        }
        for (var count = 0; count < MaxEvents && !cancel.IsCancellationRequested && feed.TryPeek(out var happened); count++)
        {
            // An outage thrown in the middle finds it here again, and what was taken of it is had by then.
            await HandleAsync(happened, room, cancel);
            feed.Remove();
        }
    }

    /// <summary>Rule 18.</summary>
    public void TellShipped() => feed.Shipped(Assignment.Shipped((shard, number) => _gaps.ContainsKey(shard) || tables.Any(t => t.Backlog.Holds(shard, number))));

    /// <summary>Leaves a shard to the catch-up, which reads the store up to a number; null: up to its head.</summary>
    public void Leave(string shard, long? upTo)
    {
        _gaps.Remove(shard);
        Due[shard] = upTo is null || Due.TryGetValue(shard, out var due) && due is null ? null : Math.Max(due ?? 0, upTo.Value);
    }

    private async Task HandleAsync(FeedEvent happened, Func<Task> room, CancellationToken cancel)
    {
        switch (happened)
        {
            case FeedEvent.Arrived arrived:
                var capture = arrived.Capture;
                if (Assignment.Arrived(arrived.Position.Partition, arrived.Position.Offset, capture.Header.Shard, capture.Link.Number) && !catchUp.Forks.ContainsKey(capture.Header.Shard))
                {
                    catchUp.CheckDatasets(capture);
                    heads.Saw(ObservedHead.Of(capture.Header));
                    if (!_gaps.TryGetValue(capture.Header.Shard, out var gap))
                    {
                        Offer(arrived, cancel);
                        await room();
                    }
                    else if (!gap.TryPark(arrived))
                    {
                        Leave(capture.Header.Shard, gap.UpTo);
                    }
                }
                break;
            case FeedEvent.SetAside aside:
                Assignment.Passed(aside.Position.Partition, aside.Position.Offset);
                SetAside(aside.Position, aside.Reason);
                break;
            case FeedEvent.Assigned assigned:
                Assignment.Assign(assigned.Partitions, assigned.Count);
                events.Assigned(assigned.Partitions, assigned.Count);
                break;
            case FeedEvent.Revoked revoked:
                // Rule 17: whoever has the partition now takes them. Holding them on would only make the two commit against each other.
                foreach (var shard in Assignment.Revoke(revoked.Partitions, revoked.Lost))
                {
                    _gaps.Remove(shard);
                    foreach (var table in tables)
                    {
                        table.Drop(shard);
                    }
                }
                events.Revoked(revoked.Partitions, revoked.Lost);
                break;
            case FeedEvent.Connection connection:
                _up = connection.Up;
                events.Connected(connection.Up);
                break;
            case FeedEvent.Stopped stopped:
                throw stopped.Why;
        }
    }

    private void Offer(FeedEvent.Arrived arrived, CancellationToken cancel)
    {
        var (capture, shard) = (arrived.Capture, arrived.Capture.Header.Shard);
        if (Due.TryGetValue(shard, out var due))
        {
            // The store is about to be read for this shard: it brings this one too.
            Leave(shard, due is null ? null : capture.Link.Number);
            return;
        }
        var missing = new List<(string Dataset, Link Last, ShippedLink? Taken)>();
        foreach (var table in tables)
        {
            switch (table.Offer(capture, byFeed: true))
            {
                case IntakeCase.Gap:
                // A capture names every dataset's last one, whether it has records of it or not: what is missing of a quiet dataset shows as well.
                case IntakeCase.Have when capture.Header.Links.TryGetValue(table.Dataset, out var link) && (table.Taken(shard)?.Number ?? -1) < link.Number:
                    missing.Add((table.Dataset, capture.Header.Links[table.Dataset], table.Taken(shard)));
                    break;
                case IntakeCase.Fork:
                    // Either of the two may be the false one: the frames in memory came by the same way. The store is read anew, and forks by itself if it is the store.
                    SetAside(arrived.Position, SetAsideReason.Contradiction);
                    foreach (var other in tables)
                    {
                        other.Drop(shard);
                    }
                    catchUp.Forget(shard);
                    Leave(shard, null);
                    return;
            }
        }
        if (missing.Count == 0)
        {
            catchUp.Follow(capture);
        }
        else if (_gaps.Count == MaxGaps)
        {
            Leave(shard, capture.Link.Number);
        }
        else
        {
            foreach (var (dataset, last, taken) in missing)
            {
                events.Gap(dataset, shard, new CaptureRange((taken?.Number ?? -1) + 1, last.Number));
            }
            var gap = new Gap(capture.Link.Number, Gap.ReadAsync(captures, shard, missing, wake, cancel));
            _gaps[shard] = gap;
            gap.TryPark(arrived);
        }
    }

    private async Task CloseAsync(string shard, Gap gap, Func<Task> room, CancellationToken cancel)
    {
        if (gap.Reading.IsCanceled)
        {
            return;
        }
        if (gap.Reading.Exception?.InnerException is { } fault)
        {
            if (fault is StoreException { Fault: not StoreFault.Refused } outage)
            {
                events.Waiting(outage);
            }
            // What else is wrong with the store, the round that reads it again says.
            Leave(shard, gap.UpTo);
            return;
        }
        if (await gap.Reading is not { } read)
        {
            Leave(shard, gap.UpTo);
            return;
        }
        foreach (var capture in read)
        {
            if (tables.Select(table => table.Offer(capture)).ToList().Exists(decided => decided is IntakeCase.Fork or IntakeCase.Gap))
            {
                // Something moved meanwhile, or the store and the tables disagree: the round decides, and confirms.
                Leave(shard, null);
                return;
            }
            await room();
        }
        foreach (var parked in gap.Parked)
        {
            if (_gaps.TryGetValue(shard, out var next))
            {
                next.TryPark(parked);
            }
            else
            {
                Offer(parked, cancel);
                await room();
            }
        }
    }

    private void SetAside(FeedPosition position, string reason)
    {
        SetAsides.Add(new SetAside(position, reason));
        events.SetAside(position, reason);
    }
}
