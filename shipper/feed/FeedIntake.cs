using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Tables;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// The fast path: yields the captures that came and that every table can take or has (rule 11). Behind a gap the store is read while other
/// shards go on;
/// what contradicts a table is never yielded: the store decides (rule 14). Whatever this cannot finish it leaves as a shard that is due.
/// </summary>
internal sealed class FeedIntake(FeedQueue feed, CaptureStore captures, TableSet tables, CatchUp catchUp, HeadHistory heads, DueShards due)
{
    private const int MaxEvents = 256;
    private const int MaxGaps = 4;

    private readonly SortedDictionary<string, Gap> _gaps = new(StringComparer.Ordinal);

    public SetAsides SetAsides { get; } = new();

    public Assignment Assignment { get; } = new();

    /// <summary>Whether the broker can be reached. While it cannot, captures come to nobody, and every shard is everybody's.</summary>
    public bool BrokerUp { get; private set; } = true;

    /// <summary>Whether there is something to do now.</summary>
    public bool IsWaiting => feed.TryPeek(out _) || _gaps.Values.Any(g => g.Reading.IsCompleted);

    /// <summary>
    /// What has come, so much at a time that the loop's other duties have their turn. The loop offers each to the tables before it asks for
    /// the next. Where it fails
    /// in between, the message is found again at the next call, and what was taken of it is had by then.
    /// </summary>
    public IEnumerable<Offered> Take(CancellationToken cancel)
    {
        foreach (var (shard, gap) in _gaps.Where(g => g.Value.Reading.IsCompleted).ToList())
        {
            _gaps.Remove(shard);
            foreach (var offered in Close(shard, gap, cancel))
            {
                yield return offered;
            }
        }
        for (var count = 0; count < MaxEvents && !cancel.IsCancellationRequested && feed.TryPeek(out var happened); count++)
        {
            if (happened is FeedEvent.Arrived arrived)
            {
                foreach (var offered in Admit(arrived, cancel))
                {
                    yield return offered;
                }
            }
            else
            {
                Handle(happened);
            }
            feed.Remove();
        }
    }

    /// <summary>
    /// Rule 18: per partition of ours, the offset of the first message whose capture is not in the tables, where it moved since the last
    /// call.
    /// </summary>
    public IReadOnlyDictionary<int, long> Shipped() =>
        Assignment.Shipped((shard, number) => _gaps.ContainsKey(shard) || tables.Holds(shard, number));

    private void Handle(FeedEvent happened)
    {
        switch (happened)
        {
            case FeedEvent.SetAside aside:
                Assignment.Passed(aside.Position.Partition, aside.Position.Offset);
                SetAside(aside.Position, aside.Reason);
                break;
            case FeedEvent.Assigned assigned:
                Assignment.Assign(assigned.Partitions, assigned.Count);
                tables.Events.Assigned(assigned.Partitions, assigned.Count);
                break;
            case FeedEvent.Revoked revoked:
                // Rule 17: the next owner of the partition takes them. Holding them on would only make the two commit against each other.
                foreach (var shard in Assignment.Revoke(revoked.Partitions, revoked.Lost))
                {
                    _gaps.Remove(shard);
                    tables.Drop(shard);
                }
                tables.Events.Revoked(revoked.Partitions, revoked.Lost);
                break;
            case FeedEvent.Connection connection:
                BrokerUp = connection.Up;
                tables.Events.Connected(connection.Up);
                break;
            case FeedEvent.Stopped stopped:
                throw stopped.Why;
        }
    }

    private IEnumerable<Offered> Admit(FeedEvent.Arrived arrived, CancellationToken cancel)
    {
        var (capture, shard) = (arrived.Capture, arrived.Capture.Header.Shard);
        if (!Assignment.Arrived(arrived.Position.Partition, arrived.Position.Offset, shard, capture.Link.Number) || tables.IsStopped(shard))
        {
            return [];
        }
        tables.CheckDatasets(capture);
        heads.Saw(ObservedHead.Of(capture.Header));
        if (!_gaps.TryGetValue(shard, out var gap))
        {
            return Decide(arrived, cancel);
        }
        if (!gap.TryPark(arrived))
        {
            Leave(shard, gap.UpTo);
        }
        return [];
    }

    private IEnumerable<Offered> Decide(FeedEvent.Arrived arrived, CancellationToken cancel)
    {
        var (capture, shard) = (arrived.Capture, arrived.Capture.Header.Shard);
        if (due.Contains(shard))
        {
            // The store is about to be read for this shard: it brings this one too.
            Leave(shard, capture.Link.Number);
            yield break;
        }
        var missing = new List<(string Dataset, Link Last, ShippedLink? Taken)>();
        foreach (var table in tables.Tables)
        {
            switch (table.Decide(capture))
            {
                case IntakeCase.Gap:
                // A capture names every dataset's last one, whether it has records of it or not: what is missing of a quiet dataset shows
                // as well.
                case IntakeCase.Have when capture.Header.Links.TryGetValue(table.Dataset, out var link)
                    && (table.Taken(shard)?.Number ?? -1) < link.Number:
                    missing.Add((table.Dataset, capture.Header.Links[table.Dataset], table.Taken(shard)));
                    break;
                case IntakeCase.Fork:
                    // The table may have moved, or the store was set back and this is of before: the store is read anew, and forks by
                    // itself if it is the store.
                    SetAside(arrived.Position, SetAsideReason.Contradiction);
                    tables.Drop(shard);
                    catchUp.Forget(shard);
                    Leave(shard, null);
                    yield break;
            }
        }
        if (missing.Count == 0)
        {
            yield return new Offered(capture, ByFeed: true);
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
                tables.Events.Gap(dataset, shard, new CaptureRange((taken?.Number ?? -1) + 1, last.Number));
            }
            var gap = new Gap(capture.Link.Number, Gap.ReadAsync(captures, shard, missing, feed.Notices.Ring, cancel));
            _gaps[shard] = gap;
            gap.TryPark(arrived);
        }
    }

    /// <summary>What was read of a gap, then what came meanwhile. Where that cannot be finished, the shard is left to be read.</summary>
    private IEnumerable<Offered> Close(string shard, Gap gap, CancellationToken cancel)
    {
        var finished = false;
        try
        {
            foreach (var capture in Read(gap) ?? [])
            {
                if (tables.Tables.Select(table => table.Decide(capture)).Any(decided => decided is IntakeCase.Fork or IntakeCase.Gap))
                {
                    // Something moved meanwhile, or the store and the tables disagree: the reading decides, and confirms.
                    Leave(shard, null);
                    yield break;
                }
                yield return new Offered(capture, ByFeed: false);
            }
            finished = Read(gap) is not null;
            foreach (var parked in finished ? gap.Parked : [])
            {
                if (_gaps.TryGetValue(shard, out var next))
                {
                    next.TryPark(parked);
                    continue;
                }
                foreach (var offered in Decide(parked, cancel))
                {
                    yield return offered;
                }
            }
        }
        finally
        {
            if (!finished && !gap.Reading.IsCanceled)
            {
                Leave(shard, gap.UpTo);
            }
        }
    }

    /// <summary>Null: too much, something else, damaged, or the store is out; the reading that reads it again says which.</summary>
    private IReadOnlyList<Capture>? Read(Gap gap)
    {
        if (gap.Reading.Exception?.InnerException is StoreException { Fault: not StoreFault.Refused } outage)
        {
            tables.Events.Waiting(outage);
        }
        return gap.Reading.IsCompletedSuccessfully ? gap.Reading.Result : null;
    }

    private void Leave(string shard, long? upTo)
    {
        _gaps.Remove(shard);
        due.Add(shard, upTo);
    }

    private void SetAside(FeedPosition position, string reason)
    {
        SetAsides.Add(new SetAside(position, reason));
        tables.Events.SetAside(position, reason);
    }
}
