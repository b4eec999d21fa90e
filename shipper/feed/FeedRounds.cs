using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Shipper.Catchup;
using Pipeline.Shipper.Loop;
using Pipeline.Shipper.Seal;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// The catch-up beside a feed (rules 14 and 15): 1 read the tables — 2 look at the heads, while messages go on — 3 decide what is late — 4 read it.
/// A capture store that is out delays this and nothing else.
/// </summary>
internal sealed class FeedRounds(FeedQueue feed, CaptureStore captures, IReadOnlyList<TableShipper> tables, CatchUp catchUp, SealPolicy policy, TimeProvider time, IShipEvents events, Action wake)
{
    private static readonly TimeSpan OutageWait = TimeSpan.FromSeconds(1);

    private readonly HeadHistory _sightings = new();
    private readonly long _start = time.GetTimestamp();
    private FeedIntake? _intake;
    private Task<IReadOnlyList<ObservedHead>>? _looking;
    private TimeSpan _lastRound, _notBefore;

    public FeedIntake Intake => _intake ??= new FeedIntake(feed, captures, tables, catchUp, _sightings, events, wake);

    private TimeSpan Now => time.GetElapsedTime(_start);

    /// <summary>The first round, over everything, is done.</summary>
    public void Begin()
    {
        foreach (var read in catchUp.Read())
        {
            _sightings.Saw(read);
        }
        _lastRound = Now;
    }

    /// <summary>How long there is nothing to do, unless something wakes the loop.</summary>
    public TimeSpan Wait(TimeSpan period)
    {
        if (Intake.IsWaiting)
        {
            return TimeSpan.Zero;
        }
        var round = _looking is null ? period - (Now - _lastRound) : _looking.IsCompleted ? TimeSpan.Zero : period;
        return new[] { Intake.Due.Count > 0 ? TimeSpan.Zero : round, _notBefore - Now }.Max();
    }

    public async Task RoundAsync(TimeSpan period, Func<Task> room, CancellationToken cancel)
    {
        if (Now < _notBefore)
        {
            return;
        }
        try
        {
            if (_looking is null && Now - _lastRound >= period)
            {
                // 1 and 2: in this order, so that what was shipped between the two is never taken for missing.
                foreach (var table in tables)
                {
                    await table.RefreshAsync(cancel);
                }
                _looking = LookAsync(cancel);
            }
            if (_looking is { IsCompleted: true } looked)
            {
                (_looking, _lastRound) = (null, Now);
                Judge(await looked);
            }
            // 4
            foreach (var (shard, upTo) in Intake.Due.ToList())
            {
                // First: a seal in the middle may make it due again.
                Intake.Due.Remove(shard);
                try
                {
                    await catchUp.RoundAsync(shard, room, cancel, upTo);
                }
                catch
                {
                    Intake.Leave(shard, upTo);
                    throw;
                }
            }
        }
        catch (StoreException e) when (e.Fault != StoreFault.Refused)
        {
            events.Waiting(e);
            _notBefore = Now + OutageWait;
        }
    }

    private async Task<IReadOnlyList<ObservedHead>> LookAsync(CancellationToken cancel)
    {
        try
        {
            var known = new Dictionary<string, ObservedHead>(_sightings.Known, StringComparer.Ordinal);
            return await new HeadWatch(captures).LookAsync(known, [.. tables.SelectMany(t => t.State.Shipped.Keys)], cancel);
        }
        finally
        {
            wake();
        }
    }

    /// <summary>3. A broker out of reach sends nobody anything, so then every shard is ours; else another's is helped with after two seal ages.</summary>
    private void Judge(IReadOnlyList<ObservedHead> looked)
    {
        events.Looked(looked);
        foreach (var gone in looked.Where(s => s.Head < 0 && !catchUp.Forks.ContainsKey(s.Shard)))
        {
            // A shard that a table knows and the store does not, or whose head is no capture: the round says what that is (rule 12).
            Intake.Leave(gone.Shard, null);
        }
        var late = _sightings.Round(
            looked.Where(s => s.Head >= 0 && !catchUp.Forks.ContainsKey(s.Shard)), Now,
            (shard, dataset) => tables.FirstOrDefault(t => t.Dataset == dataset) is { } table ? table.Taken(shard)?.Number : null,
            shard => Intake.Owns(shard) ? TimeSpan.Zero : 2 * policy.MaxAge);
        foreach (var observed in late)
        {
            Intake.Leave(observed.Shard, observed.Head);
        }
    }
}
