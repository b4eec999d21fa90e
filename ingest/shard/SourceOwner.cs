using System.Text.Json;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;

namespace Pipeline.Ingest.Shard;

/// <summary>A source belongs to one shard for ever (rule 8): `sources/NAME` holds the shard's name, put once.</summary>
public static class SourceOwner
{
    public static async Task ClaimAsync(IObjectStore store, string source, string shard, StoreRetry retry, CancellationToken cancel)
    {
        if (!CaptureNames.IsName(source) || !CaptureNames.IsName(shard))
        {
            throw new UsageException($"source '{source}' of shard '{shard}': a name is 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit.");
        }
        var name = CaptureNames.Source(source);
        var owned = JsonSerializer.SerializeToUtf8Bytes(new SortedDictionary<string, string> { ["shard"] = shard });
        if (await retry.PutAsync(store, name, owned, cancel) != PutOutcome.Other)
        {
            return;
        }
        var owner = await OwnerAsync(store, source, cancel);
        if (owner != shard)
        {
            throw new PolicyException($"source {source} belongs to shard {owner} in {store.Location}, this process hosts shard {shard}. Sources do not move between shards: host shard {owner} here, or give the endpoint another source name.");
        }
    }

    /// <summary>The shard that owns the source, or null where no shard ever did.</summary>
    public static async Task<string?> OwnerAsync(IObjectStore store, string source, CancellationToken cancel) =>
        await store.ReadAsync(CaptureNames.Source(source), cancel) is { } bytes ? JsonDocument.Parse(bytes).RootElement.GetProperty("shard").GetString() : null;
}
