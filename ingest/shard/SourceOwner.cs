using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>A source belongs to one shard for ever (rule 8): `sources/NAME` holds the shard's name, put once.</summary>
public static class SourceOwner
{
    /// <summary>Refuses a shard that may not have the source, before anything is written.</summary>
    /// <exception cref="PolicyException">It belongs to another shard.</exception>
    /// <param name="owner">The shard that it belongs to so far; null: none.</param>
    public static void Check(IObjectStore store, string source, string? owner, string shard)
    {
        if (!CaptureNames.IsName(source) || !CaptureNames.IsName(shard))
        {
            throw new UsageException(
                $"source '{source}' of shard '{shard}': a name is 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or " +
                $"digit.");
        }
        if (owner is not null && owner != shard)
        {
            throw Belongs(store, source, owner, shard);
        }
    }

    /// <summary>Makes the source the shard's. The shard has a capture by then: so a source without captures tells that they were
    /// deleted.</summary>
    public static async Task ClaimAsync(IObjectStore store, string source, string shard, StoreRetry retry, CancellationToken cancel)
    {
        var name = CaptureNames.Source(source);
        if (await retry.PutAsync(store, name, SourceObject.Encode(shard), cancel) != PutOutcome.Other)
        {
            return;
        }
        var owner = await OwnerAsync(store, source, cancel);
        if (owner != shard)
        {
            throw Belongs(store, source, owner!, shard);
        }
    }

    /// <summary>The shard that owns the source, or null where no shard ever did.</summary>
    /// <exception cref="CorruptException">The object is damaged.</exception>
    public static async Task<string?> OwnerAsync(IObjectStore store, string source, CancellationToken cancel) => CaptureNames.IsName(source)
        && await store.ReadAsync(CaptureNames.Source(source), cancel) is { } bytes ? SourceObject.Decode(bytes, CaptureNames.Source(source))
            : null;

    private static PolicyException Belongs(IObjectStore store, string source, string owner, string shard) =>
        new($"source {source} belongs to shard {owner} in {store.Location}, this process hosts shard {shard}. "
            + $"Sources do not move between shards: host shard {owner} here, or give the endpoint another source name.");
}
