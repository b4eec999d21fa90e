using Azure.Identity;
using Azure.Storage.Blobs;
using Pipeline.Core.Store.Azure;
using Xunit;

namespace Pipeline.Tests.Unit.Store;

public sealed class AzureCredentialsTests
{
    private const string Prefix = "Exclude";

    /// <summary>Goes through the options by name, so that a credential that the library adds is met here.</summary>
    [Fact]
    public void An_identity_is_the_environments_or_the_platforms_and_never_a_developers()
    {
        var options = AzureCredentials.Identity(new BlobClientOptions());
        var asked = typeof(DefaultAzureCredentialOptions).GetProperties()
            .Where(p => p.Name.StartsWith(Prefix, StringComparison.Ordinal) && p.PropertyType == typeof(bool)
                && !(bool)p.GetValue(options)!)
            .Select(p => p.Name[Prefix.Length..]).Order(StringComparer.Ordinal);
        Assert.Equal(["EnvironmentCredential", "ManagedIdentityCredential", "WorkloadIdentityCredential"], asked);
    }
}
