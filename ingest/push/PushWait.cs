namespace Pipeline.Ingest.Push;

/// <summary>
/// Waits with an end, as Task.WaitAsync does, but continues in the caller's context only: WaitAsync goes over the thread pool, where a
/// simulation on one thread cannot follow.
/// </summary>
internal static class PushWait
{
    /// <exception cref="TimeoutException">The task did not end within the time.</exception>
    /// <exception cref="OperationCanceledException">It did not end before the cancellation.</exception>
    public static async Task<T> WithinAsync<T>(this Task<T> task, TimeSpan within, TimeProvider time, CancellationToken cancel)
    {
        if (!task.IsCompleted)
        {
            var end = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
            using var timer = time.CreateTimer(_ => end.TrySetResult(new TimeoutException()), null, within, Timeout.InfiniteTimeSpan);
            using var cancelled = cancel.UnsafeRegister(_ => end.TrySetResult(new OperationCanceledException(cancel)), null);
            _ = TellAsync(task, end);
            if (await end.Task is { } early)
            {
                throw early;
            }
        }
        return await task;
    }

    private static async Task TellAsync(Task task, TaskCompletionSource<Exception?> end)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        end.TrySetResult(null);
    }
}
