using Pipeline.Core;
using Pipeline.Core.Records;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Fold;
using Pipeline.Core.Table.Log;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Processor.Verify;

/// <summary>
/// Reads every live segment and compares, per date, what Parquet really holds with what the commits brought (rule 27). Each row must be of
/// its partition's date.
/// As many segments at once as there are workers; what is held is one row group of each.
/// </summary>
/// <param name="only">The dates to read; null: all.</param>
internal sealed class SegmentCheck(TableLog log, ReadOnlyMemory<byte> rowKey, Workers workers, IReadOnlySet<UtcDay>? only = null)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UtcDay, Sums> _found = [];
    private readonly HashSet<UtcDay> _unread = [];
    private readonly List<string> _differences = [];
    private readonly SortedDictionary<string, string> _corrupt = new(StringComparer.Ordinal);

    /// <summary>What was read in all. What is wrong is added to the findings.</summary>
    public async Task<Sums> RunAsync(TableFold table, IReadOnlyCollection<SegmentFile> present, Findings findings, CancellationToken cancel)
    {
        foreach (var lost in table.Live.Values.Where(file => !present.Contains(file)))
        {
            _unread.Add(lost.Date);
        }
        var files = new Queue<SegmentFile>(present.Where(file => only is null || only.Contains(file.Date)).OrderBy(file => file.Date)
            .ThenBy(file => file.Path, StringComparer.Ordinal));
        await Task.WhenAll(Enumerable.Range(0, workers.Width).Select(_ => LaneAsync(files, cancel)).ToList());
        foreach (var date in _found.Keys.Union(table.Dates.Keys).Where(date => !_unread.Contains(date)
            && (only is null || only.Contains(date) || _found.ContainsKey(date))).Order())
        {
            var (held, declared) = (_found.GetValueOrDefault(date), table.Dates.GetValueOrDefault(date));
            if (held != declared)
            {
                _differences.Add(held.Rows == declared.Rows
                    ? $"{log.Where}, date {date}: its Parquet files hold {held.Rows} rows as its commits brought, but with other values " +
                        $"(sum {held.HashHex}, expected {declared.HashHex})."
                    : $"{log.Where}, date {date}: its Parquet files hold {held.Rows} rows, its commits brought {declared.Rows}: " +
                        $"{TableFold.Off(held.Rows - declared.Rows)}.");
            }
        }
        findings.Differences.AddRange(_differences.Order(StringComparer.Ordinal));
        foreach (var (path, why) in _corrupt)
        {
            findings.AddCorrupt(TableNames.Segment(log.Contract.Dataset, path), why);
        }
        return Sums.Of(_found.Values);
    }

    private async Task LaneAsync(Queue<SegmentFile> files, CancellationToken cancel)
    {
        using var hash = new RowHash(rowKey.Span);
        while (Next(files) is { } file)
        {
            var found = new Dictionary<UtcDay, Sums>();
            string? difference = null;
            try
            {
                difference = await ReadAsync(file, hash, found, cancel);
            }
            catch (Exception e) when (e is not (StoreException or OperationCanceledException or OutOfMemoryException))
            {
                // A message of a reader could hold bytes of a row: of all but our own only the type is told.
                found.Clear();
                lock (_lock)
                {
                    _unread.Add(file.Date);
                    _corrupt[file.Path] = e is PipelineException ? e.Message
                        : $"the segment of {file.Date} cannot be read ({e.GetType().Name})";
                }
            }
            lock (_lock)
            {
                if (difference is not null)
                {
                    _differences.Add(difference);
                }
                foreach (var (date, sums) in found)
                {
                    _found[date] = _found.GetValueOrDefault(date) + sums;
                }
            }
        }
    }

    private async Task<string?> ReadAsync(SegmentFile file, RowHash hash, Dictionary<UtcDay, Sums> found, CancellationToken cancel)
    {
        var name = TableNames.Segment(log.Contract.Dataset, file.Path);
        if (await SegmentReader.OpenAsync(log.Store, name, log.Contract, file.Size, cancel) is not { } reader)
        {
            throw new DifferenceException($"{log.Where}, date {file.Date}: segment {file.Path} ({file.Rows} rows) was there and is gone.");
        }
        if (!await SegmentCheckBytes.HoldsAsync(log.Store, name, reader, file.Size, cancel))
        {
            lock (_lock)
            {
                _corrupt[file.Path] = $"the segment of {file.Date} is not as it was written";
            }
        }
        var outside = false;
        await foreach (var batch in reader.ReadAsync(cancel))
        {
            outside |= await workers.Run(() =>
            {
                hash.AddByDay(batch, found);
                return IsOutside(batch.Time, file);
            });
        }
        var read = found.Values.Sum(sums => sums.Rows);
        var elsewhere = found.Where(day => day.Key != file.Date).ToList();
        return elsewhere.Count > 0
            ? $"{log.Where}: segment {file.Path} stands in the partition of {file.Date} and holds " +
            $"{elsewhere.Sum(day => day.Value.Rows)} rows of other dates ({elsewhere.Min(day => day.Key)} to " +
            $"{elsewhere.Max(day => day.Key)})."
            : file.Rows >= 0 && read != file.Rows
                ? $"{log.Where}, date {file.Date}: segment {file.Path} holds {read} rows, the log says {file.Rows}."
            : outside ? $"{log.Where}, date {file.Date}: segment {file.Path} holds times outside of those that the log says, by which " +
                $"engines skip it: another segment was put in its place."
            : null;
    }

    private static bool IsOutside(ReadOnlySpan<long> times, SegmentFile file)
    {
        var outside = false;
        foreach (var time in times)
        {
            outside |= time < file.MinTime || time > file.MaxTime;
        }
        return outside;
    }

    private SegmentFile? Next(Queue<SegmentFile> files)
    {
        lock (_lock)
        {
            return files.TryDequeue(out var file) ? file : null;
        }
    }
}
