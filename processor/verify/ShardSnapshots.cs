using Pipeline.Core.Captures;

namespace Pipeline.Processor.Verify;

/// <summary>The snapshots of a shard that stand, by one list, and those that ought to.</summary>
/// <param name="every">Captures between two snapshots.</param>
internal sealed class ShardSnapshots(CaptureStore captures, string shard, int every)
{
    private readonly SortedSet<long> _numbers = [];

    /// <summary>Of the newest; null where there is none.</summary>
    public long? Newest => _numbers.Count == 0 ? null : _numbers.Max;

    public async Task ListAsync(CancellationToken cancel)
    {
        await foreach (var found in captures.Store.ListAsync(CaptureNames.Snapshots(shard), null, cancel))
        {
            if (CaptureNames.NumberOf(found.Name) is { } number)
            {
                _numbers.Add(number);
            }
        }
    }

    public bool Contains(long number) => _numbers.Contains(number);

    /// <summary>
    /// Below the head every snapshot that was due is there, because the next capture is made only when it stands (docs/protocol.md).
    /// Neighbours that are gone are named as one.
    /// </summary>
    public async Task CheckDueAsync(Findings findings, long head, CancellationToken cancel)
    {
        long? from = null;
        var to = 0L;
        for (var due = every - 1L; due < head; due += every)
        {
            // The list may be older than the capture above.
            if (!Contains(due) && await captures.Store.FindAsync(CaptureNames.Snapshot(shard, due), cancel) is null)
            {
                (from, to) = (from ?? due, due);
                continue;
            }
            Name(findings, from, to);
            from = null;
        }
        Name(findings, from, to);
    }

    private void Name(Findings findings, long? from, long to)
    {
        if (from is { } first)
        {
            findings.AddDeleted(CaptureNames.Snapshot(shard, first), first == to
                ? $"the snapshot of shard {shard} after capture {first} is gone, though later captures stand"
                : $"the snapshots of shard {shard} after captures {first} to {to} are gone, though later captures stand");
        }
    }
}
