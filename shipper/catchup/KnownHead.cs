using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// Whether a capture that this process saw in the store still stands there: a store that is set back under running processes shows here
/// (rule 12).
/// </summary>
internal static class KnownHead
{
    /// <summary>Null where it stands; else what is wrong, for a fork.</summary>
    /// <param name="mark">Null: only that it is there is asked.</param>
    public static async Task<string?> ContradictionAsync(
        CaptureStore captures, string shard, long number, CaptureMark? mark, CancellationToken cancel)
    {
        if (await captures.HeaderAsync(shard, number, cancel) is { } header)
        {
            return mark is null || header.Mark == mark ? null
                : $"capture {number} is another than the one that was there: the store was set back and written again";
        }
        // Captures below the newest snapshot may expire, the head never.
        var newest = await captures.NewestSnapshotAsync(shard, cancel) ?? -1;
        var expired = newest > number
            || newest == number && await captures.Store.FindAsync(CaptureNames.Capture(shard, number + 1), cancel) is not null;
        return expired ? null : $"capture {number} was there and is gone: the store was set back";
    }
}
