namespace Pipeline.Worlds;

/// <summary>What the checks that became records say per day and week, and which installs were behind them.</summary>
internal sealed class CheckLedger
{
    private readonly SortedDictionary<(string Window, string Start, string Version),
        Cell> _cells = new(Comparer<(string Window, string Start, string Version)>.Create(
        (a, b) => string.CompareOrdinal($"{a.Window} {a.Start} {a.Version}", $"{b.Window} {b.Start} {b.Version}")));
    private readonly Dictionary<string, HashSet<int>> _days = [];
    private readonly Dictionary<string, HashSet<int>> _weeks = [];
    private readonly HashSet<int> _active = [];

    public void Add(Request request)
    {
        if (request.Outcome != Outcome.XenCenter)
        {
            return;
        }
        var (day, week) = (Calendar.Date(request.Micros), Calendar.Monday(request.Micros));
        foreach (var version in (ReadOnlySpan<string>)["*", request.Value!])
        {
            Cell("day", day, version).Add(request.Address);
            Cell("week", week, version).Add(request.Address);
        }
        if (request.Install >= 0)
        {
            _active.Add(request.Install);
            Set(_days, day).Add(request.Install);
            Set(_weeks, week).Add(request.Install);
        }
    }

    public IReadOnlyList<CheckFacts> Facts() =>
        [.. _cells.Select(cell => new CheckFacts(cell.Key.Window, cell.Key.Start, cell.Key.Version, cell.Value.Checks,
            cell.Value.Addresses.Count, cell.Value.Ipv4.Count, cell.Value.Ipv6.Count))];

    public InstallTruth Installs(int total, int never, int nameless) =>
        new(total, never, nameless, _active.Count, Sizes(_days), Sizes(_weeks));

    private Cell Cell(string window, string start, string version)
    {
        if (!_cells.TryGetValue((window, start, version), out var cell))
        {
            _cells[(window, start, version)] = cell = new Cell();
        }
        return cell;
    }

    private static HashSet<int> Set(Dictionary<string, HashSet<int>> sets, string key) =>
        sets.TryGetValue(key, out var set) ? set : sets[key] = [];

    private static SortedDictionary<string, long> Sizes(Dictionary<string, HashSet<int>> sets) =>
        new(sets.ToDictionary(pair => pair.Key, pair => (long)pair.Value.Count), StringComparer.Ordinal);
}

internal sealed class Cell
{
    public long Checks { get; private set; }

    public HashSet<string> Addresses { get; } = [];

    public HashSet<string> Ipv4 { get; } = [];

    /// <summary>The distinct /64 networks.</summary>
    public HashSet<string> Ipv6 { get; } = [];

    public void Add(ClientAddress address)
    {
        Checks++;
        Addresses.Add(address.Text);
        (address.IsV6 ? Ipv6 : Ipv4).Add(address.Network);
    }
}
