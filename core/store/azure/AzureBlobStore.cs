using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Pipeline.Core.Store.Azure;

/// <summary>
/// A store in a container of an Azure Blob account (a flat namespace): an object's name is its blob's.
/// A put is one Put Blob with If-None-Match: * and the MD5 of its bytes, which the service checks; never staged blocks, because blocks of
/// two writers mix (docs/protocol.md).
/// It is sent once. Where the answer was lost, what the name holds is read and compared; where nothing is there it may still come, so that
/// is told as an outage, and the same bytes are put again.
/// Safe for concurrent use.
/// </summary>
public sealed class AzureBlobStore : IObjectStore
{
    /// <summary>The largest object, in bytes: what one request is given time for.</summary>
    public const int Largest = 256 << 20;

    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    private const int TriesAgainstTheGone = 3;

    private static readonly BlobUploadOptions PutOptions = Upload(new BlobRequestConditions { IfNoneMatch = ETag.All });
    private static readonly BlobUploadOptions OverwriteOptions = Upload(null);

    private readonly AzureLocation _location;
    private readonly AzureClients _clients;
    private bool _readBefore, _wroteBefore;

    /// <summary>Opens the container; nothing is asked before the first call.</summary>
    /// <param name="connection">A connection string, or null for the identity of this process.</param>
    /// <param name="timeout">What a request may take, beside a second for each MB that it sends.</param>
    /// <exception cref="PipelineException">78: no credential fits.</exception>
    public AzureBlobStore(AzureLocation location, Secret? connection = null, TimeSpan? timeout = null)
    {
        _location = location;
        _clients = new AzureClients(location, connection, timeout ?? DefaultTimeout);
    }

    public string Location => _location.ToString();

    /// <summary>Makes the container, without access for the public, or finds that it is there.</summary>
    public Task CreateContainerAsync(CancellationToken cancel = default) =>
        AskAsync("make the container of", _location.Name, writes: true, async () =>
    {
        await _clients.Retried.CreateIfNotExistsAsync(PublicAccessType.None, null, null, cancel);
        return true;
    }, cancel);

    /// <summary>What the account says of itself ("StorageV2, StandardRagrs"), or null where it does not tell or may not be asked.</summary>
    public async Task<string?> AccountAsync(CancellationToken cancel = default)
    {
        try
        {
            AccountInfo info = await _clients.Once.GetParentBlobServiceClient().GetAccountInfoAsync(cancel);
            return $"{info.AccountKind}, {info.SkuName}" + (info.IsHierarchicalNamespaceEnabled
                ? ", with a hierarchical namespace: its folders are seen as objects; use an account without" : "");
        }
        catch (Exception e) when (AzureFaults.IsOfRequest(e) && !cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    public async Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        CheckLength(name, bytes.Length);
        for (var tries = 1; ; tries++)
        {
            try
            {
                await _clients.Once.GetBlockBlobClient(name).UploadAsync(BinaryData.FromBytes(bytes).ToStream(), PutOptions, cancel);
                _wroteBefore = true;
                return PutOutcome.Created;
            }
            catch (Exception e) when (IsFault(e, cancel))
            {
                // 409 and 412: taken, also by an earlier try of ours that was thought lost. No answer, or a failure: it may be there, or
                // come yet.
                if (e is RequestFailedException { Status: > 0 } answer && !AzureFaults.MayBeTaken(answer)
                    && (answer.Status < 500 || AzureFaults.IsBusy(answer)))
                {
                    throw Fault(e, "put", name, writes: true);
                }
                if (await CompareAsync(name, bytes, cancel) is { } known)
                {
                    // Who is told that a name is taken was let in.
                    _wroteBefore |= e is RequestFailedException said && AzureFaults.MayBeTaken(said);
                    return known;
                }
                if (e is not RequestFailedException taken || !AzureFaults.MayBeTaken(taken) || tries == TriesAgainstTheGone)
                {
                    throw Fault(e, "put", name, writes: true);
                }
            }
        }
    }

    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        return await AskAsync("read", name, writes: false, async () =>
        {
            BlobDownloadResult read = await _clients.Retried.GetBlobClient(name).DownloadContentAsync(cancel);
            var bytes = Bytes(read);
            if (bytes.Length != read.Details.ContentLength || (read.Details.ContentHash is { Length: > 0 } md5
                && !md5.AsSpan().SequenceEqual(Md5(bytes))))
            {
                throw new IOException("the body is not what its head says");
            }
            return bytes;
        }, cancel);
    }

    public async Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length == 0)
        {
            return await FindAsync(name, cancel) is null ? null : [];
        }
        return await AskAsync("read", name, writes: false, async () =>
        {
            try
            {
                BlobDownloadResult read = await _clients.Retried.GetBlobClient(name)
                    .DownloadContentAsync(new BlobDownloadOptions { Range = new HttpRange(offset, length) }, cancel);
                var bytes = Bytes(read);
                var whole = TotalLength(read.Details.ContentRange);
                if (bytes.Length != read.Details.ContentLength || bytes.Length > length
                    || (whole is { } total && bytes.Length != Math.Min(length, Math.Max(0, total - offset))))
                {
                    throw new IOException("the range is not what its head says");
                }
                return bytes;
            }
            catch (RequestFailedException e) when (e is { Status: 416, ErrorCode: "InvalidRange" })
            {
                // From the end on there is nothing.
                return [];
            }
        }, cancel);
    }

    public async Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        return await AskAsync("find", name, writes: false, async () =>
        {
            BlobProperties found = await _clients.Retried.GetBlobClient(name).GetPropertiesAsync(null, cancel);
            return new ObjectInfo(name, found.ContentLength, found.CreatedOn);
        }, cancel);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ObjectName.CheckPrefix(prefix);
        var options = new GetBlobsOptions { Prefix = prefix };
        if (after is not null && string.CompareOrdinal(after, prefix) > 0)
        {
            // Inclusive, and below only saves pages; what it lets through is left out.
            options.StartFrom = after;
        }
        await foreach (var page in PagesAsync("list", prefix, _clients.Retried.GetBlobsAsync(options, cancel), cancel))
        {
            foreach (var blob in page.Values)
            {
                if (ObjectName.IsValid(blob.Name) && blob.Name.StartsWith(prefix, StringComparison.Ordinal)
                    && (after is null || string.CompareOrdinal(blob.Name, after) > 0))
                {
                    yield return new ObjectInfo(blob.Name, blob.Properties.ContentLength ?? 0, blob.Properties.CreatedOn ?? default);
                }
            }
        }
    }

    public async IAsyncEnumerable<string> ListFoldersAsync(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ObjectName.CheckFolder(folder);
        var parts = new List<string>();
        await foreach (var page in PagesAsync("list", folder, _clients.Retried.GetBlobsByHierarchyAsync(
            new GetBlobsByHierarchyOptions { Prefix = folder, Delimiter = "/" }, cancel), cancel))
        {
            parts.AddRange(page.Values.Where(item => item.IsPrefix).Select(item => item.Prefix[folder.Length..^1])
                .Where(part => ObjectName.IsPart(part)));
        }
        // The service has "a-/" before "a/"; as parts "a" comes first.
        parts.Sort(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            yield return part;
        }
    }

    public async Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        CheckLength(name, bytes.Length);
        await AskAsync("overwrite", name, writes: true, async () =>
        {
            await _clients.Retried.GetBlockBlobClient(name).UploadAsync(BinaryData.FromBytes(bytes).ToStream(), OverwriteOptions, cancel);
            return true;
        }, cancel);
    }

    public async Task DeleteAsync(string name, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        await AskAsync("delete", name, writes: true, async () =>
        {
            await _clients.Retried.GetBlobClient(name).DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, null, cancel);
            return new object();
        }, cancel);
    }

    /// <summary>Same or Other where the name is taken, null where it is free. Its own faults are those of the put that it
    /// resolves.</summary>
    private async Task<PutOutcome?> CompareAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel) =>
        await ReadAsync(name, cancel) is not { } there ? null : there.AsSpan().SequenceEqual(bytes.Span) ? PutOutcome.Same
            : PutOutcome.Other;

    /// <summary>Asks; absence, by the service's own word, is the default value.</summary>
    private async Task<T?> AskAsync<T>(string verb, string name, bool writes, Func<Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            var answer = await ask();
            LetIn(writes);
            return answer;
        }
        catch (RequestFailedException e) when (AzureFaults.IsAbsent(e))
        {
            LetIn(writes);
            return default;
        }
        catch (Exception e) when (IsFault(e, cancel))
        {
            throw Fault(e, verb, name, writes);
        }
    }

    private async IAsyncEnumerable<Page<T>> PagesAsync<T>(string verb, string name, AsyncPageable<T> list,
        [EnumeratorCancellation] CancellationToken cancel) where T : notnull
    {
        await using var pages = list.AsPages().GetAsyncEnumerator(cancel);
        while (await AskAsync(verb, name, writes: false, async () => await pages.MoveNextAsync(), cancel))
        {
            yield return pages.Current;
        }
    }

    private void LetIn(bool writes)
    {
        if (writes)
        {
            _wroteBefore = true;
        }
        else
        {
            _readBefore = true;
        }
    }

    // Who may read may still not write: each is known by itself.
    private StoreException Fault(Exception e, string verb, string name, bool writes) =>
        AzureFaults.Of(e, $"{verb} '{name}'", Location, writes ? _wroteBefore : _readBefore);

    private static bool IsFault(Exception e, CancellationToken cancel) => AzureFaults.IsOfRequest(e)
        && !(e is OperationCanceledException && cancel.IsCancellationRequested);

    private static void CheckLength(string name, int length)
    {
        if (length > Largest)
        {
            throw new ArgumentException($"'{name}' would have {length} bytes, and an object has at most {Largest}.", nameof(length));
        }
    }

    private static BlobUploadOptions Upload(BlobRequestConditions? conditions) => new()
    {
        Conditions = conditions,
        // All in the first request: the library cuts larger bodies into blocks.
        TransferOptions = new StorageTransferOptions { InitialTransferSize = Largest, MaximumTransferSize = Largest,
            MaximumConcurrency = 1 },
        TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
    };

    /// <summary>The body, without a copy where the library's own array is exactly it.</summary>
    private static byte[] Bytes(BlobDownloadResult read)
    {
        var content = read.Content.ToMemory();
        return MemoryMarshal.TryGetArray(content, out var own) && own is { Offset: 0, Array: { } array } && array.Length == own.Count
            ? array : content.ToArray();
    }

    private static long? TotalLength(string? contentRange) =>
        contentRange?.Split('/') is [_, var total] && long.TryParse(total, System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture, out var n) ? n : null;

    // The service's own check of what was carried; nothing is secured by it.
#pragma warning disable CA5351
    private static byte[] Md5(byte[] bytes) => MD5.HashData(bytes);
#pragma warning restore CA5351
}
