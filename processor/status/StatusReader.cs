using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Status;

/// <summary>
/// Reads where everything stands, and only reads. 1 the tables (before the captures: what is captured meanwhile is pending) · 2 each
/// shard's newest snapshot and what follows it ·
/// 3 along the links, from each dataset's newest capture down to what is shipped, what is pending.
/// </summary>
public sealed class StatusReader(CaptureStore captures, IReadOnlyList<TableLog> tables, TimeProvider time)
{
    public async Task<StatusReport> ReadAsync(CancellationToken cancel = default)
    {
        var states = new List<(string Dataset, TableState? State)>();
        foreach (var log in tables)
        {
            states.Add((log.Contract.Dataset, await log.OpenAsync(cancel)));
        }
        var shards = new SortedSet<string>(states.SelectMany(table => table.State?.Shipped.Keys ?? []), StringComparer.Ordinal);
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            shards.Add(shard);
        }
        var found = new List<ShardStatus>();
        foreach (var shard in shards)
        {
            found.Add(await ShardAsync(shard, states, cancel));
        }
        var commits = new List<TableStatus>();
        foreach (var (log, (dataset, state)) in tables.Zip(states))
        {
            var files = state?.Files.Values.ToList() ?? [];
            var last = state is null ? null : await log.ReadEntryAsync(state.Version, cancel);
            commits.Add(new TableStatus(dataset, state?.Version ?? -1, files.Count, files.Sum(f => Math.Max(0, f.Rows)),
                files.Sum(f => f.Size),
                files.Count == 0 ? null : files.Min(f => f.Date).ToString(), files.Count == 0 ? null
                    : files.Max(f => f.Date).ToString(), last?.Time));
        }
        return new StatusReport { Shards = found, Tables = commits };
    }

    private async Task<ShardStatus> ShardAsync(string shard, List<(string Dataset, TableState? State)> tables, CancellationToken cancel)
    {
        var (state, fork) = await FoldAsync(shard, cancel);
        var datasets = new SortedDictionary<string, DatasetStatus>(StringComparer.Ordinal);
        foreach (var (dataset, table) in tables)
        {
            ShippedLink? shipped = table is not null && table.Shipped.TryGetValue(shard, out var link) ? link : null;
            datasets[dataset] = await DatasetAsync(shard, dataset, state.Datasets.GetValueOrDefault(dataset), shipped, cancel);
            if (fork is null && shipped is { } s && s.Number > (state.Head?.Number ?? -1))
            {
                fork = $"the table of {dataset} has shipped up to capture {s.Number}, the store's newest is " +
                    $"{state.Head?.Number.ToString() ?? "none"}; run `pipeline verify`";
            }
        }
        return new ShardStatus
        {
            Shard = shard, Head = state.Head?.Number, NewestAge = state.Head is { } head ? await AgeAsync(shard, head.Number, cancel)
                : null, Datasets = datasets, Sources = state.Sources,
            PossibleLossUnkeyed = state.Sources.Values.Sum(source => source.Unkeyed), Fork = fork,
        };
    }

    /// <summary>The state as far as it holds: a fork ends it and is told, for a status must be had of a broken shard too.</summary>
    private async Task<(ShardState State, string? Fork)> FoldAsync(string shard, CancellationToken cancel)
    {
        var state = captures.Empty(shard);
        try
        {
            state = await captures.SnapshotAsync(shard, cancel);
            while (await captures.ReadAsync(shard, state.Next, cancel) is { } capture)
            {
                if (state.Apply(capture.Header, capture.Link) is { } fork)
                {
                    return (state, $"at capture {fork.Number}: {fork.Reason}");
                }
            }
            return (state, null);
        }
        catch (DifferenceException e)
        {
            return (state, e.Message);
        }
    }

    /// <summary>Walks the links down from the dataset's newest capture: as many reads of headers as there are pending captures.</summary>
    private async Task<DatasetStatus> DatasetAsync(string shard, string dataset, DatasetTotals? totals, ShippedLink? shipped,
        CancellationToken cancel)
    {
        var (count, records, oldest) = (0L, 0L, (long?)null);
        for (var number = totals?.Last.Number; number > (shipped?.Number ?? -1);)
        {
            if (await Headers.ReadAsync(captures, shard, number.Value, cancel) is not { } header)
            {
                break;
            }
            count++;
            records += header.FrameOf(dataset)?.Rows ?? 0;
            oldest = number;
            number = header.Links.TryGetValue(dataset, out var before) ? before.Number : null;
        }
        return new DatasetStatus
        {
            Captured = totals?.Rows ?? 0, Shipped = shipped?.Number, PendingCaptures = count, PendingRecords = records,
            OldestPendingAge = oldest is { } at ? await AgeAsync(shard, at, cancel) : null,
        };
    }

    private async Task<double?> AgeAsync(string shard, long number, CancellationToken cancel) =>
        await captures.Store.FindAsync(CaptureNames.Capture(shard, number), cancel) is { } found
            ? Math.Max(0, Math.Round((time.GetUtcNow() - found.Created).TotalSeconds, 3)) : null;
}
