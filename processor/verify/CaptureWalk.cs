using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>
/// Reads a shard's captures from the lowest that stands to the head, a few ahead of the fold, with the snapshots beside them.
/// A number that is free is the end only where a list shows nothing above it, and it is read again first: the shard may be growing.
/// </summary>
internal sealed class CaptureWalk(CaptureStore captures, string shard, FrameCheck? frames, Workers workers)
{
    private const string Gone = "gone, though later ones stand", Unreadable = "not readable";

    private readonly Queue<(long Number, Task<Item> Item)> _ahead = [];
    private readonly SortedSet<long> _snapshots = [];
    private long? _holeFrom;
    private string _holeIs = Gone;

    /// <summary>The lowest capture that stands, or null where the shard has none.</summary>
    public static Task<long?> FirstAsync(CaptureStore captures, string shard, CancellationToken cancel) => NextAsync(captures, shard, null, cancel);

    /// <param name="since">A snapshot that an earlier verification compared: captures up to there are not read again. The caller has found it to be as it was.</param>
    public async Task<ShardFacts> RunAsync(IReadOnlyDictionary<string, ShardLedger> ledgers, VerifiedShard? since, CancellationToken cancel)
    {
        await foreach (var found in captures.Store.ListAsync(CaptureNames.Snapshots(shard), null, cancel))
        {
            if (CaptureNames.NumberOf(found.Name) is { } snapshot)
            {
                _snapshots.Add(snapshot);
            }
        }
        var first = Math.Max(await FirstAsync(captures, shard, cancel) ?? 0, (since?.Snapshot ?? -1) + 1);
        var fold = new ShardFold(captures.Empty(shard), first, ledgers);
        if (first > 0 && !_snapshots.Any(s => s >= first - 1))
        {
            // Expiry never passes the newest snapshot (rule 10): without one at or above, these were not expired.
            _holeFrom = _snapshots.Count == 0 ? 0 : _snapshots.Max + 1;
        }
        else if (first > 0)
        {
            await SnapshotAsync(fold, first - 1, cancel);
        }
        long? head = null;
        for (var number = first; ; number++)
        {
            var item = await ReadAheadAsync(number, cancel);
            if (item.Capture is null && item.Damage is null)
            {
                var next = await NextAsync(captures, shard, number, cancel);
                var above = next is null ? _snapshots.GetViewBetween(number, long.MaxValue) : null;
                if (next is null && above!.Count == 0)
                {
                    break;
                }
                item = await ReadAsync(number, cancel);
                if (item.Capture is null && item.Damage is null)
                {
                    _holeFrom ??= number;
                    if (next is null)
                    {
                        await LoneSnapshotAsync(fold, above!.Max, cancel);
                        break;
                    }
                    number = next.Value - 1;
                    continue;
                }
            }
            if (item.Damage is { } damage)
            {
                (_holeFrom, _holeIs) = (_holeFrom ?? number, Unreadable);
                fold.Differences.Add(damage);
                continue;
            }
            var capture = item.Capture!;
            if (_holeFrom is { } from)
            {
                fold.Hole(from, number - 1, capture.Header, null, _holeIs);
                (_holeFrom, _holeIs) = (null, Gone);
                await SnapshotAsync(fold, number - 1, cancel);
            }
            fold.Differences.AddRange(item.Differences);
            fold.Apply(capture.Header, capture.Link);
            await SnapshotAsync(fold, number, cancel);
            head = number;
        }
        if (_holeFrom is { } open)
        {
            fold.Hole(open, open, null, null, _holeIs);
        }
        return fold.Finish(head);
    }

    /// <summary>A snapshot above the head knows captures that are gone.</summary>
    private async Task LoneSnapshotAsync(ShardFold fold, long number, CancellationToken cancel)
    {
        var snapshot = await ReadSnapshotAsync(fold, number, cancel);
        fold.Hole(_holeFrom!.Value, number, null, snapshot, "gone, though a snapshot knows them");
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
            fold.Differences.Add(e.Message);
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
                return new Item(null, e.Message, []);
            }
        });
    }

    private sealed record Item(Capture? Capture, string? Damage, IReadOnlyList<string> Differences)
    {
        public static readonly Item None = new(null, null, []);
    }
}
