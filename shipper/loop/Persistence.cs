using Pipeline.Core.Store;

namespace Pipeline.Shipper.Loop;

/// <summary>Waits out a store's outage: nothing is dropped, and nothing was half done (promise 2).</summary>
internal static class Persistence
{
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Does the work again until no store is out, or until it is cancelled; then it returns.</summary>
    public static async Task UntilDoneAsync(Func<Task> work, TimeProvider time, Action<StoreException> waiting, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await work();
                return;
            }
            catch (StoreException e) when (e.Fault != StoreFault.Refused)
            {
                waiting(e);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            try
            {
                await Task.Delay(Pause, time, cancel);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
