using System.Globalization;
using System.Runtime.CompilerServices;
using Pipeline.Core;
using Pipeline.Core.Captures;

namespace Pipeline.Processor.Status;

/// <summary>Reads rejections from the captures' headers and runs.</summary>
/// <param name="nameOf">The name of a source's file by its identity, where this machine knows it; captures do not hold it.</param>
public sealed class RejectionReader(CaptureStore captures, Func<string, string, string?> nameOf)
{
    /// <summary>
    /// Counts. <see cref="RejectionsReport.Reasons"/>, and the groups by reason and by source, have the totals that snapshots keep of
    /// expired captures; the others only what captures that stand have.
    /// Rules and shapes are of all reasons: a capture does not say which reason they had.
    /// </summary>
    public async Task<RejectionsReport> CountAsync(string? source = null, string? reason = null, RejectionsBy? by = null,
        CancellationToken cancel = default)
    {
        var tally = new Tally(source, reason, by, PathOf);
        var forks = new List<string>();
        await foreach (var (found, header) in Headers.AllAsync(captures, forks.Add, cancel))
        {
            tally.Add(found.Created, header);
        }
        var (reasons, redriven) = (new SortedDictionary<string, long>(StringComparer.Ordinal), new SortedDictionary<string,
            long>(StringComparer.Ordinal));
        await foreach (var shard in captures.ShardsAsync(cancel))
        {
            foreach (var (name, totals) in (await FoldAsync(shard, forks, cancel)).Sources.Where(s => source is null || s.Key == source))
            {
                foreach (var (why, lines) in totals.Rejected.Where(r => reason is null || r.Key == reason))
                {
                    reasons[why] = reasons.GetValueOrDefault(why) + lines;
                    tally.AddTotal(name, why, lines, 0);
                }
                foreach (var (why, lines) in (totals.Redriven ?? []).Where(r => reason is null || r.Key == reason))
                {
                    redriven[why] = redriven.GetValueOrDefault(why) + lines;
                    tally.AddTotal(name, why, 0, lines);
                }
            }
        }
        var counts = tally.Counts;
        return new RejectionsReport
        {
            Reasons = reasons, Redriven = redriven, Forks = [.. forks.Distinct()],
                Expired = Math.Max(0, reasons.Values.Sum() - counts.Sum(c => c.Lines)), Counts = counts,
            By = by is { } asked ? Name(asked) : null, Groups = by is null ? null : tally.Groups,
        };
    }

    /// <summary>As options and JSON write it.</summary>
    public static string Name(RejectionsBy by) => by.ToString().ToLowerInvariant();

    /// <summary>The shard's state as far as it holds: a fork ends it and is told.</summary>
    private async Task<ShardState> FoldAsync(string shard, List<string> forks, CancellationToken cancel)
    {
        var state = captures.Empty(shard);
        try
        {
            state = await captures.SnapshotAsync(shard, cancel);
            while (await captures.ReadAsync(shard, state.Next, cancel) is { } capture)
            {
                if (state.Apply(capture.Header, capture.Link) is { } fork)
                {
                    forks.Add(fork.ToException().Message);
                    break;
                }
            }
        }
        catch (DifferenceException e)
        {
            forks.Add(e.Message);
        }
        return state;
    }

    /// <summary>Where the rejected lines stood, capture by capture, without those that a redrive made records of.</summary>
    /// <param name="broken">Hears of captures that cannot be read; the others are told all the same. Null: such a capture ends it.</param>
    public async IAsyncEnumerable<RejectionRun> RunsAsync(string? source = null, string? reason = null, Action<string>? broken = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var redriven = await RedrivenAsync(broken, cancel);
        await foreach (var (_, header) in Headers.AllAsync(captures, broken, cancel))
        {
            if (!header.Reads.Any(read => read.Redrive is null && (source is null || read.Source == source) && read.Rejected is { } r
                && (reason is null || r.ContainsKey(reason))))
            {
                continue;
            }
            foreach (var runs in (await Headers.RejectedAsync(captures, header, cancel)).GroupBy(run => run.Read))
            {
                if (runs.Key >= header.Reads.Count || header.Reads[runs.Key] is not { Redrive: null } read
                    || (source is not null && read.Source != source))
                {
                    continue;
                }
                var left = redriven.TryGetValue((header.Shard, new RedriveOf(header.Number, runs.Key)), out var done)
                    ? LineRuns.Without([.. runs], done) : [.. runs];
                foreach (var run in left.Where(run => reason is null || run.Reason == reason))
                {
                    yield return new RejectionRun(read.Source, read.File, PathOf(read), run.FirstLine, run.Count, run.Reason, header.Shard,
                        header.Number);
                }
            }
        }
    }

    /// <summary>A capture of program 0.1.0 tells the name itself.</summary>
    private string? PathOf(ReadEntry read) => read.File is { } file ? nameOf(read.Source, file) ?? read.Path : null;

    /// <summary>The lines of each read that have become records: the newest redrive of a read says all of them.</summary>
    private async Task<Dictionary<(string Shard, RedriveOf Of), IReadOnlyList<RejectedLines>>> RedrivenAsync(Action<string>? broken,
        CancellationToken cancel)
    {
        var redriven = new Dictionary<(string, RedriveOf), IReadOnlyList<RejectedLines>>();
        await foreach (var (_, header) in Headers.AllAsync(captures, broken is null ? null : static _ => { }, cancel))
        {
            if (header.Reads.All(read => read.Redrive is null))
            {
                continue;
            }
            var runs = await Headers.RejectedAsync(captures, header, cancel);
            foreach (var (at, read) in header.Reads.Index().Where(read => read.Item.Redrive is not null))
            {
                redriven[(header.Shard, read.Redrive!)] = [.. runs.Where(run => run.Read == at)];
            }
        }
        return redriven;
    }

    /// <summary>Adds up what is asked for, header by header.</summary>
    private sealed class Tally(string? source, string? reason, RejectionsBy? by, Func<ReadEntry, string?> pathOf)
    {
        private readonly SortedDictionary<(string Source, string File, string Reason), long> _counts = [];
        private readonly Dictionary<(string Source, string File), string?> _paths = [];
        private readonly SortedDictionary<(string Key, string? Reason),
            (long Lines, long Redriven)> _groups = new(Comparer<(string Key, string? Reason)>.Create((a, b) =>
            string.CompareOrdinal(a.Key, b.Key) is var key and not 0 ? key : string.CompareOrdinal(a.Reason, b.Reason)));

        // Of each read with rejections of the shard that is being read, its day and file: a redrive lowers what it read again.
        private readonly Dictionary<RedriveOf, (string Day, string File)> _reads = [];
        private string? _shard;

        public IReadOnlyList<RejectionCount> Counts => [.. _counts.Where(c => c.Value != 0)
            .Select(c => new RejectionCount(c.Key.Source, c.Key.File.Length == 0 ? null
                : c.Key.File, _paths.GetValueOrDefault((c.Key.Source, c.Key.File)), c.Key.Reason, c.Value))];

        public IReadOnlyList<RejectionGroup> Groups
        {
            get
            {
                var groups = _groups.Where(g => g.Value != default).Select(g =>
                    new RejectionGroup(g.Key.Key, g.Key.Reason, g.Value.Lines, by is RejectionsBy.Rule or RejectionsBy.Shape ? null
                    : g.Value.Redriven));
                return by == RejectionsBy.Day ? [.. groups] : [.. groups.OrderByDescending(g => g.Lines)];
            }
        }

        public void Add(DateTimeOffset stored, CaptureHeader header)
        {
            if (_shard != header.Shard)
            {
                _reads.Clear();
                _shard = header.Shard;
            }
            var day = stored.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            for (var at = 0; at < header.Reads.Count; at++)
            {
                var read = header.Reads[at];
                if (source is not null && read.Source != source)
                {
                    continue;
                }
                // What an expired capture counted is in no count, and nothing is taken from any.
                var stands = read.Redrive is null || _reads.ContainsKey(read.Redrive);
                var (on, file) = read.Redrive is { } of ? _reads.GetValueOrDefault(of, (day, "")) : (day, read.File ?? "");
                if (read is { Redrive: null, Rejected.Count: > 0 })
                {
                    _reads[new RedriveOf(header.Number, at)] = (day, file);
                    _paths.TryAdd((read.Source, file), pathOf(read));
                }
                foreach (var (why, lines) in read.Rejected ?? [])
                {
                    if (reason is null || why == reason)
                    {
                        var key = (read.Source, file, why);
                        _counts[key] = _counts.GetValueOrDefault(key) + (stands ? lines : 0);
                        AddIf(RejectionsBy.Day, on, why, lines, 0);
                    }
                }
                foreach (var (why, lines) in read.Redriven ?? [])
                {
                    AddIf(RejectionsBy.Day, on, why, 0, reason is null || why == reason ? lines : 0);
                }
                foreach (var (rule, lines) in read.Rules ?? [])
                {
                    AddIf(RejectionsBy.Rule, rule, null, lines, 0);
                }
                foreach (var (shape, lines) in read.Shapes ?? [])
                {
                    AddIf(RejectionsBy.Shape, shape, null, lines, 0);
                }
            }
        }

        /// <summary>Of a shard's state.</summary>
        public void AddTotal(string of, string why, long lines, long redriven)
        {
            AddIf(RejectionsBy.Reason, why, null, lines, redriven);
            AddIf(RejectionsBy.Source, of, why, lines, redriven);
        }

        private void AddIf(RejectionsBy asked, string key, string? why, long lines, long redriven)
        {
            if (by == asked)
            {
                var before = _groups.GetValueOrDefault((key, why));
                _groups[(key, why)] = (before.Lines + lines, before.Redriven + redriven);
            }
        }
    }
}
