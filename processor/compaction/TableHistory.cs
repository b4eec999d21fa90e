using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Compaction;

/// <summary>An entry that took a file out of the table.</summary>
/// <param name="DataChange">Whether rows went with it: then its file is not compaction's to delete.</param>
internal sealed record Removal(long Version, bool DataChange);

/// <summary>
/// What only the whole log tells and a state does not: the sums that commits brought to each date, and which entry took a file out. Reads on from where it ended the last time;
/// where the log is no longer the one that it read, from the beginning.
/// </summary>
internal sealed class TableHistory(TableLog log)
{
    private readonly Dictionary<UtcDay, Sums> _dates = [];
    private readonly Dictionary<string, Removal> _removed = new(StringComparer.Ordinal);
    private Sha256? _below;
    private bool _restored;

    public long Version { get; private set; } = -1;

    /// <summary>
    /// What commits brought to each date; null once another engine restored the table, because what was committed above the version that it went back to is in the log and no longer in the table.
    /// `verify` tells the two apart by the files of every version; here the inputs' own sums are left to compare with.
    /// </summary>
    public IReadOnlyDictionary<UtcDay, Sums>? Dates => _restored ? null : _dates;

    /// <summary>Files that were taken out, of those that the last reading was told to keep.</summary>
    public IReadOnlyDictionary<string, Removal> Removed => _removed;

    /// <summary>Reads up to <paramref name="state"/>, which the caller has replayed. <paramref name="keep"/>: of which files the removal is remembered; the others would fill memory in the end.</summary>
    public async Task ReadToAsync(TableState state, Func<string, bool> keep, CancellationToken cancel)
    {
        if (Version > state.Version || Version == state.Version && _below != state.EntryHash)
        {
            Reset();
        }
        while (Version < state.Version)
        {
            var entry = await log.ReadEntryAsync(Version + 1, cancel)
                ?? throw new DifferenceException($"{log.Where}: entry {Version + 1} of the log is gone, though entry {state.Version} stands. Expected every entry for ever; restore the log from a copy.");
            if (!entry.Foreign && entry.Below != _below)
            {
                if (Version < 0)
                {
                    throw Torn(entry.Version);
                }
                // What was read before is not below this entry: the table was restored meanwhile.
                Reset();
                continue;
            }
            Apply(entry, keep);
        }
        if (_below != state.EntryHash)
        {
            Reset();
            throw Torn(state.Version);
        }
        foreach (var path in _removed.Keys.Where(path => !keep(path)).ToList())
        {
            _removed.Remove(path);
        }
    }

    private void Apply(TableCommit entry, Func<string, bool> keep)
    {
        _restored |= entry.Foreign && entry.Operation.StartsWith("RESTORE", StringComparison.OrdinalIgnoreCase);
        foreach (var date in entry.Dates)
        {
            _dates[date.Date] = _dates.GetValueOrDefault(date.Date) + date.Sums;
        }
        foreach (var removed in entry.Removed.Where(removed => keep(removed.Path)))
        {
            _removed[removed.Path] = new(entry.Version, removed.DataChange);
        }
        (Version, _below) = (entry.Version, entry.Hash);
    }

    private void Reset()
    {
        (Version, _below, _restored) = (-1, null, false);
        _dates.Clear();
        _removed.Clear();
    }

    private DifferenceException Torn(long version) => new($"{log.Where}: entry {version} of the log is not the one that was read a moment ago. Expected entries never to change: the table was restored while this process used it. Run the command again; `pipeline verify` names what is wrong with the log.");
}
