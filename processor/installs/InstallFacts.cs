using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Processor.Installs;

/// <summary>
/// Facts about checks for updates, counted exactly: what was asked, from how many addresses. Not an estimate of how many installs there
/// are:
/// one address may stand for many (NAT), and one install may use many (changing addresses).
/// </summary>
public sealed record InstallFacts
{
    /// <summary>Says what the numbers are.</summary>
    public string Kind { get; init; } = "facts";

    public string Means { get; init; } = "Requests and addresses as they were seen; not an estimate of installs.";

    public required string Dataset { get; init; }

    /// <summary>The version of the table that all rows were counted from; −1 where there is no table.</summary>
    public required long TableVersion { get; init; }

    /// <summary>The newest event date in the table at that version: windows that end after it are not over. Null for an empty
    /// table.</summary>
    public required string? Through { get; init; }

    /// <summary>Rows whose address is no address: counted as checks, and in no address count.</summary>
    public required long UnreadableAddresses { get; init; }

    /// <summary>By window kind, start, then version, `*` first.</summary>
    public required IReadOnlyList<InstallRow> Rows { get; init; }

    /// <summary>How the estimates of the rows were made; null where none were asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EstimateNotes? Estimates { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, InstallJson.Default.InstallFacts);
}

/// <summary>
/// One window and version. <see cref="Checks"/> are rows. <see cref="Addresses"/> are distinct whole addresses, as `count(distinct
/// client_ip)` gives; <see cref="Ipv4"/> and
/// <see cref="Ipv6Prefixes"/> are distinct IPv4 addresses and distinct IPv6 /64 prefixes, whose sum is the number of keys of the counting
/// model (an IPv6 host changes the rest of its address daily).
/// </summary>
public sealed record InstallRow(
    string Window, string Start, string Version, long Checks, long Addresses, long Ipv4,
        [property: JsonPropertyName("ipv6_64")] long Ipv6Prefixes)
{
    /// <summary>How many installs made these checks; null where that was not asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public InstallEstimate? Estimate { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(InstallFacts))]
internal sealed partial class InstallJson : JsonSerializerContext;
