namespace Pipeline.Core.Store;

/// <summary>How a put-if-absent ended (docs/protocol.md, Put if absent).</summary>
public enum PutOutcome
{
    /// <summary>The name was free and now holds our bytes, durably.</summary>
    Created,
    /// <summary>The name already held exactly our bytes.</summary>
    Same,
    /// <summary>The name holds other bytes. Nothing was changed.</summary>
    Other,
}

/// <summary>An object's name, its length in bytes, and the instant at which the store, by its own clock, made it.</summary>
public sealed record ObjectInfo(string Name, long Length, DateTimeOffset Created);

/// <summary>
/// A place that keeps immutable objects under names. Names are '/'-separated, relative, made of [A-Za-z0-9._=-] parts;
/// lists are in ordinal order of the whole name. Every method throws <see cref="StoreException"/> when the store cannot answer.
/// </summary>
public interface IObjectStore
{
    /// <summary>Where this store is, for messages: a path or an account and container. Holds no secret.</summary>
    string Location { get; }

    /// <summary>
    /// Puts <paramref name="bytes"/> under <paramref name="name"/> unless the name is taken. When it returns, the bytes that the
    /// name holds are on stable storage, whoever wrote them. A <see cref="StoreException"/> says nothing about whether the object is there:
    /// put the same bytes again (<see cref="Puts.UntilKnownAsync"/>).
    /// </summary>
    Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default);

    /// <summary>The whole object, or null where the name is free.</summary>
    Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default);

    /// <summary>At most <paramref name="length"/> bytes from <paramref name="offset"/>: fewer only at the end; null where the name is
    /// free.</summary>
    Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default);

    /// <summary>What the store knows of the object, or null where the name is free.</summary>
    Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default);

    /// <summary>Objects whose name begins with <paramref name="prefix"/> and, where <paramref name="after"/> is given, is ordinally greater
    /// than it.</summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null, CancellationToken cancel = default);

    /// <summary>The distinct next parts of names below <paramref name="folder"/> (which ends with '/' or is empty): "captures/" gives the
    /// shards. Ordinal order.</summary>
    IAsyncEnumerable<string> ListFoldersAsync(string folder, CancellationToken cancel = default);

    /// <summary>Replaces the object, best effort. Only `_last_checkpoint` is ever overwritten (rule 25).</summary>
    Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default);

    /// <summary>Deletes the object if it is there.</summary>
    Task DeleteAsync(string name, CancellationToken cancel = default);
}
