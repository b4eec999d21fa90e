using Pipeline.Core.Records;

namespace Pipeline.Processor.Installs;

/// <summary>
/// The exact sets of one window, per version and for all. An address that a version already has, the whole window has: so most rows cost
/// one look-up.
/// Memory: some 20 bytes for each distinct (address, version).
/// </summary>
internal sealed class WindowCount(WindowKind kind)
{
    private readonly List<Sets?> _byVersion = [];
    private Sets _all = new();

    /// <summary>The first day of the window that is open; null before the first.</summary>
    public UtcDay? Start { get; private set; }

    public WindowKind Kind => kind;

    public void Open(UtcDay start) => Start = start;

    public void Add(int version, Address.Family family, UInt128 number)
    {
        while (_byVersion.Count <= version)
        {
            _byVersion.Add(null);
        }
        var sets = _byVersion[version] ??= new Sets();
        sets.Checks++;
        _all.Checks++;
        if (family == Address.Family.V4 ? sets.V4.Add((uint)number) : family == Address.Family.V6 && sets.V6.Add(number))
        {
            _all.Take(family, number);
            if (family == Address.Family.V6)
            {
                sets.Prefixes.Add((ulong)(number >> 64));
            }
        }
    }

    /// <summary>The open window's rows, `*` first, then versions in ordinal order; the window is closed and its sets are let go.</summary>
    public IEnumerable<InstallRow> Close(IReadOnlyList<string> versions)
    {
        if (Start is not { } start)
        {
            return [];
        }
        List<InstallRow> rows = [_all.Row(kind, start, "*")];
        rows.AddRange(_byVersion.Select((sets, index) => (sets, index)).Where(v => v.sets is not null)
            .OrderBy(v => versions[v.index], StringComparer.Ordinal).Select(v => v.sets!.Row(kind, start, versions[v.index])));
        Start = null;
        _all = new();
        _byVersion.Clear();
        return rows;
    }

    private sealed class Sets
    {
        public long Checks { get; set; }
        public HashSet<uint> V4 { get; } = [];
        public HashSet<UInt128> V6 { get; } = [];
        public HashSet<ulong> Prefixes { get; } = [];

        public void Take(Address.Family family, UInt128 number)
        {
            if (family == Address.Family.V4)
            {
                V4.Add((uint)number);
            }
            else if (V6.Add(number))
            {
                Prefixes.Add((ulong)(number >> 64));
            }
        }

        public InstallRow Row(WindowKind kind, UtcDay start, string version) =>
            new(WindowKinds.Name(kind), start.ToString(), version, Checks, V4.Count + V6.Count, V4.Count, Prefixes.Count);
    }
}
