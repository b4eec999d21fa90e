using Pipeline.Core.Contracts;

namespace Pipeline.Core.Store;

/// <summary>The residency gate (promise 4): a store lies where the contract of each of its datasets allows, or is not used.</summary>
public static class StoreResidency
{
    /// <summary>Region names are compared in lower case and without spaces ("UK South" is "uksouth"), as contracts have them.</summary>
    public static string Normalize(string region)
    {
        ArgumentNullException.ThrowIfNull(region);
        return region.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
    }

    /// <summary>Throws a <see cref="PolicyException"/> where a contract does not allow a store of this role in this region.</summary>
    public static void Check(string location, string role, string region, IReadOnlyList<Contract> contracts)
    {
        ArgumentNullException.ThrowIfNull(contracts);
        if (contracts.Count == 0)
        {
            throw new PolicyException($"The {role} store {location} has no contract, and nothing is kept without one: name its datasets.");
        }
        foreach (var contract in contracts)
        {
            var allowed = role == StoreRole.Capture ? contract.Residency.CaptureRegions : contract.Residency.TableRegions;
            if (!allowed.Contains(region, StringComparer.Ordinal))
            {
                throw new PolicyException(
                    $"The {role} store {location} lies in the region '{region}', which the contract of {contract.Dataset} does not " +
                    $"allow: expected one of {string.Join(", ", allowed)}. Use a store in one of these.");
            }
        }
    }
}
