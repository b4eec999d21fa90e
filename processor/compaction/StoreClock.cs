using System.Text;
using Pipeline.Core.Store;

namespace Pipeline.Processor.Compaction;

/// <summary>A store's own clock, which is the only one that a grace is measured with: this machine's may be two days off.</summary>
internal static class StoreClock
{
    /// <summary>When the store says that it is: an object is made, looked at and taken away again. One that a crash left behind harms
    /// nothing.</summary>
    public static async Task<DateTimeOffset> NowAsync(IObjectStore store, string folder, TimeProvider time, Action<StoreException>? waiting,
        CancellationToken cancel)
    {
        var name = $"{folder}clock/{Guid.NewGuid():N}";
        await Puts.UntilKnownAsync(store, name, Encoding.ASCII.GetBytes(name), time, waiting, cancel);
        var found = await store.FindAsync(name, cancel);
        await store.DeleteAsync(name, cancel);
        // Not there any more: somebody tidied up. Then no time has passed as far as can be known.
        return found?.Created ?? DateTimeOffset.MinValue;
    }
}
