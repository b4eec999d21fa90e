using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;

namespace Pipeline.Ingest.Withdraw;

/// <summary>What one process brought in one run, so that people find the range that they mean.</summary>
/// <param name="Captures">From its first capture with lines to its last.</param>
/// <param name="Lines">Lines as rule 29 counts them.</param>
/// <param name="Records">Of all datasets.</param>
/// <param name="Withdrawn">Whether all of it was withdrawn before.</param>
public sealed record BroughtRun(CaptureRange Captures, long Lines, long Records, bool Withdrawn);

/// <summary>
/// What a withdrawal of a source's captures takes away: made from the headers of all captures of its shard. Pure apart from reading them.
/// </summary>
public sealed record WithdrawalPlan
{
    /// <summary>A plan that names more files is refused: its header would outgrow a capture.</summary>
    public const int MaxFiles = 10_000;

    public required string Source { get; init; }

    /// <summary>The shard's head when the plan was made; −1: there was no capture.</summary>
    public required long Head { get; init; }

    /// <summary>What is to be put; null: nothing of what was asked for is left.</summary>
    public Withdrawal? Withdrawal { get; init; }

    /// <summary>Lines of the captures that go. They stay counted as read.</summary>
    public long Lines { get; init; }

    /// <summary>Captures that hold any of them.</summary>
    public long Captures { get; init; }

    /// <summary>Files that may be read again afterwards.</summary>
    public long Files { get; init; }

    /// <summary>Dataset → UTC date → rows that go.</summary>
    public SortedDictionary<string, SortedDictionary<string, long>> Dates { get; init; } = new(StringComparer.Ordinal);

    public IReadOnlyList<BroughtRun> Runs { get; init; } = [];

    /// <summary>Reads the headers of all captures of the shard.</summary>
    /// <param name="state">The shard's state at its head. Its shard has the source's name.</param>
    /// <param name="range">Only captures in it; null: all.</param>
    /// <exception cref="DifferenceException">A capture is gone: what it held cannot be told.</exception>
    /// <exception cref="PolicyException">More files than one capture can name.</exception>
    public static async Task<WithdrawalPlan> OfAsync(CaptureStore captures, ShardState state, CaptureRange? range,
        CancellationToken cancel = default)
    {
        var taken = new TakenCaptures(state, range);
        for (var number = 0L; number < state.Next; number++)
        {
            taken.Add(await captures.HeaderAsync(state.Shard, number, cancel) ?? throw new DifferenceException(
                $"shard {state.Shard}: capture {number} in {captures.Store.Location} is gone. Nothing was withdrawn: what it held cannot "
                + "be told. Restore it from a copy."));
        }
        return taken.ToPlan();
    }

    /// <summary>Adds headers up, in order.</summary>
    private sealed class TakenCaptures(ShardState state, CaptureRange? range)
    {
        private readonly List<CaptureRange> _ranges = [];
        private readonly SortedDictionary<string, Sums> _records = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, SortedDictionary<string, long>> _dates = new(StringComparer.Ordinal);
        private readonly HashSet<string> _gone = new(StringComparer.Ordinal), _kept = new(StringComparer.Ordinal);
        private readonly List<BroughtRun> _runs = [];
        private string? _session;
        private long _lines, _captures;
        private bool _joins, _leaves;

        public void Add(CaptureHeader header)
        {
            if (header.Frames.Count == 0 && header.Reads.All(read => read.Withdraws is not null))
            {
                // A claim, or a withdrawal: it brought nothing.
                return;
            }
            var withdrawn = state.IsWithdrawn(header.Number);
            AddRun(header, withdrawn);
            var files = header.Reads.Select(read => read.File).OfType<string>();
            if (withdrawn)
            {
                _joins = false;
                return;
            }
            if (range is { } asked && !asked.Contains(header.Number))
            {
                (_joins, _leaves) = (false, true);
                _kept.UnionWith(files);
                return;
            }
            _gone.UnionWith(files);
            if (_joins)
            {
                _ranges[^1] = _ranges[^1] with { To = header.Number };
            }
            else
            {
                _ranges.Add(new CaptureRange(header.Number, header.Number));
            }
            _joins = true;
            _captures++;
            _lines += header.Reads.Sum(read => read.Lines);
            foreach (var frame in header.Frames)
            {
                AddFrame(frame);
            }
        }

        public WithdrawalPlan ToPlan()
        {
            _gone.ExceptWith(_kept);
            var plan = new WithdrawalPlan
            {
                Source = state.Shard, Head = state.Next - 1, Runs = _runs, Lines = _lines, Captures = _captures, Dates = _dates,
                Files = _ranges.Count == 0 ? 0 : _gone.Count,
            };
            if (_ranges.Count == 0)
            {
                return plan;
            }
            if (_leaves && _gone.Count > MaxFiles)
            {
                throw new PolicyException(
                    $"source {state.Shard}: captures {range} hold {_gone.Count} whole files, expected at most {MaxFiles} in one "
                    + "withdrawal. Name a smaller range, or withdraw the whole source.");
            }
            return plan with
            {
                Withdrawal = new Withdrawal
                {
                    Captures = _ranges,
                    Records = new(_records.ToDictionary(r => r.Key, r => DaySums.Of(r.Value)), StringComparer.Ordinal),
                    Forgets = _leaves && _gone.Count > 0 ? [.. _gone.Order(StringComparer.Ordinal)] : null,
                    Whole = _leaves ? null : true,
                },
            };
        }

        private void AddFrame(FrameEntry frame)
        {
            _records[frame.Dataset] = _records.GetValueOrDefault(frame.Dataset) + frame.Sums;
            if (!_dates.TryGetValue(frame.Dataset, out var dates))
            {
                _dates[frame.Dataset] = dates = new(StringComparer.Ordinal);
            }
            foreach (var (date, sums) in frame.Dates)
            {
                dates[date] = dates.GetValueOrDefault(date) + sums.Rows;
            }
        }

        private void AddRun(CaptureHeader header, bool withdrawn)
        {
            var (lines, records) = (header.Reads.Sum(read => read.Lines), header.Frames.Sum(frame => frame.Rows));
            if (_session == header.Session && _runs is [.., var last])
            {
                _runs[^1] = new(last.Captures with { To = header.Number }, last.Lines + lines, last.Records + records,
                    last.Withdrawn && withdrawn);
                return;
            }
            _session = header.Session;
            _runs.Add(new(new CaptureRange(header.Number, header.Number), lines, records, withdrawn));
        }
    }
}
