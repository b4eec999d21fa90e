using System.Text.Json;
using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>What must be found in the end, however often the program died: rows, lines, and rejections by reason.</summary>
internal sealed class Truth
{
    public Rows Rows { get; } = new();

    public long Lines { get; set; }

    public SortedDictionary<string, long> Rejections { get; } = new(StringComparer.Ordinal);

    public void Reject(string reason, long count = 1) => Rejections[reason] = Rejections.GetValueOrDefault(reason) + count;

    /// <summary>Compares the installation with the truth: `verify --deep`, its counts, and every row.</summary>
    /// <exception cref="CrashException">Something was lost, doubled, or is not as it ought to be.</exception>
    public Task CompareAsync(string dir, CrashTotals totals) => CompareAsync(InstallationPlaces.Embedded(dir), new Dictionary<string,
        string>(), ["--dir", dir], totals);

    /// <param name="where">The options that name the installation at these places.</param>
    public async Task CompareAsync(InstallationPlaces places, IReadOnlyDictionary<string, string> environment, string[] where,
        CrashTotals totals)
    {
        var (exit, text, error) = await Victim.RunAsync(places.Keys, environment, ["verify", "--deep", "--json", .. where]);
        CrashException.Unless(exit == 0, $"verify ended with {exit}: {text} {error}");
        var verify = JsonDocument.Parse(text).RootElement;
        CrashException.Unless(verify.GetProperty("ok").GetBoolean() && verify.GetProperty("pending").GetArrayLength() == 0,
            $"verify: {text}");

        var found = await Rows.ReadAsync(places);
        var (lost, doubled) = (Rows.Without(found), found.Without(Rows));
        totals.Found(found.Count, lost.Count, doubled.Count);
        CrashException.Unless(lost.Count == 0 && doubled.Count == 0,
            $"lost {lost.Count}, doubled {doubled.Count} of {Rows.Count} rows: " +
                $"{string.Join("; ", lost.Take(3).Select(row => "lost " + row).Concat(doubled.Take(3).Select(row => "doubled " + row)))}");

        var rejections = verify.GetProperty("rejections").EnumerateObject().Where(r => r.Value.GetInt64() != 0)
            .ToDictionary(r => r.Name, r => r.Value.GetInt64());
        CrashException.Unless(verify.GetProperty("lines").GetInt64() == Lines, $"{verify.GetProperty("lines")} lines, expected {Lines}");
        CrashException.Unless(rejections.Count == Rejections.Count && Rejections.All(r => rejections.GetValueOrDefault(r.Key) == r.Value),
            $"rejections {JsonSerializer.Serialize(rejections)}, expected {JsonSerializer.Serialize(Rejections)}");
        CrashException.Unless(verify.GetProperty("records").EnumerateObject().Sum(r => r.Value.GetInt64()) == Rows.Count,
            $"records {verify.GetProperty("records")}, expected {Rows.Count} in all");
    }
}

/// <summary>A promise was broken.</summary>
internal sealed class CrashException(string message) : Exception(message)
{
    public static void Unless(bool holds, string message)
    {
        if (!holds)
        {
            throw new CrashException(message);
        }
    }
}

/// <summary>What a series of kills came to. Safe to use from many threads.</summary>
internal sealed class CrashTotals
{
    private readonly Lock _lock = new();
    private long _kills, _idle, _rounds, _rows, _lost, _doubled, _pushes;

    /// <summary>Kills that met the program at work.</summary>
    public long Kills => Interlocked.Read(ref _kills);

    /// <param name="working">False: it was killed before it had opened a store.</param>
    public void Kill(bool working) => Interlocked.Increment(ref working ? ref _kills : ref _idle);

    public void Pushed() => Interlocked.Increment(ref _pushes);

    public void Found(long rows, long lost, long doubled)
    {
        lock (_lock)
        {
            (_rounds, _rows, _lost, _doubled) = (_rounds + 1, _rows + rows, _lost + lost, _doubled + doubled);
        }
    }

    /// <summary>What was found in the end, without the kills.</summary>
    public string Found() => _rows == 0 ? "no row compared"
        : $"{_rows} rows, {_pushes} pushes acknowledged: lost {_lost}, doubled {_doubled}";

    public override string ToString() =>
        $"{_kills} SIGKILLs at work ({_idle} more while starting) in {_rounds} installations, {_rows} rows, {_pushes} pushes " +
            $"acknowledged: lost {_lost}, doubled {_doubled}";
}
