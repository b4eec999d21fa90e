using System.Text;
using Pipeline.Core;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Compaction;
using Pipeline.Tests.Fakes;

namespace Pipeline.Tests.Simulation;

/// <summary>Compacts a table and removes what is void, as the product does, or rewrites segments of one date as another engine's OPTIMIZE
/// does, whose entries know nothing of ours.</summary>
internal sealed class Rewriter(Schedule schedule, int incarnation, Random random) : ICompactionEvents
{
    public SimulatedActor Actor { get; } = new($"rewriter#{incarnation}");

    /// <summary>One rewrite, tried again where it lost a race. An outage ends it: the next one begins anew.</summary>
    public async Task RunAsync()
    {
        await Task.Yield();
        var contract = PublishedContracts.All[random.Next(2)];
        var foreign = random.NextDouble() < schedule.Scenario.Foreign;
        try
        {
            var log = schedule.LogOf(schedule.Uk.For(Actor), contract);
            if (!foreign)
            {
                await CompactAsync(log);
                return;
            }
            for (var attempt = 0; attempt < 3 && await log.OpenAsync(CancellationToken.None) is { } state; attempt++)
            {
                if (Choose(state) is not { } inputs)
                {
                    return;
                }
                (inputs, var output) = await MergeAsync(log, contract, inputs);
                if (await CommitForeignAsync(log, state, inputs, output))
                {
                    schedule.Totals.Rewrites++;
                    return;
                }
                schedule.Totals.LostRewrites++;
            }
        }
        catch (StoreException)
        {
            schedule.Totals.Faults++;
        }
        catch (DifferenceException e) when (schedule.UkWasRolledBack)
        {
            schedule.Named(e.Message);
        }
        catch (Exception e)
        {
            schedule.Died(Actor, e);
        }
    }

    private List<SegmentFile>? Choose(TableState state)
    {
        var dates = state.Files.Values.GroupBy(file => file.Date).Where(files => files.Count() > 1).OrderBy(files => files.Key).ToList();
        return dates.Count == 0 ? null : [.. dates[random.Next(dates.Count)].OrderBy(file => file.Size)
            .ThenBy(file => file.Path, StringComparer.Ordinal).Take(random.Next(2, 6))];
    }

    private async Task<(List<SegmentFile> Inputs, SegmentFile Output)> MergeAsync(TableLog log, Contract contract, List<SegmentFile> inputs)
    {
        var label = new SegmentLabel(Schedule.StoreId, Schedule.Key.KeyId, contract.Sha256, [], [.. inputs.Select(file => file.Path)]);
        using var writer = new SegmentWriter(contract, inputs[0].Date, label);
        var counted = new List<SegmentFile>();
        foreach (var input in inputs)
        {
            // An input may be gone by now where the store was set back: then this rewrite has nothing to go on with.
            var reader = await SegmentReader.OpenAsync(log.Store, TableNames.Segment(contract.Dataset, input.Path), contract, input.Size)
                ?? throw new DifferenceException($"{log.Where}: {input.Path} is gone");
            // What another engine's entry does not tell, the file does.
            counted.Add(input with { Rows = reader.Rows });
            await foreach (var batch in reader.ReadAsync())
            {
                writer.Add(batch);
            }
        }
        var bytes = writer.Finish();
        var file = writer.Describe(SegmentFile.NewPath(inputs[0].Date, log.NewId()));
        await Puts.UntilKnownAsync(log.Store, TableNames.Segment(contract.Dataset, file.Path), bytes, schedule.Time);
        return (counted, file);
    }

    private async Task CompactAsync(TableLog log)
    {
        var policy = new CompactionPolicy(TargetRows: random.Next(20, 400), MinFiles: random.Next(2, 5));
        await new Compactor(log, Schedule.Key.RowKey(), Workers.Inline, schedule.Time, policy, this).RunAsync(null);
        // As rule 21 asks of all who write, nobody removes anything while a table is being set back.
        if (schedule.Scenario.Rollback != Rollback.UkLive)
        {
            await new OrphanedSegments(log, Schedule.Key.RowKey(), Workers.Inline, schedule.Time, OrphanedSegments.DefaultGrace, this)
                .RemoveAsync();
        }
    }

    /// <summary>As engines do it: the next entry put if absent; lost: start over.</summary>
    private async Task<bool> CommitForeignAsync(TableLog log, TableState state, List<SegmentFile> inputs, SegmentFile output)
    {
        var now = schedule.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var entry = new StringBuilder();
        entry.Append($"{{\"commitInfo\":{{\"timestamp\":{now},\"operation\":\"OPTIMIZE\",\"engineInfo\":\"another/{incarnation}\"}}}}\n");
        foreach (var input in inputs)
        {
            entry.Append($"{{\"remove\":{{\"path\":\"{input.Path}\",\"deletionTimestamp\":{now},\"dataChange\":false}}}}\n");
        }
        var stats = random.Next(2) == 0 ? "" : $",\"stats\":\"{{\\\"numRecords\\\":{output.Rows}}}\"";
        entry.Append($"{{\"add\":{{\"path\":\"{output.Path}\",\"partitionValues\":{{\"date\":\"{output.Date}\"}},\"size\":{output.Size},\"modificationTime\":{now},\"dataChange\":false{stats}}}}}\n");
        return await Puts.UntilKnownAsync(log.Store, TableNames.Entry(log.Contract.Dataset, state.Version + 1),
            Encoding.UTF8.GetBytes(entry.ToString()), schedule.Time) != PutOutcome.Other;
    }

    public void Compacted(string dataset, long version, int inputs, int outputs, long rows, long bytesBefore, long bytesAfter)
    {
        schedule.Totals.Rewrites++;
        schedule.Totals.Compactions++;
    }

    public void CompactionConflict(string dataset, long version, int groups) => schedule.Totals.LostRewrites++;

    /// <summary>Only a store that was set back under us may hold what the log does not say.</summary>
    public void NotCompacted(string dataset, UtcDay date, string why)
    {
        if (schedule.UkWasRolledBack)
        {
            schedule.Named(why);
        }
        else
        {
            schedule.Violated($"{Actor.Name}: {why}");
        }
    }

    public void OrphansRemoved(string dataset, int segments, long bytes, string receipt) => schedule.Totals.OrphanedSegments += segments;

    public void Waiting(StoreException fault) => schedule.Totals.Faults++;
}
