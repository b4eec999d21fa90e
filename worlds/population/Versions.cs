namespace Pipeline.Worlds;

/// <summary>A XenCenter version and what it asks for. Weights are a guess at the mix; the URLs are what each line's source does.</summary>
internal sealed record Release(string Version, double Weight, string Path)
{
    public const string New = "2026.1.0.8402";
    public const string Modern = "/xc/XCUpdates.xml", Legacy = "/XenServer/updates.xml", Servers = "/xenserver/updates.xml";

    /// <summary>7.1 and before speak HTTP/1.0 and do not name themselves.</summary>
    public static readonly Release Nameless = new("7.1.0.0", 0.03, Legacy);

    public static readonly Release[] All =
    [
        new("2025.2.0.8315", 0.33, Modern),
        new("2025.1.1.8289", 0.18, Modern),
        new("2024.4.0.8123", 0.13, Modern),
        new("2023.3.2.7921", 0.09, Modern),
        new("2022.4.1.7640", 0.03, "/xc/CHCUpdates.xml"),
        new("8.2.7.12", 0.11, Legacy),
        new("8.2.3.4", 0.05, Legacy),
        new("7.6.0.1634", 0.05, Legacy),
        Nameless,
    ];

    /// <summary>From 2023 on, and so able to ask the second URL.</summary>
    public bool AsksServers => Path == Modern;

    public static Release Draw(Random random) => All[random.Weighted([.. All.Select(release => release.Weight)])];
}
