using System.IO.Compression;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Tests.Integration.Azure;

namespace Pipeline.Tests.Integration.Traps;

/// <summary>Traps of docs/traps.md that lie in blobs: what an object is to whoever looks at it past this program.</summary>
public sealed class AzureTrapTests(Azurite azurite)
{
    // Published by the emulator's makers: no secret.
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_gzip_comes_back_as_it_was_put_and_no_object_says_an_encoding()
    {
        var store = await azurite.NewStoreAsync(Cancel);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(new byte[100_000]);
        }
        var bytes = packed.ToArray();
        Assert.Equal(PutOutcome.Created, await store.PutIfAbsentAsync("logs/access.log.gz", bytes, Cancel));
        Assert.Equal(bytes, await store.ReadAsync("logs/access.log.gz", Cancel));
        Assert.Equal(bytes[5..25], await store.ReadRangeAsync("logs/access.log.gz", 5, 20, Cancel));
        Assert.Equal(PutOutcome.Same, await store.PutIfAbsentAsync("logs/access.log.gz", bytes, Cancel));
        BlobProperties said = await Blob(store, "logs/access.log.gz").GetPropertiesAsync(cancellationToken: Cancel);
        Assert.True(string.IsNullOrEmpty(said.ContentEncoding), said.ContentEncoding);
        Assert.Equal(bytes.Length, said.ContentLength);
    }

    [Fact]
    public async Task An_object_is_one_block_blob_without_blocks()
    {
        var store = await azurite.NewStoreAsync(Cancel);
        foreach (var (name, length) in new[] { ("small", 10), ("large", 9 << 20) })
        {
            await store.PutIfAbsentAsync(name, new byte[length], Cancel);
            BlobProperties said = await Blob(store, name).GetPropertiesAsync(cancellationToken: Cancel);
            Assert.Equal((BlobType.Block, (long)length), (said.BlobType, said.ContentLength));
            BlockList blocks = await Blob(store, name).GetBlockListAsync(BlockListTypes.All, cancellationToken: Cancel);
            Assert.Empty(blocks.CommittedBlocks);
            Assert.Empty(blocks.UncommittedBlocks);
        }
    }

    private static BlockBlobClient Blob(AzureBlobStore store, string name) =>
        new BlobContainerClient(new Uri(store.Location), new StorageSharedKeyCredential(Azurite.Account, Key)).GetBlockBlobClient(name);
}
