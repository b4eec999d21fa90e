using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Compaction;

/// <summary>An entry that took a file out of the table.</summary>
/// <param name="DataChange">Whether rows went with it: then its file is not compaction's to delete.</param>
internal sealed record Removal(long Version, bool DataChange);

/// <summary>
/// What only the whole log tells and a state does not: the sums that commits brought to each date, and which entry took a file out.
/// Reads on from where it ended the last time, else from the newest <see cref="HistoryMark"/>, else from entry 0.
/// </summary>
internal sealed class TableHistory(TableLog log)
{
    private readonly Dictionary<UtcDay, Sums> _dates = [];
    private readonly Dictionary<string, Removal> _removed = new(StringComparer.Ordinal);
    private Sha256? _below;
    private bool _restored;

    public long Version { get; private set; } = -1;

    /// <summary>
    /// What commits brought to each date; null once another engine restored the table, because what was committed above the version that it
    /// went back to is in the log and no longer in the table.
    /// `verify` tells the two apart by the files of every version; here the inputs' own sums are left to compare with.
    /// </summary>
    public IReadOnlyDictionary<UtcDay, Sums>? Dates => _restored ? null : _dates;

    /// <summary>Files that were taken out, of those that the last reading was told to keep.</summary>
    public IReadOnlyDictionary<string, Removal> Removed => _removed;

    /// <summary>Reads up to <paramref name="state"/>, which the caller has replayed.</summary>
    /// <param name="keep">
    /// Whether the removal of a file (first) by an entry (second) is remembered: of files that are in the folder, since all of them would
    /// fill memory in the end.
    /// </param>
    /// <param name="remember">Whether marks are left on the way. Only for a caller that keeps every file that may be in the folder.</param>
    /// <exception cref="DifferenceException">An entry is gone, or is not the one that the next entry names.</exception>
    public async Task ReadToAsync(TableState state, Func<string, long, bool> keep, bool remember, CancellationToken cancel)
    {
        if (Version > state.Version || Version == state.Version && _below != state.EntryHash)
        {
            Reset();
        }
        if (await TornAtAsync(state, keep, remember, cancel) is not null)
        {
            // What was read before is not below the log as it is: the table was restored meanwhile.
            Reset();
            if (await TornAtAsync(state, keep, remember, cancel) is { } torn)
            {
                Reset();
                throw Torn(torn);
            }
        }
        foreach (var gone in _removed.Where(removed => !keep(removed.Key, removed.Value.Version)).ToList())
        {
            _removed.Remove(gone.Key);
        }
    }

    /// <summary>Reads on; the entry at which the chain broke, or null where it leads to the state.</summary>
    private async Task<long?> TornAtAsync(TableState state, Func<string, long, bool> keep, bool remember, CancellationToken cancel)
    {
        if (Version < 0 && await HistoryMark.NewestAsync(log, state.Version, cancel) is { } mark)
        {
            Resume(mark);
        }
        await using var entries = new EntriesAhead(log, state.Version);
        while (Version < state.Version)
        {
            var entry = await entries.ReadAsync(Version + 1, cancel) ?? throw new DifferenceException(
                $"{log.Where}: entry {Version + 1} of the log is gone, though entry {state.Version} stands. "
                + "Expected every entry to be kept; restore the log from a copy.");
            if (!entry.Foreign && entry.Below != _below)
            {
                return entry.Version;
            }
            Apply(entry, keep);
            if (remember && Version % HistoryMark.Every == 0 && Version > 0)
            {
                await Mark(keep).PutAsync(log, cancel);
            }
        }
        return _below == state.EntryHash ? null : state.Version;
    }

    private void Apply(TableCommit entry, Func<string, long, bool> keep)
    {
        _restored |= entry.Foreign && entry.Operation.StartsWith("RESTORE", StringComparison.OrdinalIgnoreCase);
        foreach (var date in entry.Dates)
        {
            _dates[date.Date] = _dates.GetValueOrDefault(date.Date) + date.Sums;
        }
        foreach (var removed in entry.Removed.Where(removed => keep(removed.Path, entry.Version)))
        {
            _removed[removed.Path] = new(entry.Version, removed.DataChange);
        }
        (Version, _below) = (entry.Version, entry.Hash);
    }

    private HistoryMark Mark(Func<string, long, bool> keep) => new(
        Version, _below!.Value, _restored,
        new(_dates.ToDictionary(date => date.Key.ToString(), date => DaySums.Of(date.Value)), StringComparer.Ordinal),
        new(_removed.Where(removed => keep(removed.Key, removed.Value.Version)).ToDictionary(), StringComparer.Ordinal));

    private void Resume(HistoryMark mark)
    {
        (Version, _below, _restored) = (mark.Version, mark.Entry, mark.Restored);
        foreach (var (date, sums) in mark.Dates)
        {
            _dates[UtcDay.Parse(date)] = sums.Sums;
        }
        foreach (var (path, removal) in mark.Removed)
        {
            _removed[path] = removal;
        }
    }

    private void Reset()
    {
        (Version, _below, _restored) = (-1, null, false);
        _dates.Clear();
        _removed.Clear();
    }

    private DifferenceException Torn(long version) => new(
        $"{log.Where}: entry {version} of the log is not the one that was read a moment ago. Expected entries never to change: "
        + "the table was restored while this process used it. Run the command again; `pipeline verify` names what is wrong with the log.");
}
