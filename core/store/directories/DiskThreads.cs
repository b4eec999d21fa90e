using System.Collections.Concurrent;

namespace Pipeline.Core.Store.Directories;

/// <summary>
/// The threads that wait for disks: at most sixteen, made when first needed. A put waits for two or three syncs of milliseconds each, and
/// on
/// the pool, which starts with a thread per core, a few of them would hold up everything else. Continuations run on the pool, never here.
/// </summary>
internal static class DiskThreads
{
    private const int Most = 16;

    private static readonly BlockingCollection<Action> Waiting = new();
    private static int _idle;
    private static int _threads;

    public static Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Waiting.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        if (Waiting.Count > Volatile.Read(ref _idle) && Interlocked.Increment(ref _threads) is var count)
        {
            if (count <= Most)
            {
                new Thread(Loop) { IsBackground = true, Name = "store-disk" }.Start();
            }
            else
            {
                Interlocked.Decrement(ref _threads);
            }
        }
        return done.Task;
    }

    private static void Loop()
    {
        while (true)
        {
            Interlocked.Increment(ref _idle);
            var work = Waiting.Take();
            Interlocked.Decrement(ref _idle);
            work();
        }
    }
}
