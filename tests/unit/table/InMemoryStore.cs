using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Tests.Unit.Table;

/// <summary>The smallest store that keeps the seam's promises, in memory. Names are public so that tests can take entries away, as a restore from a backup does.</summary>
internal sealed class InMemoryStore : IObjectStore
{
    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    public string Location => "memory";

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        if (Objects.TryGetValue(name, out var found))
        {
            return Task.FromResult(bytes.Span.SequenceEqual(found) ? PutOutcome.Same : PutOutcome.Other);
        }
        Objects[name] = bytes.ToArray();
        return Task.FromResult(PutOutcome.Created);
    }

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default) => Task.FromResult(Objects.GetValueOrDefault(name));

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default) =>
        Task.FromResult(Objects.TryGetValue(name, out var bytes)
            ? bytes.AsSpan((int)Math.Min(offset, bytes.Length), (int)Math.Min(length, Math.Max(0, bytes.Length - offset))).ToArray()
            : null);

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default) =>
        Task.FromResult(Objects.TryGetValue(name, out var bytes) ? new ObjectInfo(name, bytes.Length, DateTimeOffset.UnixEpoch) : null);

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await Task.CompletedTask;
        foreach (var (name, bytes) in Objects.ToList())
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(name, after) > 0))
            {
                yield return new(name, bytes.Length, DateTimeOffset.UnixEpoch);
            }
        }
    }

    public async IAsyncEnumerable<string> ListFoldersAsync(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await Task.CompletedTask;
        foreach (var part in Objects.Keys.Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Select(name => name[folder.Length..]).Where(rest => rest.Contains('/')).Select(rest => rest[..rest.IndexOf('/')]).Distinct().ToList())
        {
            yield return part;
        }
    }

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        Objects[name] = bytes.ToArray();
        return Task.CompletedTask;
    }

    public Task DeleteAsync(string name, CancellationToken cancel = default)
    {
        Objects.Remove(name);
        return Task.CompletedTask;
    }
}
