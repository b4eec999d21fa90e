using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>
/// Reads a shard's captures from the lowest that stands to the head, a few ahead of the fold, with the snapshots beside them.
/// A number that is free is the end only where a list shows nothing above it, and it is read again first: the shard may be growing.
/// </summary>
/// <param name="snapshotEvery">Captures between two snapshots. No further capture is made until the one that is due stands.</param>
internal sealed class CaptureWalk(CaptureStore captures, string shard, FrameCheck? frames, Workers workers, int snapshotEvery)
{
    private const string Later = "later ones stand", Known = "a snapshot knows them";

    /// <summary>Nothing expires yet. Once something does, this is the lowest capture that its receipts let stand.</summary>
    private const long ExpiredBelow = 0;

    private readonly Queue<(long Number, Task<Item> Item)> _ahead = [];
    private readonly ShardSnapshots _snapshots = new(captures, shard, snapshotEvery);
    private long? _holeFrom;
    private string? _gone;

    /// <summary>The lowest capture that stands, or null where the shard has none.</summary>
    public static Task<long?> FirstAsync(CaptureStore captures, string shard, CancellationToken cancel) =>
        NextAsync(captures, shard, null, cancel);

    /// <param name="since">A snapshot that an earlier verification compared: captures up to there are not read again. The caller has found
    /// it to be as it was.</param>
    public async Task<ShardFacts> RunAsync(IReadOnlyDictionary<string, ShardLedger> ledgers, VerifiedShard? since, CancellationToken cancel)
    {
        var (fold, first) = await BeginAsync(ledgers, since, cancel);
        var (coldFrom, head) = (since is null ? 0 : fold.Cold.Chain?.Pages ?? 0, since?.Snapshot);
        for (var number = first; ; number++)
        {
            var item = await ReadAheadAsync(number, cancel);
            if (item.IsNone)
            {
                (item, var next) = await LookAgainAsync(fold, number, cancel);
                if (item.IsNone && next is null)
                {
                    break;
                }
                if (item.IsNone)
                {
                    number = next!.Value - 1;
                    continue;
                }
            }
            if (item.Capture is { } capture)
            {
                await ApplyAsync(fold, capture, item.Differences, cancel);
                head = number;
            }
            else
            {
                Break(fold, number, null);
                fold.Findings.Add(item.Damage!);
            }
        }
        if (_holeFrom is { } open)
        {
            fold.Hole(open, open, null, null, _gone);
        }
        await _snapshots.CheckDueAsync(fold.Findings, head ?? -1, cancel);
        await new ColdWalk(captures, shard).CheckAsync(fold.Cold, coldFrom, fold.Findings, cancel);
        return fold.Finish(head);
    }

    private async Task<(ShardFold Fold, long First)> BeginAsync(IReadOnlyDictionary<string, ShardLedger> ledgers, VerifiedShard? since,
        CancellationToken cancel)
    {
        await _snapshots.ListAsync(cancel);
        var lowest = await FirstAsync(captures, shard, cancel) ?? 0;
        var first = Math.Max(lowest, (since?.Snapshot ?? -1) + 1);
        var fold = new ShardFold(captures.Empty(shard), first, ledgers);
        if (lowest > ExpiredBelow)
        {
            fold.Expired(ExpiredBelow, lowest - 1);
        }
        if (first > 0 && !(_snapshots.Newest >= first - 1))
        {
            // No snapshot reaches up to the first that stands, so that nothing knows what was in all of them.
            Break(fold, (_snapshots.Newest ?? -1) + 1, null);
        }
        else if (first > 0)
        {
            await SnapshotAsync(fold, first - 1, cancel);
        }
        return (fold, first);
    }

    /// <summary>A number that was free: read again where something stands above it. Where it stays free, also the lowest capture above;
    /// none at the end.</summary>
    private async Task<(Item Item, long? Next)> LookAgainAsync(ShardFold fold, long number, CancellationToken cancel)
    {
        var next = await NextAsync(captures, shard, number, cancel);
        if (next is null && !(_snapshots.Newest >= number))
        {
            return (Item.None, null);
        }
        var item = await ReadAsync(number, cancel);
        if (!item.IsNone)
        {
            return (item, null);
        }
        Break(fold, number, Later);
        if (next is null)
        {
            await LoneSnapshotAsync(fold, _snapshots.Newest!.Value, cancel);
        }
        return (item, next);
    }

    private async Task ApplyAsync(ShardFold fold, Capture capture, IReadOnlyList<string> differences, CancellationToken cancel)
    {
        var number = capture.Link.Number;
        if (_holeFrom is { } from)
        {
            fold.Hole(from, number - 1, capture.Header, null, _gone);
            _holeFrom = null;
            await SnapshotAsync(fold, number - 1, cancel);
        }
        fold.Findings.Differences.AddRange(differences);
        fold.Apply(capture.Header, capture.Link);
        await SnapshotAsync(fold, number, cancel);
    }

    /// <summary>A hole begins, or goes on where it is of the same kind.</summary>
    private void Break(ShardFold fold, long number, string? gone)
    {
        if (_holeFrom is { } from && _gone != gone)
        {
            fold.Hole(from, number - 1, null, null, _gone);
            _holeFrom = null;
        }
        (_holeFrom, _gone) = (_holeFrom ?? number, gone);
    }

    /// <summary>A snapshot above the head knows captures that are gone.</summary>
    private async Task LoneSnapshotAsync(ShardFold fold, long number, CancellationToken cancel)
    {
        var snapshot = await ReadSnapshotAsync(fold, number, cancel);
        fold.Hole(_holeFrom!.Value, number, null, snapshot, Known);
        _holeFrom = null;
        if (snapshot is not null)
        {
            fold.Snapshot(snapshot);
        }
    }

    private async Task SnapshotAsync(ShardFold fold, long number, CancellationToken cancel)
    {
        if (_snapshots.Contains(number) && await ReadSnapshotAsync(fold, number, cancel) is { } snapshot)
        {
            fold.Snapshot(snapshot);
        }
    }

    private async Task<ShardState?> ReadSnapshotAsync(ShardFold fold, long number, CancellationToken cancel)
    {
        try
        {
            return await captures.ReadSnapshotAsync(shard, number, cancel);
        }
        catch (DifferenceException e)
        {
            fold.Findings.Add(e);
            return null;
        }
    }

    private static async Task<long?> NextAsync(CaptureStore captures, string shard, long? after, CancellationToken cancel)
    {
        var folder = $"{CaptureNames.CapturesFolder}{shard}/";
        await foreach (var found in captures.Store.ListAsync(folder, after is { } a ? CaptureNames.Capture(shard, a) : null, cancel))
        {
            if (CaptureNames.NumberOf(found.Name) is { } number && found.Name == CaptureNames.Capture(shard, number))
            {
                return number;
            }
        }
        return null;
    }

    private async Task<Item> ReadAheadAsync(long number, CancellationToken cancel)
    {
        while (_ahead.Count > 0 && _ahead.Peek().Number < number)
        {
            await _ahead.Dequeue().Item;
        }
        for (var n = _ahead.Count == 0 ? number : _ahead.Last().Number + 1; _ahead.Count < workers.Width * 2; n++)
        {
            _ahead.Enqueue((n, ReadAsync(n, cancel)));
        }
        return await _ahead.Dequeue().Item;
    }

    private async Task<Item> ReadAsync(long number, CancellationToken cancel)
    {
        var name = CaptureNames.Capture(shard, number);
        if (await captures.Store.ReadAsync(name, cancel) is not { } bytes)
        {
            return Item.None;
        }
        return await workers.Run(() =>
        {
            try
            {
                var capture = captures.Decode(shard, number, bytes, name);
                return new Item(capture, null, frames?.Check(capture) ?? []);
            }
            catch (DifferenceException e)
            {
                return new Item(null, e, []);
            }
        });
    }

    private sealed record Item(Capture? Capture, DifferenceException? Damage, IReadOnlyList<string> Differences)
    {
        public static readonly Item None = new(null, null, []);

        public bool IsNone => Capture is null && Damage is null;
    }
}
