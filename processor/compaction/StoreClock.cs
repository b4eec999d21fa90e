using System.Text;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Compaction;

/// <summary>A store's own clock, which is the only one that a grace is measured with: this machine's may be two days off.</summary>
internal static class StoreClock
{
    /// <summary>When the store says that it is: an object is made, looked at and taken away again. One that a crash left behind harms
    /// nothing.</summary>
    public static async Task<DateTimeOffset> NowAsync(TableLog log, TimeProvider time, Action<StoreException>? waiting,
        CancellationToken cancel)
    {
        var (store, name) = (log.Store, $"{OrphanReceipt.Folder(log.Contract.Dataset)}clock/{log.NewId():N}");
        await Puts.UntilKnownAsync(store, name, Encoding.ASCII.GetBytes(name), time, waiting, cancel);
        var found = await store.FindAsync(name, cancel);
        await store.DeleteAsync(name, cancel);
        // Not there any more: somebody tidied up. Then no time has passed as far as can be known.
        return found?.Created ?? DateTimeOffset.MinValue;
    }
}
