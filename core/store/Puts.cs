namespace Pipeline.Core.Store;

/// <summary>A put whose outcome must be known, where no <see cref="StoreRetry"/> is at hand.</summary>
public static class Puts
{
    /// <summary>As <see cref="StoreRetry.PutAsync"/>. <paramref name="waiting"/> hears of each wait.</summary>
    public static Task<PutOutcome> UntilKnownAsync(
        IObjectStore store, string name, ReadOnlyMemory<byte> bytes, TimeProvider time, Action<StoreException>? waiting = null,
        CancellationToken cancel = default) =>
        new StoreRetry(time, waiting).PutAsync(store, name, bytes, cancel);
}
