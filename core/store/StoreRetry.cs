namespace Pipeline.Core.Store;

/// <summary>
/// Waits out a store that does not answer: the one place where an unknown outcome is resolved. The same call is made again until the
/// store answers, each wait twice the last, from 50 ms up to ten seconds. Outages and full disks are waited out; a store that refuses
/// throws. Safe to use from many threads.
/// </summary>
/// <param name="waiting">Hears of each wait.</param>
/// <param name="answered">Hears of the first answer after a wait.</param>
public sealed class StoreRetry(TimeProvider time, Action<StoreException>? waiting = null, Action? answered = null)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public TimeProvider Time { get; } = time;

    /// <summary>Puts the same bytes until the outcome is known. On cancellation the outcome stays unknown.</summary>
    public Task<PutOutcome> PutAsync(IObjectStore store, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel) =>
        UntilAnsweredAsync(() => store.PutIfAbsentAsync(name, bytes, cancel), cancel);

    /// <summary>Asks until the store answers. Where asking does something, it must do the same when it is done again.</summary>
    public async Task<T> UntilAnsweredAsync<T>(Func<Task<T>> ask, CancellationToken cancel)
    {
        var waited = false;
        for (var wait = Shortest; ; wait = wait * 2 < Longest ? wait * 2 : Longest)
        {
            try
            {
                var answer = await ask();
                if (waited)
                {
                    answered?.Invoke();
                }
                return answer;
            }
            catch (StoreException e) when (e.Fault != StoreFault.Refused)
            {
                waited = true;
                waiting?.Invoke(e);
            }
            await Task.Delay(wait, Time, cancel);
        }
    }
}
