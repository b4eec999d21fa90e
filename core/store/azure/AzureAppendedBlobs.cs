using System.Net;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs.Models;

namespace Pipeline.Core.Store.Azure;

/// <summary>A container that Azure's own services append logs to. It needs the right to list and read blobs, and no other.</summary>
public sealed class AzureAppendedBlobs : IAppendedBlobs
{
    private readonly AzureLocation _location;
    private readonly AzureClients _clients;
    private bool _letIn;

    /// <summary>Opens the container; nothing is asked before the first call.</summary>
    /// <param name="connection">A connection string, or null for the identity of this process.</param>
    /// <exception cref="PipelineException">78: no credential fits.</exception>
    public AzureAppendedBlobs(AzureLocation location, Secret? connection = null, TimeSpan? timeout = null)
    {
        _location = location;
        _clients = new AzureClients(location, connection, timeout ?? AzureBlobStore.DefaultTimeout);
    }

    public string Location => _location.ToString();

    public async IAsyncEnumerable<AppendedPage> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var pages = _clients.Retried.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, cancel).AsPages()
            .GetAsyncEnumerator(cancel);
        while (await AskAsync("list the blobs", async () => await pages.MoveNextAsync(), cancel))
        {
            yield return new AppendedPage([.. pages.Current.Values.Select(Of)], [], pages.Current.GetRawResponse().Headers.Date);
        }
    }

    public async IAsyncEnumerable<AppendedPage> ListLevelAsync(string prefix, [EnumeratorCancellation] CancellationToken cancel)
    {
        await using var pages = _clients.Retried.GetBlobsByHierarchyAsync(
            new GetBlobsByHierarchyOptions { Prefix = prefix, Delimiter = "/" }, cancel).AsPages().GetAsyncEnumerator(cancel);
        while (await AskAsync("list the blobs", async () => await pages.MoveNextAsync(), cancel))
        {
            var items = pages.Current.Values;
            yield return new AppendedPage([.. items.Where(i => i.IsBlob).Select(i => Of(i.Blob))],
                [.. items.Where(i => i.IsPrefix).Select(i => i.Prefix)], pages.Current.GetRawResponse().Headers.Date);
        }
    }

    public async Task<AppendedBlob?> FindAsync(string name, CancellationToken cancel) => await AskAsync("find a blob", async () =>
    {
        BlobProperties found = await _clients.Retried.GetBlobClient(name).GetPropertiesAsync(null, cancel);
        return new AppendedBlob(name, found.ContentLength, found.ETag.ToString(), found.LastModified);
    }, cancel);

    public async Task<bool> ReadAsync(AppendedBlob blob, long offset, Memory<byte> into, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + into.Length, blob.Length, nameof(into));
        if (into.IsEmpty)
        {
            return true;
        }
        return await AskAsync("read a blob", async () =>
        {
            try
            {
                var options = new BlobDownloadOptions { Range = new HttpRange(offset, into.Length),
                    Conditions = new BlobRequestConditions { IfMatch = new ETag(blob.Etag) } };
                using BlobDownloadStreamingResult read = await _clients.Retried.GetBlobClient(blob.Name)
                    .DownloadStreamingAsync(options, cancel);
                if (read.Details.ContentLength != into.Length)
                {
                    throw new IOException("the range is not what was asked for");
                }
                await read.Content.ReadExactlyAsync(into, cancel);
                return true;
            }
            catch (RequestFailedException e) when (e is { Status: (int)HttpStatusCode.PreconditionFailed }
                or { Status: (int)HttpStatusCode.RequestedRangeNotSatisfiable, ErrorCode: "InvalidRange" })
            {
                // It grew or was replaced since it was listed.
                return false;
            }
        }, cancel);
    }

    private static AppendedBlob Of(BlobItem item) =>
        new(item.Name, item.Properties.ContentLength ?? 0, item.Properties.ETag?.ToString() ?? "", item.Properties.LastModified ?? default);

    /// <summary>Asks; a blob's absence, by the service's own word, is the default value. Its writer chose its name: no message holds
    /// it.</summary>
    private async Task<T?> AskAsync<T>(string what, Func<Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            var answer = await ask();
            _letIn = true;
            return answer;
        }
        catch (RequestFailedException e) when (AzureFaults.IsAbsent(e))
        {
            _letIn = true;
            return default;
        }
        catch (RequestFailedException e) when (e.ErrorCode == "ContainerNotFound")
        {
            throw new StoreException(StoreFault.Outage,
                $"Cannot {what} in {Location}: there is no such container. Check its name; Azure makes it with the first log that it " +
                $"writes, so it is tried again.", e);
        }
        catch (Exception e) when (AzureFaults.IsOfRequest(e) && !(e is OperationCanceledException && cancel.IsCancellationRequested))
        {
            throw AzureFaults.Of(e, what, Location, _letIn);
        }
    }
}
