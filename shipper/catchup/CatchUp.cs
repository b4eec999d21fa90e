using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Shipper.Loop;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// The safe path: compares a shard's head with what the tables have taken, and reads what is missing from the capture store (rules 12 to 14).
/// Keeps, per shard, how far it has read, so that a round costs one probe where nothing is new.
/// </summary>
public sealed class CatchUp(CaptureStore captures, IReadOnlyList<TableShipper> tables, IShipEvents events)
{
    private readonly Dictionary<string, Position> _read = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Fork> _forks = new(StringComparer.Ordinal);

    /// <summary>Shards that are stopped, and why (rule 13).</summary>
    public IReadOnlyDictionary<string, Fork> Forks => _forks;

    /// <summary>Every shard that the store or a table knows.</summary>
    public async Task<IReadOnlyCollection<string>> ShardsAsync(CancellationToken cancel)
    {
        var shards = new SortedSet<string>(tables.SelectMany(t => t.State.Shipped.Keys), StringComparer.Ordinal);
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            shards.Add(shard);
        }
        return shards;
    }

    /// <summary>
    /// Reads the shard from where the last round ended to its head, and offers each capture to every table. <paramref name="room"/> is asked after each capture
    /// and makes room where memory is full. A fork is confirmed against the table as it is now, then stops the shard everywhere.
    /// </summary>
    /// <param name="upTo">The last capture to read; null: the head. What lies above it is left to come by Kafka.</param>
    public async Task RoundAsync(string shard, Func<Task> room, CancellationToken cancel, long? upTo = null)
    {
        if (_forks.ContainsKey(shard))
        {
            return;
        }
        var shipped = tables.Max(table => Shipped(table, shard)?.Number ?? -1);
        if (upTo is not null && _read.TryGetValue(shard, out var position) && position.Next <= shipped)
        {
            // Another shipper went on with it: the newest snapshot is nearer to what is shipped than we are.
            _read.Remove(shard);
        }
        if (await ReadOnAsync(shard, upTo is null ? long.MaxValue : Math.Max(upTo.Value, shipped), room, cancel) is null)
        {
            return;
        }
        // Decide anew: another shipper may have moved the table, and what was read may be out of date (rule 14).
        foreach (var table in tables)
        {
            table.Drop(shard);
            await table.RefreshAsync(cancel);
        }
        _read.Remove(shard);
        if (await ReadOnAsync(shard, long.MaxValue, room, cancel) is { } fork)
        {
            foreach (var table in tables)
            {
                table.Drop(shard);
            }
            _forks[shard] = fork;
            events.Forked(fork);
        }
    }

    /// <summary>The next round of this shard begins again at what the tables have.</summary>
    public void Forget(string shard) => _read.Remove(shard);

    /// <summary>A capture that came by Kafka, and that every table has or took, moves the place where the next round begins.</summary>
    public void Follow(Capture capture)
    {
        if (!_read.TryGetValue(capture.Header.Shard, out var position) || position.Next <= capture.Link.Number)
        {
            // By its links the tables have all that lies below it, so nothing below it need be read.
            _read[capture.Header.Shard] = new Position(capture.Link.Number + 1, capture.Link.Hash, new Dictionary<string, Link>(capture.Header.Links)).With(capture);
        }
    }

    /// <summary>Up to where each shard was read: what later looks begin behind.</summary>
    public IEnumerable<ObservedHead> Read() =>
        _read.Where(r => r.Value.Next > 0).Select(r => new ObservedHead(r.Key, r.Value.Next - 1, r.Value.Last.ToDictionary(l => l.Key, l => l.Value.Number, StringComparer.Ordinal)));

    /// <exception cref="PipelineException">78: the capture has records that no table of ours takes.</exception>
    public void CheckDatasets(Capture capture)
    {
        foreach (var dataset in capture.Header.Frames.Select(f => f.Dataset).Where(d => tables.All(t => t.Dataset != d)))
        {
            throw new ConfigurationException($"shard {capture.Header.Shard}, capture {capture.Link.Number}: it has records of dataset {dataset}, which this program does not know. Upgrade this program; nothing was skipped.");
        }
    }

    private async Task<Fork?> ReadOnAsync(string shard, long upTo, Func<Task> room, CancellationToken cancel)
    {
        if (!_read.TryGetValue(shard, out var position))
        {
            var (start, fork) = await StartAsync(shard, room, cancel);
            if (fork is not null)
            {
                return fork;
            }
            position = start!;
        }
        while (position.Next <= upTo && await captures.ReadAsync(shard, position.Next, cancel) is { } capture)
        {
            if (capture.Header.Previous != position.Head)
            {
                return new Fork(shard, Lowest(shard, capture.Link.Number), "it does not continue the capture before it");
            }
            if (await OfferAsync(capture, room, cancel) is { } fork)
            {
                return fork;
            }
            position = position.After(capture);
            _read[shard] = position;
            await room();
        }
        _read[shard] = position;
        foreach (var table in tables)
        {
            var newest = position.LastOf(table.Dataset);
            if (Intake.HeadIsBelow(newest, Shipped(table, shard)))
            {
                return new Fork(shard, Lowest(shard, position.Next), $"the table has shipped {Shipped(table, shard)!.Value.Number} of {table.Dataset}, the store's newest is {newest?.Number.ToString() ?? "none"}");
            }
            // Frames that were let go since they were read (rule 17) are read again.
            if (newest is { } last && table.Taken(shard)?.Matches(last) != true && await FillAsync(table, shard, last, room, cancel) is { } fork)
            {
                return fork;
            }
        }
        return null;
    }

    /// <summary>
    /// Where to begin: the newest snapshot knows each dataset's last capture. What the tables lack below it is found by walking the links back, so that a dataset
    /// that was quiet for weeks costs nothing; above it every capture is read.
    /// </summary>
    private async Task<(Position? Start, Fork? Fork)> StartAsync(string shard, Func<Task> room, CancellationToken cancel)
    {
        var snapshot = await captures.SnapshotAsync(shard, cancel);
        if (snapshot.Head is not { } head)
        {
            return (Position.Beginning, null);
        }
        var wanted = new SortedSet<long>();
        foreach (var table in tables)
        {
            Link? last = snapshot.Datasets.TryGetValue(table.Dataset, out var totals) ? totals.Last : null;
            if (await WalkBackAsync(table, shard, last, wanted, cancel) is { } fork)
            {
                return (null, fork);
            }
        }
        foreach (var number in wanted)
        {
            if (await captures.ReadAsync(shard, number, cancel) is not { } capture)
            {
                return (null, new Fork(shard, number, "the capture is gone, though no table has it"));
            }
            if (await OfferAsync(capture, room, cancel) is { } fork)
            {
                return (null, fork);
            }
            await room();
        }
        return (new Position(head.Number + 1, head.Hash, snapshot.Datasets.ToDictionary(d => d.Key, d => d.Value.Last)), null);
    }

    /// <summary>Adds the numbers of the captures between what the table took and <paramref name="last"/>, which it includes.</summary>
    private async Task<Fork?> WalkBackAsync(TableShipper table, string shard, Link? last, SortedSet<long> wanted, CancellationToken cancel)
    {
        for (var link = last; link is { } at; )
        {
            if (table.Taken(shard) is { } taken && at.Number <= taken.Number)
            {
                return taken.Matches(at) || table.Taken(shard)!.Value.Number > last!.Value.Number ? null
                    : new Fork(shard, Lowest(shard, at.Number), $"the table took capture {taken.Number} of {table.Dataset}, the store's history has {at.Number} there");
            }
            if (await captures.ReadAsync(shard, at.Number, cancel) is not { } capture)
            {
                return new Fork(shard, at.Number, "the capture is gone, though no table has it");
            }
            if (capture.Link != at)
            {
                return new Fork(shard, Lowest(shard, at.Number), "it is not the capture that later ones name");
            }
            wanted.Add(at.Number);
            link = capture.Header.Links.TryGetValue(table.Dataset, out var before) ? before : null;
        }
        return null;
    }

    private async Task<Fork?> OfferAsync(Capture capture, Func<Task> room, CancellationToken cancel)
    {
        CheckDatasets(capture);
        foreach (var table in tables)
        {
            var decided = table.Offer(capture);
            if (decided == IntakeCase.Fork)
            {
                return Contradiction(table, capture);
            }
            if (decided == IntakeCase.Gap && await FillAsync(table, capture.Header.Shard, capture.Link, room, cancel) is { } fork)
            {
                return fork;
            }
        }
        return null;
    }

    /// <summary>Reads from the store, and offers in order, what the table lacks up to <paramref name="last"/>, which it includes.</summary>
    private async Task<Fork?> FillAsync(TableShipper table, string shard, Link last, Func<Task> room, CancellationToken cancel)
    {
        var wanted = new SortedSet<long>();
        if (await WalkBackAsync(table, shard, last, wanted, cancel) is { } fork)
        {
            return fork;
        }
        if (wanted.Count > 0)
        {
            events.Gap(table.Dataset, shard, new CaptureRange(wanted.Min, wanted.Max));
        }
        foreach (var number in wanted)
        {
            if (await captures.ReadAsync(shard, number, cancel) is not { } missing)
            {
                return new Fork(shard, number, "the capture is gone, though no table has it");
            }
            if (table.Offer(missing) is IntakeCase.Fork or IntakeCase.Gap)
            {
                return Contradiction(table, missing);
            }
            await room();
        }
        return null;
    }

    private Fork Contradiction(TableShipper table, Capture capture) => new(capture.Header.Shard, Lowest(capture.Header.Shard, capture.Link.Number),
        $"what the table took of {table.Dataset} ends at {table.Taken(capture.Header.Shard)?.Number.ToString() ?? "nothing"}, capture {capture.Link.Number} continues {(capture.Header.Links.TryGetValue(table.Dataset, out var before) ? before.Number.ToString() : "nothing")}");

    /// <summary>Rule 13: a fork is named for all datasets from the lowest shipped number.</summary>
    private long Lowest(string shard, long number) => tables.Select(t => Shipped(t, shard)?.Number ?? number).Append(number).Min();

    private static ShippedLink? Shipped(TableShipper table, string shard) => table.State.Shipped.TryGetValue(shard, out var link) ? link : null;

    /// <summary>How far a shard was read: the next number, the hash of the capture before it, and each dataset's newest capture up to there.</summary>
    private sealed record Position(long Next, Sha256? Head, IReadOnlyDictionary<string, Link> Last)
    {
        public static readonly Position Beginning = new(0, null, new Dictionary<string, Link>());

        public Link? LastOf(string dataset) => Last.TryGetValue(dataset, out var link) ? link : null;

        public Position After(Capture capture) => (this with { Next = capture.Link.Number + 1, Head = capture.Link.Hash }).With(capture);

        /// <summary>With the capture as the newest of each dataset that it has a frame of.</summary>
        public Position With(Capture capture)
        {
            if (capture.Header.Frames.Count == 0)
            {
                return this;
            }
            var last = new Dictionary<string, Link>(Last);
            foreach (var frame in capture.Header.Frames)
            {
                last[frame.Dataset] = capture.Link;
            }
            return this with { Last = last };
        }
    }
}
