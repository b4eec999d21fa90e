namespace Pipeline.Core.Store;

/// <summary>The one place where an unknown outcome is resolved (rules 6 and 20): the same bytes are put again until the store answers.</summary>
public static class Puts
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Puts the same bytes until the answer is known. Outages and full disks are waited out, each wait twice the last up to ten seconds;
    /// a store that refuses throws. <paramref name="waiting"/> hears of each wait. On cancellation the outcome stays unknown.
    /// </summary>
    public static async Task<PutOutcome> UntilKnownAsync(
        IObjectStore store, string name, ReadOnlyMemory<byte> bytes, TimeProvider time, Action<StoreException>? waiting = null, CancellationToken cancel = default)
    {
        for (var wait = Shortest; ; wait = wait * 2 < Longest ? wait * 2 : Longest)
        {
            try
            {
                return await store.PutIfAbsentAsync(name, bytes, cancel);
            }
            catch (StoreException e) when (e.Fault != StoreFault.Refused)
            {
                waiting?.Invoke(e);
            }
            await Task.Delay(wait, time, cancel);
        }
    }
}
