namespace Pipeline.Core.Contracts;

/// <summary>What a store is for: captures lie in the United States, the table in the United Kingdom.</summary>
public enum StoreRole { Capture, Table }

/// <summary>Promise 4: a store whose declared region a contract does not allow is refused before anything is read or written.</summary>
public static class ResidencyGate
{
    /// <param name="role">What the store is to hold.</param>
    /// <param name="region">The region that the store declares; case does not matter.</param>
    /// <param name="contracts">The contracts of all datasets that the store is to hold: they share their residency.</param>
    /// <exception cref="PipelineException">With exit code 4, naming region, role, dataset and what is allowed.</exception>
    public static void Check(StoreRole role, string region, IReadOnlyCollection<Contract> contracts)
    {
        var name = role == StoreRole.Capture ? "capture" : "table";
        if (contracts.Count == 0)
        {
            throw new PipelineException(ExitCode.RefusedByPolicy, $"the {name} store in region '{region}' has no contract; nothing may be kept without one: name its datasets");
        }
        foreach (var contract in contracts)
        {
            var allowed = role == StoreRole.Capture ? contract.Residency.CaptureRegions : contract.Residency.TableRegions;
            if (!allowed.Contains(region.ToLowerInvariant(), StringComparer.Ordinal))
            {
                throw new PipelineException(
                    ExitCode.RefusedByPolicy,
                    $"the {name} store declares region '{region}', and dataset '{contract.Dataset}' allows its {name} store only in {string.Join(", ", allowed)}; "
                    + "use a store in one of these regions, or correct the region that it declares");
            }
        }
    }
}
