using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Fold;

namespace Pipeline.Processor.Verify;

/// <summary>
/// Promise 7 as a pure decision: from what the walks found to the report.
/// lines = records + rejections + duplicates + withdrawn; captured = shipped + pending (and, once erasure exists, + erased).
/// </summary>
internal static class Conservation
{
    /// <param name="shards">Null where the capture store was not looked at.</param>
    /// <param name="datasets">Every dataset that the program knows.</param>
    /// <param name="stores">What was found beside shards and tables.</param>
    public static VerifyReport Judge(IReadOnlyList<ShardFacts>? shards, IReadOnlyList<TableFacts> tables, IReadOnlyList<string> datasets,
        bool deep, Findings? stores = null)
    {
        var us = shards ?? [];
        var found = Findings.Of([.. tables.Select(table => table.Findings), .. us.Select(shard => shard.Findings), stores
            ?? new Findings()]);
        var differences = found.Differences;
        var all = new SortedSet<string>(datasets.Concat(us.SelectMany(s => s.Datasets.Keys)), StringComparer.Ordinal);
        var captured = Sum(all, us.SelectMany(shard => shard.Datasets.Select(d => (d.Key, d.Value.Captured))));
        var withdrawn = Sum(all, us.SelectMany(shard => shard.Withdrawn.Select(w => (w.Key, new Tally(0, w.Value)))));
        var records = new SortedDictionary<string, long>(captured.ToDictionary(c => c.Key, c => c.Value.Sums.Rows
            - withdrawn[c.Key].Sums.Rows), StringComparer.Ordinal);
        var shipped = Sum(all, tables.SelectMany(table => table.ShippedByShard.Values.Select(tally => (table.Dataset, tally))));
        // Where no table was looked at, nobody can tell what is shipped.
        var pending = (tables.Count == 0 ? [] : us).SelectMany(shard => shard.Datasets.Where(d => d.Value.PendingRange is not null)
            .Select(d => new ReportedRange(d.Key, shard.Shard, d.Value.PendingRange!.Value.From, d.Value.PendingRange.Value.To,
                d.Value.Pending.Sums.Rows))).ToList();
        var missing = (shards is null ? tables.SelectMany(table => table.Undone) : us.SelectMany(shard => shard.Missing)).ToList();
        var forks = us.SelectMany(shard => shard.Forks.Select(fork => new ReportedFork(shard.Shard, fork.Number, fork.Reason))).ToList();
        var (lines, duplicates) = (us.Sum(shard => shard.Totals.Lines), us.Sum(shard => shard.Totals.Duplicates));
        var rejections = Count(us.SelectMany(shard => shard.Totals.Rejected));
        if (shards is not null)
        {
            differences.AddRange(Unknown(all.Except(datasets), captured));
            // Where something was named already the equations cannot hold, and saying so again would hide which of them is the cause.
            if (found.None && missing.Count + forks.Count == 0)
            {
                differences.AddRange(Lines(lines, captured, rejections, duplicates));
                differences.AddRange(Withdrawals(us, tables));
                differences.AddRange(Records(us, tables));
            }
        }
        var notes = Count(us.SelectMany(shard => shard.Totals.Notes));
        return new VerifyReport
        {
            Ok = found.None && missing.Count + forks.Count == 0,
            Lines = lines, Records = records,
                Withdrawn = new(withdrawn.ToDictionary(w => w.Key, w => w.Value.Sums.Rows), StringComparer.Ordinal),
            Rejections = rejections, Duplicates = duplicates,
            Redriven = Count(us.SelectMany(shard => shard.Totals.Redriven)),
                DuplicateRules = Count(us.SelectMany(shard => shard.Totals.DuplicateRules)),
            Captured = Amounts(captured), Shipped = Amounts(shipped),
            Checked = shards is null ? ["uk"] : tables.Count == 0 ? ["us"] : ["us", "uk"],
            Pending = pending, Missing = missing, Differences = differences, Corrupt = found.Corrupt, Deleted = found.Deleted,
                Forks = forks, Deep = deep,
            PossibleLoss = new(us.Sum(shard => shard.Totals.Unkeyed), notes.GetValueOrDefault(LossNotes.PushGap),
                notes.GetValueOrDefault(LossNotes.Truncated))
            {
                PushOtherBodies = notes.GetValueOrDefault(LossNotes.PushOtherBody), Edited = notes.GetValueOrDefault(LossNotes.Edited),
            },
            PossibleDouble = new(notes.Where(note => DoubleNotes.All.Contains(note.Key)).ToDictionary(), StringComparer.Ordinal),
                Notes = notes,
            Tables = new(tables.ToDictionary(t => t.Dataset, t => new ReportedTable(t.Version, t.Files, t.Bytes, t.Rows, t.Read?.Rows,
                t.Read?.HashHex, t.Unreferenced)), StringComparer.Ordinal),
            Shards = [.. us.Select(shard => new ReportedShard(shard.Shard, shard.First, shard.Head, shard.Captures, shard.Snapshots))],
        };
    }

    private static IEnumerable<string> Lines(long lines, SortedDictionary<string, Tally> captured, SortedDictionary<string,
        long> rejections, long duplicates)
    {
        var (records, rejected) = (captured.Values.Sum(c => c.Sums.Rows), rejections.Values.Sum());
        if (lines != records + rejected + duplicates)
        {
            yield return $"{lines} lines, but {records} records, those withdrawn among them, {rejected} rejections and {duplicates} " +
                $"duplicates, which are " +
                $"{records + rejected + duplicates}.";
        }
    }

    private static IEnumerable<string> Records(IReadOnlyList<ShardFacts> shards, IReadOnlyList<TableFacts> tables)
    {
        foreach (var table in tables)
        {
            foreach (var shard in shards)
            {
                var facts = shard.Datasets.GetValueOrDefault(table.Dataset) ?? new DatasetFacts(default, default, null);
                var took = table.ShippedByShard.GetValueOrDefault(shard.Shard);
                if (facts.Captured != took + facts.Pending)
                {
                    yield return $"dataset {table.Dataset}, shard {shard.Shard}: {facts.Captured.Sums.Rows} records captured in " +
                        $"{facts.Captured.Frames} frames, but {took.Sums.Rows} in {took.Frames} shipped and {facts.Pending.Sums.Rows} " +
                        $"in {facts.Pending.Frames} pending, or their sums differ.";
                }
            }
        }
    }

    /// <summary>No date has fewer rows without a receipt, and every receipt was carried out (rule 36).</summary>
    private static IEnumerable<string> Withdrawals(IReadOnlyList<ShardFacts> shards, IReadOnlyList<TableFacts> tables)
    {
        foreach (var table in tables)
        {
            foreach (var shard in shards)
            {
                var said = shard.Withdrawn.GetValueOrDefault(table.Dataset);
                var took = table.WithdrawnByShard.GetValueOrDefault(shard.Shard);
                if (said != took)
                {
                    yield return $"dataset {table.Dataset}, shard {shard.Shard}: its captures withdraw {said.Rows} records, the table's "
                        + $"commits took {took.Rows} out{(said.Rows == took.Rows ? ", with other sums" : "")}. "
                        + (took.Rows < said.Rows ? $"Run `pipeline withdraw --source {shard.Shard}` again, which finishes it."
                            : "Restore the capture store or the table's log from a copy.");
                }
            }
        }
    }

    private static IEnumerable<string> Unknown(IEnumerable<string> datasets, SortedDictionary<string, Tally> captured) =>
        datasets.Select(dataset =>
            $"dataset {dataset}: {captured[dataset].Sums.Rows} records were captured, and this program has no contract of that name: " +
            $"they were compared with nothing. Name its contract, or upgrade this program.");

    private static SortedDictionary<string, Tally> Sum(IEnumerable<string> datasets, IEnumerable<(string Dataset, Tally Tally)> parts)
    {
        var sums = new SortedDictionary<string, Tally>(datasets.ToDictionary(d => d, _ => default(Tally)), StringComparer.Ordinal);
        foreach (var (dataset, tally) in parts)
        {
            sums[dataset] = sums.GetValueOrDefault(dataset) + tally;
        }
        return sums;
    }

    private static SortedDictionary<string, long> Count(IEnumerable<KeyValuePair<string, long>> parts)
    {
        var sums = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (key, value) in parts)
        {
            sums[key] = sums.GetValueOrDefault(key) + value;
        }
        // A redrive takes back what another shard's or capture's read counted.
        return new(sums.Where(sum => sum.Value != 0).ToDictionary(), StringComparer.Ordinal);
    }

    private static SortedDictionary<string, Amount> Amounts(SortedDictionary<string, Tally> tallies) =>
        new(tallies.ToDictionary(t => t.Key, t => new Amount(t.Value.Frames, t.Value.Sums.Rows, t.Value.Sums.HashHex)),
        StringComparer.Ordinal);
}
