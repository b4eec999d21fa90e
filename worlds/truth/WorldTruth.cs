using System.Text.Json;

namespace Pipeline.Worlds;

/// <summary>One row that the table must hold.</summary>
/// <param name="Dataset">`xencenter-checks` or `agent-updates`.</param>
/// <param name="Micros">µs since 1970 UTC, as fine as the format writes it.</param>
/// <param name="Address">Dotted quad, or RFC 5952.</param>
/// <param name="Value">The version, or the UUID's prefix; null where the request had no well-formed id.</param>
public readonly record struct TrueRecord(string Dataset, long Micros, string Address, string? Value);

/// <summary>One web server's logs.</summary>
/// <param name="Source">Also the folder, below the world's, that holds the files.</param>
/// <param name="Files">Relative to the world's folder, oldest first.</param>
/// <param name="PerDay">By dataset, then by UTC date of the event.</param>
/// <param name="Versions">Records of `xencenter-checks` by version.</param>
/// <param name="Addresses">Distinct addresses by dataset.</param>
/// <param name="AgentsWithoutPrefix">Records of `agent-updates` whose request had no well-formed id.</param>
/// <param name="MalformedIds">Those of them that had an id, but no well-formed one.</param>
public sealed record SourceTruth(
    string Source,
    string Format,
    IReadOnlyList<string> Files,
    Counts Counts,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, long>> PerDay,
    IReadOnlyDictionary<string, long> Versions,
    IReadOnlyDictionary<string, long> Addresses,
    long AgentsWithoutPrefix,
    long MalformedIds,
    long Prefixes);

/// <summary>What `installs` must say of a window: facts about checks, of one version or (`*`) of all.</summary>
/// <param name="Ipv6Networks">Distinct /64 networks.</param>
/// <param name="Window">`day` or `week` (ISO, from Monday); <paramref name="Start"/> is its first UTC date.</param>
public sealed record CheckFacts(string Window, string Start, string Version, long Checks, long Addresses, long Ipv4, long Ipv6Networks);

/// <summary>How many installs there are: what no log can tell.</summary>
/// <param name="Total">Installs that exist.</param>
/// <param name="Never">Those whose owner said no to checks.</param>
/// <param name="Nameless">Those too old to name themselves (7.1 and before): they check, and become no record.</param>
/// <param name="Active">Installs with at least one record, overall.</param>
/// <param name="ActivePerDay">By UTC date.</param>
/// <param name="ActivePerWeek">By the ISO week's Monday.</param>
public sealed record InstallTruth(
    int Total, int Never, int Nameless, int Active, IReadOnlyDictionary<string, long> ActivePerDay, IReadOnlyDictionary<string,
        long> ActivePerWeek);

/// <summary>The truth about a world's logs.</summary>
/// <param name="Total">All sources together; its distinct numbers are not the sums of theirs.</param>
public sealed record WorldTruth(int Seed, int Days, string Start, InstallTruth Installs, SourceTruth Total,
    IReadOnlyList<SourceTruth> Sources, IReadOnlyList<CheckFacts> Facts)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public static WorldTruth FromJson(string json) => JsonSerializer.Deserialize<WorldTruth>(json, Json)
        ?? throw new ArgumentException("found null, expected a world's truth", nameof(json));
}
