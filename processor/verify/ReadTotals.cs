using Pipeline.Core.Captures;

namespace Pipeline.Processor.Verify;

/// <summary>What a shard's captures say that they read, added up: of captures as they are walked, or of the snapshot that kept their
/// totals.</summary>
internal sealed class ReadTotals
{
    private readonly SortedDictionary<string, long> _rejected = new(StringComparer.Ordinal), _notes = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _redriven = new(StringComparer.Ordinal), _rules = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _sources = new(StringComparer.Ordinal);

    public long Lines { get; private set; }

    public long Duplicates { get; private set; }

    /// <summary>Pushes without a key.</summary>
    public long Unkeyed { get; private set; }

    /// <summary>Reason → lines, net of redrives.</summary>
    public IReadOnlyDictionary<string, long> Rejected => _rejected;

    public IReadOnlyDictionary<string, long> Notes => _notes;

    public IReadOnlyDictionary<string, long> Redriven => _redriven;

    public IReadOnlyDictionary<string, long> DuplicateRules => _rules;

    /// <summary>The sources that lines came from.</summary>
    public IReadOnlyCollection<string> Sources => _sources;

    public void Add(CaptureHeader header)
    {
        foreach (var read in header.Reads)
        {
            _sources.Add(read.Source);
            Lines += read.Lines;
            Duplicates += read.Duplicates;
            Unkeyed += read.IsUnkeyedPush ? 1 : 0;
            Add(_rejected, read.Rejected);
            Add(_notes, read.Notes);
            Add(_redriven, read.Redriven);
            Add(_rules, read.DuplicateRules);
        }
    }

    /// <summary>The snapshot knows what is no longer there, or was lost in a hole: its totals take the place of all that was
    /// added.</summary>
    public void Adopt(ShardState snapshot)
    {
        (Lines, Duplicates, Unkeyed) = (0, 0, 0);
        _rejected.Clear();
        _notes.Clear();
        _redriven.Clear();
        _rules.Clear();
        _sources.UnionWith(snapshot.Sources.Keys);
        foreach (var source in snapshot.Sources.Values)
        {
            Lines += source.Lines;
            Duplicates += source.Duplicates;
            Unkeyed += source.Unkeyed;
            Add(_rejected, source.Rejected);
            Add(_notes, source.Notes);
            Add(_redriven, source.Redriven);
            Add(_rules, source.DuplicateRules);
        }
    }

    private static void Add(SortedDictionary<string, long> into, SortedDictionary<string, long>? counts)
    {
        foreach (var (key, value) in counts ?? [])
        {
            into[key] = into.GetValueOrDefault(key) + value;
        }
    }
}
