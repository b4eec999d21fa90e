namespace Pipeline.Ingest.Shard;

/// <summary>What became of lines: the counts of promise 7.</summary>
public sealed class LineCounts
{
    public long Lines { get; private set; }
    public long Duplicates { get; private set; }
    public SortedDictionary<string, long> Records { get; } = new(StringComparer.Ordinal);
    public SortedDictionary<string, long> Rejected { get; } = new(StringComparer.Ordinal);

    public void Add(BlockOutcome outcome) => Add(outcome.Read.Lines, outcome.Read.Duplicates, outcome.Records, outcome.Read.Rejected);

    public void Add(LineCounts other) => Add(other.Lines, other.Duplicates, other.Records, other.Rejected);

    private void Add(long lines, long duplicates, IEnumerable<KeyValuePair<string, long>> records, IEnumerable<KeyValuePair<string,
        long>>? rejected)
    {
        Lines += lines;
        Duplicates += duplicates;
        foreach (var (dataset, rows) in records)
        {
            Records[dataset] = Records.GetValueOrDefault(dataset) + rows;
        }
        foreach (var (reason, count) in rejected ?? [])
        {
            Rejected[reason] = Rejected.GetValueOrDefault(reason) + count;
        }
    }
}

/// <summary>Blocks that were offered and not yet acknowledged, oldest first. Outcomes are counted and let go as they come, so that memory
/// does not grow with a file.</summary>
internal sealed class Acknowledgements
{
    private readonly Queue<Task<BlockOutcome>> _waiting = new();

    public LineCounts Counts { get; } = new();

    /// <exception cref="FencedException">A newer process has the shard.</exception>
    public async ValueTask OfferAsync(IBlockSink sink, SourceBlock block, CancellationToken cancel)
    {
        _waiting.Enqueue(await sink.OfferAsync(block, cancel));
        await SettleAsync();
    }

    /// <summary>Counts what is acknowledged by now.</summary>
    public async ValueTask SettleAsync()
    {
        while (_waiting.TryPeek(out var first) && first.IsCompleted)
        {
            Counts.Add(await _waiting.Dequeue());
        }
    }

    /// <summary>Waits until everything that was offered is on stable storage.</summary>
    public async Task FinishAsync()
    {
        while (_waiting.TryDequeue(out var next))
        {
            Counts.Add(await next);
        }
    }
}
