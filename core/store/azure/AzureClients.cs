using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;

namespace Pipeline.Core.Store.Azure;

/// <summary>
/// The clients of one container: one for puts, which asks once, because only <see cref="Puts"/> may decide to put again, and one for all
/// that may be asked twice.
/// Every try has a bound: a time, and a second more for each MB of its body.
/// </summary>
internal sealed class AzureClients(AzureLocation location, Secret? connection, TimeSpan timeout)
{
    public const int Retries = 4;

    public BlobContainerClient Once { get; } = AzureCredentials.Open(location, connection, Options(0, timeout));

    public BlobContainerClient Retried { get; } = AzureCredentials.Open(location, connection, Options(Retries, timeout));

    private static BlobClientOptions Options(int retries, TimeSpan timeout)
    {
        var options = new BlobClientOptions { Retry = { MaxRetries = retries, Mode = RetryMode.Exponential,
            Delay = TimeSpan.FromMilliseconds(100), MaxDelay = TimeSpan.FromSeconds(5), NetworkTimeout = timeout } };
        options.Diagnostics.ApplicationId = "pipeline";
        // The requests' names and headers go to no log of the library's own.
        options.Diagnostics.IsLoggingEnabled = false;
        options.AddPolicy(new Bound(timeout), HttpPipelinePosition.PerCall);
        return options;
    }

    private sealed class Bound(TimeSpan timeout) : HttpPipelineSynchronousPolicy
    {
        private const double BytesPerSecond = 1_000_000;

        public override void OnSendingRequest(HttpMessage message)
        {
            if (message.Request.Content is { } body && body.TryComputeLength(out var length))
            {
                message.NetworkTimeout = timeout + TimeSpan.FromSeconds(length / BytesPerSecond);
            }
        }
    }
}
