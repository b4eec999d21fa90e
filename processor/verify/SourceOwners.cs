using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Processor.Verify;

/// <summary>
/// What `sources/` says, against what the captures say: each source's shard has captures, and each source that lines came from has its
/// object. Listed before
/// the captures are walked: a shard has a capture before a source is made its own.
/// </summary>
internal sealed class SourceOwners(CaptureStore captures)
{
    private readonly SortedDictionary<string, string> _shards = new(StringComparer.Ordinal);
    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);

    /// <summary>Every shard that a source belongs to.</summary>
    public IEnumerable<string> Shards => _shards.Values.Distinct();

    public async Task ReadAsync(Findings findings, CancellationToken cancel)
    {
        await foreach (var found in captures.Store.ListAsync(SourceObject.Folder, null, cancel))
        {
            await ReadAsync(found.Name[SourceObject.Folder.Length..], findings, cancel);
        }
    }

    /// <param name="shards">What the walks found; read after <see cref="ReadAsync(Findings, CancellationToken)"/>.</param>
    public async Task CompareAsync(IReadOnlyList<ShardFacts> shards, Findings findings, CancellationToken cancel)
    {
        foreach (var (source, shard) in _shards)
        {
            if (shards.FirstOrDefault(facts => facts.Shard == shard) is not { } facts || IsEmpty(facts))
            {
                findings.AddDeleted($"{CaptureNames.CapturesFolder}{shard}/",
                    $"shard {shard} has no capture, though '{CaptureNames.Source(source)}' names it");
            }
        }
        foreach (var shard in shards)
        {
            foreach (var source in shard.Totals.Sources)
            {
                await CompareAsync(shard.Shard, source, findings, cancel);
            }
        }
    }

    private async Task CompareAsync(string shard, string source, Findings findings, CancellationToken cancel)
    {
        if (!_shards.ContainsKey(source) && !_damaged.Contains(source))
        {
            // It may be younger than the list.
            await ReadAsync(source, findings, cancel);
        }
        if (_shards.TryGetValue(source, out var owner))
        {
            if (owner != shard)
            {
                findings.AddCorrupt(CaptureNames.Source(source), $"it names shard {owner}, and lines of the source are in shard {shard}");
            }
        }
        else if (!_damaged.Contains(source))
        {
            findings.AddDeleted(CaptureNames.Source(source), $"lines of the source are in shard {shard}");
        }
    }

    /// <summary>Nothing stands of it, and nothing that stands says that something did: else that is named already.</summary>
    private static bool IsEmpty(ShardFacts facts) => facts.Head is null && facts.Findings.None;

    private async Task ReadAsync(string source, Findings findings, CancellationToken cancel)
    {
        if (await captures.Store.ReadAsync(CaptureNames.Source(source), cancel) is not { } bytes)
        {
            return;
        }
        try
        {
            _shards[source] = SourceObject.Decode(bytes, CaptureNames.Source(source));
        }
        catch (CorruptException e)
        {
            _damaged.Add(source);
            findings.Add(e);
        }
    }
}
