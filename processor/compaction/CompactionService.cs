using Pipeline.Core;
using Pipeline.Core.Store;

namespace Pipeline.Processor.Compaction;

/// <summary>
/// Compaction beside other roles, on a schedule of its own: every period it compacts each table, then removes what is void. It never runs
/// in a shipper's loop: a merge takes seconds, a seal must not wait for it.
/// An outage ends a round; the next one begins anew. Stopping abandons what is under way: nothing is lost by that but work.
/// </summary>
public sealed class CompactionService(IReadOnlyList<(Compactor Compactor, OrphanedSegments Orphaned)> tables, TimeSpan period,
    TimeProvider time, ICompactionEvents events)
{
    /// <summary>Runs until <paramref name="stop"/>. The first round comes after a tenth of the period, so that a process that is restarted
    /// often compacts too, and one that only just started serves first.</summary>
    /// <exception cref="DifferenceException">
    /// At the stop: a table is not what its log says. Compaction of that table ended there; the others went on.
    /// </exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var stopped = new SortedDictionary<string, DifferenceException>(StringComparer.Ordinal);
        try
        {
            for (var wait = period / 10; ; wait = period)
            {
                await Task.Delay(wait, time, stop);
                foreach (var (compactor, removal) in tables.Where(table => !stopped.ContainsKey(table.Compactor.Dataset)))
                {
                    try
                    {
                        await compactor.RunAsync(null, stop);
                        await removal.RemoveAsync(stop);
                    }
                    catch (StoreException e) when (e.Fault != StoreFault.Refused)
                    {
                        events.Waiting(e);
                    }
                    catch (DifferenceException e)
                    {
                        stopped.Add(compactor.Dataset, e);
                        events.CompactionStopped(compactor.Dataset, e);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // What was merged and not committed is orphaned by its own words, and removed by a later round.
        }
        if (stopped.Values.FirstOrDefault() is { } why)
        {
            throw why;
        }
    }
}
