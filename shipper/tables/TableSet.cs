using System.Collections.Immutable;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Tables;

/// <summary>
/// All tables of one shipper, and the shards that are stopped in every one of them: by a fork or by damage (rule 13). Frames of a stopped
/// shard are let go, and it is
/// neither read nor taken until the next start; every other shard goes on. One thread; <see cref="Stopped"/> from any.
/// </summary>
internal sealed class TableSet(IReadOnlyList<TableShipper> tables, IShipEvents events)
{
    private volatile ImmutableSortedDictionary<string, DifferenceException> _stopped =
        ImmutableSortedDictionary.Create<string, DifferenceException>(StringComparer.Ordinal);

    public IReadOnlyList<TableShipper> Tables => tables;

    public IShipEvents Events => events;

    /// <summary>
    /// By shard, the fork (<see cref="ForkException"/>) or the damaged object (<see cref="CorruptException"/>) that stopped it.
    /// </summary>
    public IReadOnlyDictionary<string, DifferenceException> Stopped => _stopped;

    public bool IsStopped(string shard) => _stopped.ContainsKey(shard);

    /// <summary>Named once; the first reason stays.</summary>
    public void Stop(string shard, DifferenceException why)
    {
        Drop(shard);
        if (IsStopped(shard))
        {
            return;
        }
        _stopped = _stopped.Add(shard, why);
        if (why is ForkException { Fork: var fork })
        {
            events.Forked(fork);
        }
        else
        {
            events.Damaged(shard, why);
        }
    }

    /// <summary>
    /// Each table takes what is its next. What one of them cannot take yet, the reader of the store brings in its own turn.
    /// </summary>
    public void Offer(Offered offered)
    {
        if (IsStopped(offered.Capture.Header.Shard))
        {
            return;
        }
        foreach (var table in tables)
        {
            table.Offer(offered.Capture, offered.ByFeed);
        }
    }

    public void Drop(string shard)
    {
        foreach (var table in tables)
        {
            table.Drop(shard);
        }
    }

    public async Task RefreshAsync(CancellationToken cancel)
    {
        foreach (var table in tables)
        {
            await table.RefreshAsync(cancel);
        }
    }

    /// <summary>Rule 13: a fork is named for all datasets from the lowest shipped number.</summary>
    public long Lowest(string shard, long number) => tables.Select(table => table.Shipped(shard)?.Number ?? number).Append(number).Min();

    /// <summary>The newest capture of the shard that any table has shipped; −1: none.</summary>
    public long Newest(string shard) => tables.Max(table => table.Shipped(shard)?.Number ?? -1);

    public bool Holds(string shard, long number) => tables.Any(table => table.Backlog.Holds(shard, number));

    /// <exception cref="ConfigurationException">The capture has records that no table of ours takes.</exception>
    public void CheckDatasets(Capture capture)
    {
        foreach (var dataset in capture.Header.Frames.Select(f => f.Dataset).Where(d => tables.All(t => t.Dataset != d)))
        {
            throw new ConfigurationException($"shard {capture.Header.Shard}, capture {capture.Link.Number}: it has records of "
                + $"dataset {dataset}, which this program does not know. Upgrade this program; nothing was skipped.");
        }
    }

    /// <summary>Until the first frame is as old as it may be; null: there is none.</summary>
    public TimeSpan? UntilDue(SealPolicy policy) =>
        tables.Where(t => t.Backlog.Count > 0).Select(t => (TimeSpan?)(policy.MaxAge - t.OldestAge)).Min();

    public Task SealDueAsync(SealPolicy policy, CancellationToken cancel)
    {
        var all = tables.Sum(t => t.Backlog.Bytes);
        var largest = tables.Max(t => t.Backlog.Bytes);
        var due = tables.Select(t => (Table: t, Reason: policy.Decide(t.Backlog.Bytes, all, t.Backlog.Bytes == largest, t.OldestAge)))
            .Where(d => d.Reason is not null).ToList();
        return due.Count == 0 ? Task.CompletedTask : SealAsync(due.Select(d => (d.Table, d.Reason!)), cancel);
    }

    public Task SealAllAsync(string reason, CancellationToken cancel) => SealAsync(tables.Select(table => (table, reason)), cancel);

    private async Task SealAsync(IEnumerable<(TableShipper Table, string Reason)> due, CancellationToken cancel)
    {
        var damaged = await Task.WhenAll(due.Select(d => d.Table.SealAsync(d.Reason, cancel)).ToList());
        foreach (var (shard, why) in damaged.SelectMany(found => found))
        {
            Stop(shard, why);
        }
    }
}

/// <summary>A capture that catch-up or the feed found for the tables.</summary>
/// <param name="ByFeed">It came as a message, and was not waited for.</param>
internal readonly record struct Offered(Capture Capture, bool ByFeed);
