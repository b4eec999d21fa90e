namespace Pipeline.Core.Contracts;

/// <summary>The published contracts, compiled into the program as the bytes of the files in contracts/.</summary>
public static class PublishedContracts
{
    /// <summary>All of them, by dataset name in ordinal order.</summary>
    public static IReadOnlyList<Contract> All { get; } = Load();

    public static Contract XenCenterChecks { get; } = ByDataset("xencenter-checks");

    public static Contract AgentUpdates { get; } = ByDataset("agent-updates");

    /// <exception cref="PipelineException">With exit code 78 when no published contract declares the dataset.</exception>
    public static Contract ByDataset(string name) => All.FirstOrDefault(contract => contract.Dataset == name)
        ?? throw new ConfigurationException(
            $"dataset '{name}': found no contract of that name, expected one of " +
            $"{string.Join(", ", All.Select(contract => contract.Dataset))}");

    private static Contract[] Load()
    {
        var assembly = typeof(PublishedContracts).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("contracts/", StringComparison.Ordinal))
            .Select(name =>
            {
                using var file = assembly.GetManifestResourceStream(name)!;
                var bytes = new byte[file.Length];
                file.ReadExactly(bytes);
                return ContractLoader.Parse(bytes, name, checkPatterns: false);
            })
            .OrderBy(contract => contract.Dataset, StringComparer.Ordinal)];
    }
}
