using Azure;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;

namespace Pipeline.Core.Store.Azure;

/// <summary>How a container is opened: by the identity of this process where no connection string is given, else by what that
/// holds.</summary>
internal static class AzureCredentials
{
    private const string EmulatorAccount = "devstoreaccount1";

    // Published by the emulator's makers, and the same everywhere: no secret.
    private const string EmulatorKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <exception cref="PipelineException">78: there is no credential that fits the location.</exception>
    public static BlobContainerClient Open(AzureLocation location, Secret? connection, BlobClientOptions options)
    {
        if (connection is null)
        {
            return location.IsTls
                ? new BlobContainerClient(location.Container, new DefaultAzureCredential(Identity(options)), options)
                : throw new ConfigurationException(
                    $"The store {location} is an emulator's, and no connection string is given: an identity's token is sent over https " +
                    $"only. Give one in a file or in the environment.");
        }
        var parts = Parts(connection.Reveal());
        if (parts.GetValueOrDefault("UseDevelopmentStorage") == "true")
        {
            parts = new(StringComparer.OrdinalIgnoreCase) { ["AccountName"] = EmulatorAccount, ["AccountKey"] = EmulatorKey };
        }
        if (parts.TryGetValue("AccountName", out var account) && account != location.Account)
        {
            throw Wrong(location, "is of another account");
        }
        try
        {
            return parts.GetValueOrDefault("SharedAccessSignature") is { } signature
                ? new BlobContainerClient(location.Container, new AzureSasCredential(signature), options)
                : parts.GetValueOrDefault("AccountKey") is { } key && account is not null
                    ? new BlobContainerClient(location.Container, new StorageSharedKeyCredential(account, key), options)
                : throw Wrong(location, "has neither AccountName and AccountKey nor SharedAccessSignature");
        }
        catch (FormatException)
        {
            throw Wrong(location, "has an AccountKey that is no base64");
        }
    }

    /// <summary>The identity that the environment or the platform gives, and no other: where that fails, a developer's own login must not
    /// take its place unseen.</summary>
    internal static DefaultAzureCredentialOptions Identity(BlobClientOptions options) => new()
    {
        ExcludeInteractiveBrowserCredential = true, ExcludeVisualStudioCredential = true, ExcludeVisualStudioCodeCredential = true,
        ExcludeAzurePowerShellCredential = true, ExcludeAzureDeveloperCliCredential = true, ExcludeAzureCliCredential = true,
        ExcludeBrokerCredential = true, Transport = options.Transport,
    };

    private static Dictionary<string, string> Parts(string connection) =>
        connection.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(part => part.Split('=', 2)).Where(pair => pair.Length == 2).DistinctBy(pair => pair[0], StringComparer.OrdinalIgnoreCase)
        .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);

    private static ConfigurationException Wrong(AzureLocation location, string what) =>
        new($"The connection string for the store {location} {what}; expected AccountName={location.Account};AccountKey=… or, for an " +
        $"emulator, UseDevelopmentStorage=true. It is not shown.");
}
