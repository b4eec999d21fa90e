using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Shipper.Seal;

/// <summary>
/// Some dates of a seal, in bounded memory: 1 read the frames that have rows of them, and compare the sums — 2 write their segments, some
/// at a time. Rows of a few dates go straight to a writer each.
/// Rows of many dates are gathered as they come and written one date after another: a writer for each of thousands would take more memory
/// than their rows.
/// One thread at a time.
/// </summary>
internal sealed class SealPass : IDisposable
{
    /// <summary>Maximum number of dates with a writer each.</summary>
    public const int MaxWriters = 16;

    private const long SegmentRows = 4 << 20;

    /// <summary>At this many bytes of finished segments they are to be put before more are made.</summary>
    private const long MaxBytes = 4 << 20;

    private readonly Contract _contract;
    private readonly IReadOnlyList<DateTotal> _dates;
    private readonly ReadOnlyMemory<byte> _label;
    private readonly Func<Guid> _newId;
    private readonly Dictionary<UtcDay, SegmentWriter?> _writers;
    private readonly List<Segment> _done = [];
    private readonly List<Run> _runs = [];
    private readonly Columns? _gathered;
    private int _next;

    public SealPass(Contract contract, IReadOnlyList<DateTotal> dates, ReadOnlyMemory<byte> label, Func<Guid> newId)
    {
        (_contract, _dates, _label, _newId) = (contract, dates, label, newId);
        var few = dates.Count <= MaxWriters;
        _writers = dates.ToDictionary(d => d.Date, d => few ? new SegmentWriter(contract, d.Date, label) : null);
        _gathered = few ? null : new Columns(contract, (int)Math.Clamp(dates.Sum(d => d.Sums.Rows), 64, Sealer.PassRows));
    }

    /// <summary>A finished file that is named by nothing yet.</summary>
    public readonly record struct Segment(SegmentFile File, ReadOnlyMemory<byte> Bytes);

    /// <summary>Rows of one date that follow one another in what was gathered.</summary>
    private readonly record struct Run(UtcDay Date, int From, int Count);

    /// <summary>1. Only the frames that declare a date of this pass are decoded. Rows of other dates are skipped.</summary>
    /// <exception cref="PipelineException">3: a frame cannot be decoded, or the frames do not hold what they declare.</exception>
    public void Read(IReadOnlyList<TakenFrame> frames, RowHash hash)
    {
        var sums = new Dictionary<UtcDay, Sums>();
        var columns = new Columns(_contract);
        foreach (var frame in frames.Where(f => f.HasAny(_writers.ContainsKey)))
        {
            foreach (var batch in Decode(frame, columns))
            {
                if (_gathered is null)
                {
                    hash.AddByDay(batch, sums);
                }
                Distribute(batch);
            }
        }
        if (_gathered is not null)
        {
            hash.AddByDay(_gathered, sums);
            // By date, and within a date as they came.
            _runs.Sort((a, b) => a.Date != b.Date ? a.Date.CompareTo(b.Date) : a.From.CompareTo(b.From));
        }
        foreach (var date in _dates)
        {
            if (sums.GetValueOrDefault(date.Date) != date.Sums)
            {
                throw new DifferenceException(
                    $"dataset {_contract.Dataset}, date {date.Date}: the frames hold {sums.GetValueOrDefault(date.Date).Rows} rows " +
                    $"whose sum is not the {date.Sums.Rows} rows that their captures declare. Nothing was committed; run " +
                    $"`pipeline verify` to name the captures.");
            }
        }
    }

    /// <summary>2. The next segments; none: all were given. What was given before is the caller's.</summary>
    public IReadOnlyList<Segment> Write()
    {
        var given = new List<Segment>(_done);
        _done.Clear();
        for (var bytes = given.Sum(s => s.File.Size); bytes < MaxBytes && (_gathered is null ? _next < _dates.Count : _next < _runs.Count);)
        {
            using var writer = _gathered is null ? _writers[_dates[_next++].Date]! : WriteNextDate();
            given.Add(Finish(writer));
            bytes += given[^1].File.Size;
        }
        return given;
    }

    public void Dispose()
    {
        foreach (var writer in _writers.Values)
        {
            writer?.Dispose();
        }
    }

    private SegmentWriter WriteNextDate()
    {
        var date = _runs[_next].Date;
        var writer = new SegmentWriter(_contract, date, _label);
        for (; _next < _runs.Count && _runs[_next].Date == date; _next++)
        {
            writer.Add(_gathered!, _runs[_next].From, _runs[_next].Count);
        }
        return writer;
    }

    private IEnumerable<Columns> Decode(TakenFrame frame, Columns into)
    {
        using var batches = FrameDecoder.Decode(_contract, frame.Bytes, frame.Rows, into).GetEnumerator();
        while (true)
        {
            try
            {
                if (!batches.MoveNext())
                {
                    yield break;
                }
            }
            catch (InvalidDataException e)
            {
                throw new DifferenceException(
                    $"shard {frame.Shard}, capture {frame.Link.Number}: {e.Message}. Nothing was committed; restore the capture.", e);
            }
            yield return batches.Current;
        }
    }

    /// <summary>Gives each run of rows of one date to that date's segment, or keeps it; dates of other passes are skipped.</summary>
    private void Distribute(Columns batch)
    {
        var time = batch.Time;
        for (var from = 0; from < batch.Rows;)
        {
            var day = UtcDay.Of(time[from]);
            var (first, end) = (day.Number * UtcDay.MicrosPerDay, (day.Number + 1) * UtcDay.MicrosPerDay);
            var to = from + 1;
            while (to < batch.Rows && time[to] >= first && time[to] < end)
            {
                to++;
            }
            if (_writers.TryGetValue(day, out var writer))
            {
                if (writer is null)
                {
                    _runs.Add(new Run(day, _gathered!.Rows, to - from));
                    _gathered.AddRowsOf(batch, from, to - from);
                }
                else
                {
                    Add(writer, batch, from, to - from);
                }
            }
            from = to;
        }
    }

    private void Add(SegmentWriter writer, Columns batch, int from, int count)
    {
        if (writer.Rows + count > SegmentRows)
        {
            _done.Add(Finish(writer));
            writer.Dispose();
            _writers[writer.Date] = writer = new SegmentWriter(_contract, writer.Date, _label);
        }
        writer.Add(batch, from, count);
    }

    private Segment Finish(SegmentWriter writer)
    {
        var bytes = writer.Finish();
        return new Segment(writer.Describe(SegmentFile.NewPath(writer.Date, _newId())), bytes);
    }
}
