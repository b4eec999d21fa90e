namespace Pipeline.Worlds;

/// <summary>Adds up what was really written, line by line.</summary>
internal sealed class Tally(string source, string format)
{
    private readonly long[] _byOutcome = new long[Enum.GetValues<Outcome>().Length];
    private readonly SortedDictionary<string, long>[] _perDay = [new(StringComparer.Ordinal), new(StringComparer.Ordinal)];
    private readonly SortedDictionary<string, long> _versions = new(StringComparer.Ordinal);
    private readonly HashSet<string>[] _addresses = [[], []];
    private readonly HashSet<string> _prefixes = [];
    private long _withoutPrefix;
    private long _malformedIds;

    public List<string> Files { get; } = [];

    public void Add(Outcome outcome) => _byOutcome[(int)outcome]++;

    public void Add(Request request)
    {
        Add(request.Outcome);
        if (!request.Outcome.IsRecord())
        {
            return;
        }
        var dataset = (int)request.Outcome;
        Increment(_perDay[dataset], Calendar.Date(request.Micros));
        _addresses[dataset].Add(request.Address.Text);
        if (request.Outcome == Outcome.XenCenter)
        {
            Increment(_versions, request.Value!);
        }
        else if (request.Value is { } prefix)
        {
            _prefixes.Add(prefix);
        }
        else
        {
            _withoutPrefix++;
            _malformedIds += request.Query.Contains("id=", StringComparison.Ordinal) ? 1 : 0;
        }
    }

    public SourceTruth Truth() => new(
        source,
        format,
        Files,
        Counts.Of(_byOutcome),
        Datasets(i => (IReadOnlyDictionary<string, long>)_perDay[i]),
        _versions,
        Datasets(i => (long)_addresses[i].Count),
        _withoutPrefix,
        _malformedIds,
        _prefixes.Count);

    internal static void Increment(SortedDictionary<string, long> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;

    private static Dictionary<string, T> Datasets<T>(Func<int, T> of) =>
        new() { [Outcome.XenCenter.Code()] = of(0), [Outcome.Agent.Code()] = of(1) };
}
