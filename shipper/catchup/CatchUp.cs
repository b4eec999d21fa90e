using System.Runtime.CompilerServices;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Tables;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// The safe path: compares a shard's head with what the tables have taken, and yields what is missing from the capture store (rules 12 to
/// 14).
/// It only reads and decides; the loop offers what is yielded before it asks for the next. Keeps, per shard, how far it has read, so that a
/// round
/// costs two probes where nothing is new: one at the capture that was the head, which must still stand, and one behind it.
/// </summary>
internal sealed class CatchUp(CaptureStore captures, TableSet tables)
{
    private readonly Dictionary<string, ShardPosition> _read = new(StringComparer.Ordinal);
    private readonly MissingCaptures _missing = new(captures, tables);

    /// <summary>Every shard that the store or a table knows.</summary>
    private async Task<IReadOnlyCollection<string>> ShardsAsync(CancellationToken cancel)
    {
        var shards = new SortedSet<string>(tables.Tables.SelectMany(t => t.State.Shipped.Keys), StringComparer.Ordinal);
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            shards.Add(shard);
        }
        return shards;
    }

    /// <summary>The next reading of this shard begins again at what the tables have.</summary>
    public void Forget(string shard) => _read.Remove(shard);

    /// <summary>A capture that came by Kafka, and that every table has or took, moves the place where the next reading begins.</summary>
    public void Follow(Capture capture)
    {
        if (!_read.TryGetValue(capture.Header.Shard, out var position) || position.Next <= capture.Link.Number)
        {
            _read[capture.Header.Shard] = ShardPosition.Behind(capture);
        }
    }

    /// <summary>Up to where each shard was read: what later looks begin behind.</summary>
    public IEnumerable<ObservedHead> Read() => _read.Where(r => r.Value.Next > 0).Select(r =>
        new ObservedHead(r.Key, r.Value.Next - 1, r.Value.Last.ToDictionary(l => l.Key, l => l.Value.Number, StringComparer.Ordinal))
        {
            Mark = r.Value.Mark,
        });

    /// <summary>
    /// Reads the tables, then looks at the last known head of every shard; all shards are due to be read. Once a period, where there is no
    /// feed.
    /// </summary>
    public async Task LookAtAllAsync(DueShards due, CancellationToken cancel)
    {
        await tables.RefreshAsync(cancel);
        foreach (var shard in (await ShardsAsync(cancel)).Where(shard => !tables.IsStopped(shard)))
        {
            try
            {
                if (await LookAsync(shard, cancel) is { } fork)
                {
                    tables.Stop(shard, fork.ToException());
                    continue;
                }
            }
            catch (DifferenceException)
            {
                // The head is damaged: read from what the tables have on, so that the reading names it.
                Forget(shard);
            }
            due.Add(shard, null);
        }
    }

    /// <summary>Looks at the store, not at memory: whether the last capture that was read still stands.</summary>
    /// <exception cref="CorruptException">It is there and damaged.</exception>
    private async Task<Fork?> LookAsync(string shard, CancellationToken cancel) =>
        _read.TryGetValue(shard, out var position) && position.Next > 0
        && await KnownHead.ContradictionAsync(captures, shard, position.Next - 1, position.Mark, cancel) is { } contradiction
            ? new Fork(shard, tables.Lowest(shard, position.Next - 1), contradiction) : null;

    /// <summary>
    /// The shard's captures from where the last reading ended, each after those that a table lacks below it. The caller offers each to the
    /// tables before it asks
    /// for the next, and may seal in between.
    /// </summary>
    /// <param name="upTo">The last capture to read; null: the head. What lies above it is left to come by Kafka.</param>
    /// <exception cref="ForkException">As the tables were last read: read them again, and ask once more, before it is believed (rule
    /// 14).</exception>
    /// <exception cref="DifferenceException">An object of the shard is damaged or another's.</exception>
    public async IAsyncEnumerable<Capture> ReadAsync(string shard, long? upTo, [EnumeratorCancellation] CancellationToken cancel)
    {
        var newest = tables.Newest(shard);
        if (upTo is not null && _read.TryGetValue(shard, out var known) && known.Next <= newest)
        {
            // Another shipper went on with it: the newest snapshot is nearer to what is shipped than we are.
            _read.Remove(shard);
        }
        var end = upTo is null ? long.MaxValue : Math.Max(upTo.Value, newest);
        if (!_read.TryGetValue(shard, out var position))
        {
            var snapshot = await captures.SnapshotAsync(shard, cancel);
            position = ShardPosition.At(snapshot);
            // What the tables lack below the snapshot is found by its links; above it every capture is read.
            var wanted = new SortedSet<long>();
            foreach (var table in tables.Tables)
            {
                await _missing.AddAsync(table, shard, position.LastOf(table.Dataset), wanted, cancel);
            }
            foreach (var number in wanted)
            {
                await foreach (var capture in WithGapsAsync(await _missing.ReadAsync(shard, number, cancel), cancel))
                {
                    yield return capture;
                }
            }
        }
        while (position.Next <= end && await captures.ReadAsync(shard, position.Next, cancel) is { } capture)
        {
            if (capture.Header.Previous != position.Head)
            {
                throw Forked(shard, capture.Link.Number, "it does not continue the capture before it");
            }
            await foreach (var next in WithGapsAsync(capture, cancel))
            {
                yield return next;
            }
            _read[shard] = position = position.After(capture);
        }
        _read[shard] = position;
        foreach (var table in tables.Tables)
        {
            var last = position.LastOf(table.Dataset);
            if (Intake.HeadIsBelow(last, table.Shipped(shard)))
            {
                throw Forked(shard, position.Next, $"the table has shipped {table.Shipped(shard)!.Value.Number} of {table.Dataset}, "
                    + $"the store's newest is {last?.Number.ToString() ?? "none"}");
            }
            // Frames that were let go since they were read (rule 17) are read again.
            if (last is { } link && table.Taken(shard)?.Matches(link) != true)
            {
                await foreach (var capture in LackedAsync(table, shard, link, cancel))
                {
                    yield return capture;
                }
            }
        }
    }

    /// <summary>The capture, after those that a table lacks before it.</summary>
    private async IAsyncEnumerable<Capture> WithGapsAsync(Capture capture, [EnumeratorCancellation] CancellationToken cancel)
    {
        tables.CheckDatasets(capture);
        foreach (var table in tables.Tables)
        {
            var decided = table.Decide(capture);
            if (decided == IntakeCase.Fork)
            {
                throw Contradiction(table, capture);
            }
            if (decided == IntakeCase.Gap)
            {
                await foreach (var lacked in LackedAsync(table, capture.Header.Shard, capture.Link, cancel))
                {
                    yield return lacked;
                }
            }
        }
        yield return capture;
    }

    /// <summary>In order, what the table lacks up to <paramref name="last"/>, which it includes.</summary>
    private async IAsyncEnumerable<Capture> LackedAsync(
        TableShipper table, string shard, Link last, [EnumeratorCancellation] CancellationToken cancel)
    {
        var wanted = new SortedSet<long>();
        await _missing.AddAsync(table, shard, last, wanted, cancel);
        if (wanted.Count > 0)
        {
            tables.Events.Gap(table.Dataset, shard, new CaptureRange(wanted.Min, wanted.Max));
        }
        foreach (var number in wanted)
        {
            var lacked = await _missing.ReadAsync(shard, number, cancel);
            if (table.Decide(lacked) is IntakeCase.Fork or IntakeCase.Gap)
            {
                throw Contradiction(table, lacked);
            }
            yield return lacked;
        }
    }

    private ForkException Contradiction(TableShipper table, Capture capture)
    {
        var (shard, number) = (capture.Header.Shard, capture.Link.Number);
        var continues = capture.Header.Links.TryGetValue(table.Dataset, out var before) ? before.Number.ToString() : "nothing";
        return Forked(
            shard, number, $"what the table took of {table.Dataset} ends at {table.Taken(shard)?.Number.ToString() ?? "nothing"}, "
            + $"capture {number} continues {continues}");
    }

    private ForkException Forked(string shard, long number, string why) => new Fork(shard, tables.Lowest(shard, number), why).ToException();
}
