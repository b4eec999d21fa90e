using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;
using Pipeline.Processor.Verify;
using Pipeline.Shipper.Repair;

namespace Pipeline.Tests.Simulation;

/// <summary>
/// What must hold in the end (promises 2 and 7). Of a shard that nothing happened to: lines, rejections and records of its captures are the
/// truth's, its rows in the tables are the
/// truth's, each once, and commits, captures and Parquet have the same sums. Where the capture store was set back: that, or a fork that
/// names the shard; and never a row too many.
/// </summary>
internal sealed class Conservation(Schedule schedule, IReadOnlyDictionary<string, Fork> forks, IReadOnlySet<string> givenUp,
    IReadOnlySet<string> possiblyLost, IReadOnlyList<string> named)
{
    private readonly CaptureStore _captures = new(schedule.Us.Contents, Schedule.StoreId, Schedule.Key.Captures());
    private readonly Dictionary<string, ShardState> _states = [];
    private readonly Dictionary<string, List<Capture>> _history = [];
    private readonly HashSet<string> _stranded = [], _unread = [];
    private readonly Dictionary<string, HashSet<(string Dataset, string Row)>> _passed = [];
    private bool _lacking;

    public async Task CheckAsync()
    {
        foreach (var shard in schedule.Scenario.Shards)
        {
            await FoldAsync(shard);
            if (schedule.Refused.Contains(shard.Name))
            {
                _passed[shard.Name] = await PassedAsync(shard);
            }
        }
        foreach (var contract in PublishedContracts.All)
        {
            try
            {
                await CheckTableAsync(contract);
            }
            catch (DifferenceException e) when (schedule.UkWasRolledBack)
            {
                // Found and named, which is all that a restore under running shippers can ask for.
                schedule.Named(e.Message);
                _lacking = true;
            }
        }
        await VerifyAsync();
    }

    /// <summary>`verify` is clean where nothing happened to a store; and it is never content where rows are missing that nobody was told
    /// of.</summary>
    private async Task VerifyAsync()
    {
        var logs = PublishedContracts.All.Select(contract => schedule.LogOf(schedule.Uk.Contents, contract)).ToList();
        var report = await new Verifier(_captures, logs, Schedule.Key.RowKey(), Workers.Inline)
            .RunAsync(deep: schedule.Scenario.Seed % 4 == 0);
        if (!schedule.UsWasRolledBack && !schedule.UkWasRolledBack && (!report.Ok || report.Pending.Count > 0))
        {
            schedule.Violated(
                $"promise 7: verify finds " +
                $"{string.Join(" · ", report.Differences.Concat(report.Pending.Select(p => $"pending {p}")).Take(3))}");
        }
        if (_lacking && report.Ok && report.Pending.Count == 0)
        {
            schedule.Violated("promise 7: rows are missing, and verify is content");
        }
        foreach (var shard in _unread.Where(shard => !report.Forks.Any(fork => fork.Shard == shard)))
        {
            schedule.Violated($"promise 7: ingest of {shard} refuses to go on, and verify names no fork of it");
        }
    }

    /// <summary>The records that the next start would not read: those below the cursors that it finds, up to where it refuses to go
    /// on.</summary>
    private async Task<HashSet<(string Dataset, string Row)>> PassedAsync(ShardPlan shard)
    {
        var state = await _captures.SnapshotAsync(shard.Name);
        while (await _captures.ReadAsync(shard.Name, state.Next) is { } capture && state.Apply(capture.Header, capture.Link) is null)
        {
        }
        var files = new List<(string Dataset, string Row)>();
        foreach (var file in shard.Files)
        {
            files.AddRange(file.Lines.Between(0, (await ColdCursors.FindAsync(_captures, state, file))?.Offset ?? 0));
        }
        var pushes = shard.Streams.SelectMany(s =>
            s.Pushes.Take((int)(state.Streams.GetValueOrDefault(ShardState.FileKey(s.Source, s.Stream))?.Sequence ?? 0)));
        return [.. files, .. pushes.SelectMany(p => p.Records)];
    }

    private bool IsWhole(string shard) => !forks.ContainsKey(shard) && !givenUp.Contains(shard) && !possiblyLost.Contains(shard)
        && !_stranded.Contains(shard) && !schedule.Unrepaired.Contains(shard);

    private async Task FoldAsync(ShardPlan shard)
    {
        var state = _captures.Empty(shard.Name);
        var history = new List<Capture>();
        while (await _captures.ReadAsync(shard.Name, state.Next) is { } capture)
        {
            if (state.Apply(capture.Header, capture.Link) is { } fork)
            {
                // A snapshot beyond may bridge it for processes: then what counts is that no row is missing. `verify` reads the captures,
                // and names it.
                Expect(schedule.UsWasRolledBack, $"rule 4: {fork}");
                return;
            }
            history.Add(capture);
            if (await _captures.ReadSnapshotAsync(shard.Name, capture.Link.Number) is { } snapshot)
            {
                schedule.Totals.Snapshots++;
                Expect(schedule.UsWasRolledBack || snapshot.ToJson().AsSpan().SequenceEqual(state.ToJson()),
                    $"rule 3: snapshot {capture.Link.Number} of {shard.Name} is not the fold of its captures");
            }
        }
        if (schedule.UsWasRolledBack && await IsStrandedAsync(shard.Name, state.Next))
        {
            // A process that lived through the restore went on above the hole that it left. No probe finds that; `verify`, which lists,
            // must name it.
            _stranded.Add(shard.Name);
            Expect(!(await new Verifier(_captures, [], null, Workers.Inline).RunAsync(false)).Ok,
                $"rule 13: captures of {shard.Name} stand above a hole, and verify is content");
        }
        _states[shard.Name] = state;
        _history[shard.Name] = history;
        if (!IsWhole(shard.Name))
        {
            return;
        }
        foreach (var lines in shard.All.GroupBy(lines => lines.Source))
        {
            var source = shard.Sources.Single(name => name[4..] == lines.Key.ToString());
            var totals = state.Sources.GetValueOrDefault(source) ?? new SourceTotals();
            Expect(totals.Lines == lines.Sum(l => l.Lines),
                $"promise 7: {source} has {lines.Sum(l => l.Lines)} lines, captured {totals.Lines}");
            var rejected = lines.SelectMany(l => l.Rejected).GroupBy(r => r.Key, r => r.Value).ToDictionary(r => r.Key, r => r.Sum());
            Expect(totals.Rejected.Count == rejected.Count && totals.Rejected.All(r => rejected.GetValueOrDefault(r.Key) == r.Value),
                $"promise 7: rejections of {source} differ");
        }
        Expect(state.Sources.Values.Sum(s => s.Lines - s.Rejected.Values.Sum()) == state.Datasets.Values.Sum(d => d.Rows),
            $"promise 7: lines of {shard.Name} are not records and rejections");
    }

    private async Task<bool> IsStrandedAsync(string shard, long next)
    {
        await foreach (var found in _captures.Store.ListAsync($"{CaptureNames.CapturesFolder}{shard}/"))
        {
            if (CaptureNames.NumberOf(found.Name) >= next)
            {
                return true;
            }
        }
        return false;
    }

    private async Task CheckTableAsync(Contract contract)
    {
        var dataset = contract.Dataset;
        var log = schedule.LogOf(schedule.Uk.Contents, contract);
        var entries = new List<TableCommit>();
        await foreach (var entry in log.ReadAllAsync())
        {
            entries.Add(entry);
        }
        var state = await log.OpenAsync() ?? throw new DifferenceException($"{log.Where} is gone");
        CheckTotals(dataset, entries, state);
        foreach (var repair in entries.Where(e => e.Kind == CommitKind.Repair))
        {
            Expect(schedule.Unrepaired.Count > 0 || await schedule.Uk.Contents.FindAsync(
                RepairReceipt.Name(dataset, repair.Version)) is not null,
                $"{dataset}: the repair in entry {repair.Version} has no receipt");
        }
        var rows = await ReadAsync(contract, state, entries);
        foreach (var shard in schedule.Scenario.Shards)
        {
            CheckRows(dataset, shard, rows);
        }
        Expect(rows.Count == 0, $"promise 2: {dataset} has {rows.Count} rows of no source: {rows.Keys.FirstOrDefault()}");
    }

    /// <summary>Rule 27: each shard's ranges follow one another, and hold what the captures hold.</summary>
    private void CheckTotals(string dataset, List<TableCommit> entries, TableState state)
    {
        foreach (var totals in entries.SelectMany(e => e.Shards.Select(m => (Marginal: m, Repair: e.Kind == CommitKind.Repair)))
            .GroupBy(m => m.Marginal.Shard))
        {
            var next = 0L;
            foreach (var (total, repair) in totals)
            {
                Expect(repair || total.Range.From == next, $"rule 27: {dataset} ships {totals.Key} {total.Range}, expected from {next}");
                next = repair ? next : total.Range.To + 1;
                if (IsWhole(totals.Key) && _history.TryGetValue(totals.Key, out var history))
                {
                    var frames = history.Where(c => total.Range.Contains(c.Link.Number)).Select(c => c.Header.FrameOf(dataset))
                        .OfType<FrameEntry>().ToList();
                    Expect(frames.Count == total.Frames && Sums.Of(frames.Select(f => f.Sums)) == total.Sums,
                        $"rule 27: {dataset} {totals.Key} {total.Range}: captures and commit differ");
                }
            }
        }
        foreach (var (shard, fold) in _states.Where(s => IsWhole(s.Key)))
        {
            ShippedLink? last = fold.Datasets.TryGetValue(dataset, out var totals) ? ShippedLink.From(totals.Last) : null;
            ShippedLink? shipped = state.Shipped.TryGetValue(shard, out var link) ? link : null;
            Expect(last == shipped,
                $"promise 2: {dataset} of {shard} is captured up to {last?.ToString() ?? "none"}, shipped up to " +
                $"{shipped?.ToString() ?? "none"}");
        }
    }

    private async Task<Dictionary<string, int>> ReadAsync(Contract contract, TableState state, List<TableCommit> entries)
    {
        var rows = new Dictionary<string, int>();
        var dates = new SortedDictionary<UtcDay, Sums>();
        using var hash = new RowHash(Schedule.Key.RowKey());
        foreach (var file in state.Files.Values)
        {
            var reader = await SegmentReader.OpenAsync(schedule.Uk.Contents, TableNames.Segment(contract.Dataset, file.Path), contract,
                file.Size)
                ?? throw new DifferenceException($"{contract.Dataset}: segment {file.Path} is gone");
            await foreach (var batch in reader.ReadAsync())
            {
                hash.AddByDay(batch, dates);
                for (var i = 0; i < batch.Rows; i++)
                {
                    var row = TrueLines.Row(batch.Time[i], Text(batch.Strings[0], i)!, Text(batch.Strings[1], i));
                    rows[row] = rows.GetValueOrDefault(row) + 1;
                    schedule.Totals.Rows++;
                }
            }
        }
        var committed = entries.Where(e => !schedule.IsUndone(contract.Dataset, e.Version)).SelectMany(e => e.Dates).GroupBy(d => d.Date)
            .ToDictionary(d => d.Key, d => Sums.Of(d.Select(m => m.Sums)));
        Expect(dates.Count == committed.Count && dates.All(d => committed.GetValueOrDefault(d.Key) == d.Value),
            $"rule 27: {contract.Dataset}: commits and Parquet differ");
        return rows;
    }

    private void CheckRows(string dataset, ShardPlan shard, Dictionary<string, int> rows)
    {
        var truth = shard.All.SelectMany(l => l.Records).Where(r => r.Dataset == dataset).Select(r => r.Row).ToList();
        var missing = truth.Where(row => !rows.ContainsKey(row)).ToList();
        Expect(missing.Count == 0
            || !IsWhole(shard.Name),
            $"promise 2: {dataset} of {shard.Name} lacks {missing.Count} of {truth.Count} rows, the first is {missing.FirstOrDefault()}");
        _lacking |= missing.Count > 0 && !possiblyLost.Contains(shard.Name);
        foreach (var row in truth)
        {
            if (rows.Remove(row, out var count) && count > 1)
            {
                Expect(false, $"promise 2: {dataset} of {shard.Name} has {row} {count} times");
            }
        }
        if (missing.Count > 0 && schedule.Refused.Contains(shard.Name)
            && missing.TrueForAll(row => !schedule.IsAcknowledged(dataset, row) && !_passed[shard.Name].Contains((dataset, row))))
        {
            // Ingest named the fork by itself, with exit 3, and these lines wait at their source: nobody was told that they are here, and
            // no cursor has passed them, so the table
            // lacks nothing that it was promised. Its shippers may have all that was captured, by the topic, and then see no fork. That
            // `verify` names it is demanded all the same.
            _unread.Add(shard.Name);
            return;
        }
        Expect(missing.Count == 0 || possiblyLost.Contains(shard.Name) || _stranded.Contains(shard.Name) || forks.ContainsKey(shard.Name)
            || schedule.Unrepaired.Contains(shard.Name), $"promise 2: {shard.Name} lacks rows of {dataset}, and no shipper names a fork");
    }

    private static string? Text(Utf8Column column, int row) => column.Required || column.IsPresent(row)
        ? System.Text.Encoding.UTF8.GetString(column[row]) : null;

    private void Expect(bool holds, string what)
    {
        // A table that was found and named to be restored under its shippers is not compared further.
        if (!holds && !(schedule.UkWasRolledBack && named.Count > 0))
        {
            schedule.Violated(what);
        }
    }
}
