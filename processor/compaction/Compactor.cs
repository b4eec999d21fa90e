using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Compaction;

/// <summary>
/// Merges the small segments of one table: 1 read the table — 2 plan — 3 merge group by group, each checked — 4 commit a batch of groups,
/// with what it read — again from 2 until there is nothing to do.
/// A group whose input another commit took away is dropped, and planned anew (rule 19). A crash leaves segments that no commit names
/// (<see cref="OrphanedSegments"/>), and nothing else.
/// Any number of compactors, shippers and engines may work on the table. One run at a time for each instance.
/// </summary>
public sealed class Compactor(TableLog log, ReadOnlyMemory<byte> rowKey, Workers workers, TimeProvider time, CompactionPolicy policy,
    ICompactionEvents events)
{
    /// <summary>A commit waits for at most this number of groups or rows: few entries where many dates have little, and little lost
    /// where it conflicts.</summary>
    private const int CommitGroups = 256;
    private const long CommitRows = 16 << 20;

    private const int MaxRounds = 8;

    private readonly Committer _committer = new(log, events.Waiting);
    private readonly TableHistory _history = new(log);
    private readonly Dictionary<UtcDay, DateCompaction> _dates = [];
    private readonly List<string> _differences = [];
    private int _commits, _conflicts;

    public string Dataset => log.Contract.Dataset;

    /// <summary>What there is to do; null where there is no table. Changes nothing.</summary>
    public async Task<CompactionPlan?> PlanAsync(UtcDay? only, CancellationToken cancel = default) =>
        await log.OpenAsync(cancel) is { } state ? CompactionPlan.Of(Dataset, state, policy, only) : null;

    /// <param name="only">One date; null: all.</param>
    /// <exception cref="PipelineException">3: the table was restored under us; 78: it is another's, or under another contract.</exception>
    /// <exception cref="StoreException">The store does not answer; what was committed is.</exception>
    public async Task<CompactionReport> RunAsync(UtcDay? only, CancellationToken cancel = default)
    {
        _dates.Clear();
        _differences.Clear();
        (_commits, _conflicts) = (0, 0);
        // 1
        if (await log.OpenAsync(cancel) is not { } state)
        {
            return new(Dataset, -1);
        }
        // What cannot be merged is tried once in a run, not in every round.
        var refused = new HashSet<UtcDay>();
        for (var round = 0; round < MaxRounds; round++)
        {
            // 2
            var plan = CompactionPlan.Of(Dataset, state, policy, only);
            var groups = plan.Groups.Where(group => !refused.Contains(group.Date)).ToList();
            if (groups.Count == 0)
            {
                break;
            }
            await _history.ReadToAsync(state, (_, _) => false, remember: false, cancel);
            state = await RoundAsync(state, groups, refused, cancel);
        }
        return new(Dataset, state.Version) { Dates = [.. _dates.OrderBy(date => date.Key).Select(date => date.Value)], Commits = _commits,
            Conflicts = _conflicts, Differences = [.. _differences] };
    }

    private async Task<TableState> RoundAsync(TableState state, List<CompactionGroup> groups, HashSet<UtcDay> refused,
        CancellationToken cancel)
    {
        var merge = new SegmentMerge(log, rowKey, workers, policy, time, events.Waiting);
        var declared = _history.Dates;
        var batch = new List<MergedGroup>();
        foreach (var group in groups)
        {
            // 3
            try
            {
                batch.Add(await merge.RunAsync(group, group.WholeDate ? declared?.GetValueOrDefault(group.Date) : null, cancel));
            }
            catch (DifferenceException e)
            {
                state = await log.ReadToEndAsync(state, cancel);
                if (group.Inputs.All(file => state.Files.ContainsKey(file.Path)))
                {
                    refused.Add(group.Date);
                    _differences.Add(e.Message);
                    events.NotCompacted(Dataset, group.Date, e.Message);
                }
                else
                {
                    // It was compacted by another, and its inputs may be gone by right.
                    Lost(state, 1);
                }
            }
            // 4
            if (batch.Count >= CommitGroups || batch.Sum(merged => merged.Sums.Rows) >= CommitRows)
            {
                state = await CommitAsync(state, batch, cancel);
                batch.Clear();
            }
        }
        return await CommitAsync(state, batch, cancel);
    }

    /// <summary>One commit of the groups whose inputs are all live; the others are dropped. Their outputs are void from then on, since they
    /// name their inputs (rule 23).</summary>
    private async Task<TableState> CommitAsync(TableState state, IReadOnlyList<MergedGroup> batch, CancellationToken cancel)
    {
        while (batch.Count > 0)
        {
            var draft = new CommitDraft { Kind = CommitKind.Compact, Reason = "small", Remove = [.. batch.SelectMany(m => m.Inputs)],
                Add = [.. batch.SelectMany(m => m.Outputs)] };
            switch (await _committer.TryCommitAsync(state, draft, cancel))
            {
                case CommitResult.Committed committed:
                    Committed(committed.State, batch);
                    return committed.State;
                case CommitResult.InputGone gone:
                    state = gone.State;
                    var standing = batch.Where(merged => merged.Inputs.All(file => gone.State.Files.ContainsKey(file.Path)
                        && !gone.Paths.Contains(file.Path))).ToList();
                    Lost(state, batch.Count - standing.Count);
                    batch = standing;
                    break;
                case var other:
                    throw new InvalidOperationException($"a compaction cannot end as {other.GetType().Name}");
            }
        }
        return state;
    }

    private void Lost(TableState state, int groups)
    {
        _conflicts += groups;
        events.CompactionConflict(Dataset, state.Version, groups);
    }

    private void Committed(TableState state, IReadOnlyList<MergedGroup> batch)
    {
        _commits++;
        foreach (var merged in batch)
        {
            var date = merged.Group.Date;
            var (rows, before, after) = (merged.Sums.Rows, merged.Inputs.Sum(f => f.Size), merged.Outputs.Sum(f => f.Size));
            var sum = _dates.GetValueOrDefault(date) ?? new DateCompaction(date.ToString(), 0, 0, 0, 0, 0);
            _dates[date] = new(sum.Date, sum.FilesBefore + merged.Inputs.Count, sum.RowsBefore + rows, sum.BytesBefore
                + before, sum.FilesAfter + merged.Outputs.Count, sum.BytesAfter + after);
        }
        events.Compacted(Dataset, state.Version, batch.Sum(m => m.Inputs.Count), batch.Sum(m => m.Outputs.Count),
            batch.Sum(m => m.Sums.Rows), batch.Sum(m => m.Inputs.Sum(f => f.Size)), batch.Sum(m => m.Outputs.Sum(f => f.Size)));
    }
}
