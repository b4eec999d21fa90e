namespace Pipeline.Core.Store.Azure;

/// <summary>A blob of a foreign container, as a list or a look shows it. The etag changes with every append.</summary>
public sealed record AppendedBlob(string Name, long Length, string Etag, DateTimeOffset Modified);

/// <summary>One answer of a list: blobs, the folders below (where it was asked by folder), and the instant by the container's own clock;
/// null where the answer does not tell it.</summary>
public sealed record AppendedPage(IReadOnlyList<AppendedBlob> Blobs, IReadOnlyList<string> Folders, DateTimeOffset? Clock);

/// <summary>
/// A container that others append to, and of which this program only reads: no lease is taken, nothing is written, names are whatever their
/// writer chose.
/// Every method throws <see cref="StoreException"/> when the container cannot answer. Safe for concurrent use.
/// </summary>
public interface IAppendedBlobs
{
    /// <summary>The container, for messages. Holds no secret.</summary>
    string Location { get; }

    /// <summary>All blobs whose name begins with <paramref name="prefix"/>, in ordinal order, a page an answer.</summary>
    IAsyncEnumerable<AppendedPage> ListAsync(string prefix, CancellationToken cancel);

    /// <summary>The same, where names that have a '/' after <paramref name="prefix"/> are given as the folder up to it.</summary>
    IAsyncEnumerable<AppendedPage> ListLevelAsync(string prefix, CancellationToken cancel);

    /// <summary>The blob as it is now, or null where there is none.</summary>
    Task<AppendedBlob?> FindAsync(string name, CancellationToken cancel);

    /// <summary>Fills <paramref name="into"/> from <paramref name="offset"/> on; it must lie within the blob's length. False where the blob
    /// is no longer as <paramref name="blob"/> says: it grew, was replaced or is gone.</summary>
    Task<bool> ReadAsync(AppendedBlob blob, long offset, Memory<byte> into, CancellationToken cancel);
}
