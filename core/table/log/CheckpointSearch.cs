using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Core.Table.Log;

/// <summary>
/// Finds checkpoints by asking for names instead of listing the log, so that a start and a commit cost the same at any age of the table.
/// Entries have no gaps, and this program writes a checkpoint of every hundredth one; `_last_checkpoint` is where the search begins.
/// The log is listed only where entries or several checkpoints in a row are absent.
/// </summary>
internal sealed class CheckpointSearch(IObjectStore store, string dataset, string where)
{
    /// <summary>A checkpoint is written best effort, so one or two may be missing; more than that is unusual enough for a
    /// listing.</summary>
    private const int Tries = 3;

    /// <summary>The state of the newest checkpoint that can be read; null where there is none.</summary>
    /// <exception cref="DifferenceException">There is a checkpoint of an entry that the log does not have.</exception>
    public async Task<TableState?> NewestAsync(CancellationToken cancel)
    {
        var hint = Math.Max(0, await Checkpoint.HintAsync(store, dataset, cancel) ?? 0);
        if (!await HasEntryAsync(hint, cancel))
        {
            return await NewestListedAsync(cancel);
        }
        var newest = await NewestHundredthAsync(hint, cancel);
        return await FirstOfAsync(Candidates(newest, hint), strict: true, cancel)
            ?? (newest >= Checkpoint.Interval ? await NewestListedAsync(cancel) : null);
    }

    /// <summary>The state of the newest checkpoint at or below <paramref name="version"/> that can be read; null where there is
    /// none.</summary>
    public async Task<TableState?> AtOrBelowAsync(long version, CancellationToken cancel)
    {
        var newest = version / Checkpoint.Interval * Checkpoint.Interval;
        if (newest == 0)
        {
            return null;
        }
        return await FirstOfAsync(Candidates(newest, 0), strict: false, cancel)
            ?? await FirstOfAsync((await ListAsync(cancel)).Where(at => at <= version).Reverse(), strict: false, cancel);
    }

    /// <summary>
    /// The lowest checkpoint at or above <paramref name="version"/> that can be found by name: that of the next hundredth entry, or the one
    /// that `_last_checkpoint` names. Null where neither is there.
    /// </summary>
    public async Task<long?> AtOrAboveAsync(long version, CancellationToken cancel)
    {
        var next = (version + Checkpoint.Interval - 1) / Checkpoint.Interval * Checkpoint.Interval;
        long? hint = await Checkpoint.HintAsync(store, dataset, cancel) is { } named && named >= version ? named : null;
        foreach (var at in hint is { } other && other != next ? new[] { Math.Min(other, next), Math.Max(other, next) } : [next])
        {
            if (await store.FindAsync(TableNames.Checkpoint(dataset, at), cancel) is not null)
            {
                return at;
            }
        }
        return null;
    }

    /// <summary>Refuses a log that ends at <paramref name="version"/> where a checkpoint of a later entry stands (rule 21).</summary>
    public async Task CheckNoneAboveAsync(long version, CancellationToken cancel)
    {
        var next = (version / Checkpoint.Interval + 1) * Checkpoint.Interval;
        // In this order: the log may have grown since it was read.
        if (await store.FindAsync(TableNames.Checkpoint(dataset, next), cancel) is not null && !await HasEntryAsync(next, cancel))
        {
            throw WithoutEntry(next);
        }
    }

    private static IEnumerable<long> Candidates(long newest, long hint)
    {
        for (var (at, tries) = (newest, 0); at > hint && tries < Tries; at -= Checkpoint.Interval, tries++)
        {
            yield return at;
        }
        if (hint > 0)
        {
            yield return hint;
        }
    }

    /// <summary>The newest entry whose number is a multiple of the interval, by steps that double, then by halves.</summary>
    private async Task<long> NewestHundredthAsync(long from, CancellationToken cancel)
    {
        var (low, step) = (from / Checkpoint.Interval, 1L);
        while (await HasEntryAsync((low + step) * Checkpoint.Interval, cancel))
        {
            low += step;
            step *= 2;
        }
        for (var high = low + step; high - low > 1;)
        {
            var middle = low + (high - low) / 2;
            (low, high) = await HasEntryAsync(middle * Checkpoint.Interval, cancel) ? (middle, high) : (low, middle);
        }
        return low * Checkpoint.Interval;
    }

    private async Task<TableState?> NewestListedAsync(CancellationToken cancel) =>
        await FirstOfAsync((await ListAsync(cancel)).Reverse(), strict: true, cancel);

    /// <summary>The state of the first of these checkpoints that can be read. One without its entry is refused, or passed over.</summary>
    private async Task<TableState?> FirstOfAsync(IEnumerable<long> versions, bool strict, CancellationToken cancel)
    {
        foreach (var version in versions)
        {
            // A checkpoint does not hold its entry's hash, which the next entry of ours must name.
            if (await store.ReadAsync(TableNames.Entry(dataset, version), cancel) is not { } entry)
            {
                if (strict)
                {
                    throw WithoutEntry(version);
                }
                continue;
            }
            if (await Checkpoint.ReadAsync(store, dataset, version, Sha256.Of(entry), cancel) is { } state)
            {
                return state;
            }
        }
        return null;
    }

    /// <summary>The versions that have a checkpoint, rising: the whole log is listed.</summary>
    private async Task<IEnumerable<long>> ListAsync(CancellationToken cancel)
    {
        var versions = new List<long>();
        await foreach (var found in store.ListAsync(TableNames.Log(dataset), null, cancel))
        {
            if (TableNames.CheckpointVersion(found.Name) is { } version)
            {
                versions.Add(version);
            }
        }
        return versions;
    }

    private async Task<bool> HasEntryAsync(long version, CancellationToken cancel) =>
        await store.FindAsync(TableNames.Entry(dataset, version), cancel) is not null;

    private DifferenceException WithoutEntry(long version) => new(
        $"{where}: there is a checkpoint of entry {version} but no such entry. Expected the log to reach beyond its newest checkpoint: "
        + "the table was restored to an older version by taking entries away. "
        + "Restore the log whole, or remove the checkpoints above its end with every shipper stopped.");
}
