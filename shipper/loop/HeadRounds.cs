using Pipeline.Core.Captures;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Events;
using Pipeline.Shipper.Feed;
using Pipeline.Shipper.Tables;

namespace Pipeline.Shipper.Loop;

/// <summary>
/// The catch-up beside a feed (rules 14 and 15): looks at the heads while messages go on, and decides which shards are late. The loop reads
/// those.
/// </summary>
internal sealed class HeadRounds(
    CaptureStore captures, TableSet tables, DueShards due, Notices notices, ShipPolicy policy, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private Task<IReadOnlyList<ObservedHead>>? _looking;
    private TimeSpan _lastRound;

    /// <summary>What is known of the heads: from here, and from messages that came.</summary>
    public HeadHistory Heads { get; } = new();

    /// <summary>How long there is nothing to do here, unless something rings.</summary>
    public TimeSpan Wait => _looking is null ? policy.Period - (Now - _lastRound) : _looking.IsCompleted ? TimeSpan.Zero : policy.Period;

    private TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>The first reading, of everything, is done.</summary>
    public void Begin(IEnumerable<ObservedHead> read)
    {
        foreach (var head in read)
        {
            Heads.Saw(head);
        }
        _lastRound = Now;
    }

    /// <summary>
    /// Begins a look that is due, or judges one that ended. The tables are read first, so that what was shipped between the two is never
    /// taken for missing.
    /// </summary>
    public async Task RoundAsync(Assignment assignment, bool brokerUp, CancellationToken cancel)
    {
        if (_looking is null && Now - _lastRound >= policy.Period)
        {
            await tables.RefreshAsync(cancel);
            _looking = LookAsync(cancel);
        }
        if (_looking is { IsCompleted: true } looked)
        {
            (_looking, _lastRound) = (null, Now);
            Judge(await looked, assignment, brokerUp);
        }
    }

    private async Task<IReadOnlyList<ObservedHead>> LookAsync(CancellationToken cancel)
    {
        try
        {
            var known = new Dictionary<string, ObservedHead>(Heads.Known, StringComparer.Ordinal);
            return await new HeadWatch(captures).LookAsync(known, [.. tables.Tables.SelectMany(t => t.State.Shipped.Keys)], cancel);
        }
        finally
        {
            notices.Ring();
        }
    }

    /// <summary>
    /// A broker out of reach sends nobody anything, so then every shard is ours; else another's is helped with after two seal ages.
    /// </summary>
    private void Judge(IReadOnlyList<ObservedHead> looked, Assignment assignment, bool brokerUp)
    {
        tables.Events.Looked(looked);
        var working = looked.Where(head => !tables.IsStopped(head.Shard)).ToList();
        foreach (var head in working)
        {
            if (head.Contradiction is { } contradiction)
            {
                tables.Stop(head.Shard, new Fork(head.Shard, tables.Lowest(head.Shard, head.Head), contradiction).ToException());
            }
            else if (head.Head < 0)
            {
                // A shard that a table knows and the store does not, or whose head is no capture: the reading says what that is (rule 12).
                due.Add(head.Shard, null);
            }
        }
        var late = Heads.Round(
            working.Where(head => head is { Head: >= 0, Contradiction: null }), Now,
            (shard, dataset) => tables.Tables.FirstOrDefault(t => t.Dataset == dataset) is { } table ? table.Taken(shard)?.Number : null,
            shard => !brokerUp || assignment.Owns(shard) ? TimeSpan.Zero : 2 * policy.Seal.MaxAge);
        foreach (var head in late)
        {
            due.Add(head.Shard, head.Head);
        }
    }
}
