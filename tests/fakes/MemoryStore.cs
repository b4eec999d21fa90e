using System.Runtime.CompilerServices;
using Pipeline.Core.Store;

namespace Pipeline.Tests.Fakes;

/// <summary>The reference implementation of the seam: what every store must be seen to do, in memory. Created instants come from the given
/// clock.</summary>
public sealed class MemoryStore(TimeProvider? time = null, string location = "memory") : IObjectStore
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _objects = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    public string Location => location;

    /// <summary>How many objects there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _names.Count;
            }
        }
    }

    /// <summary>An object's bytes, in a test's own hand: as a foreign engine, a restore or an accident changes a store, beside every
    /// promise of the seam.</summary>
    public byte[] this[string name]
    {
        get => Find(name) ?? throw new KeyNotFoundException($"there is no {name} in {location}");
        set
        {
            lock (_lock)
            {
                Set(name, value);
            }
        }
    }

    public bool Holds(string name) => Find(name) is not null;

    public void Remove(string name)
    {
        lock (_lock)
        {
            Unset(name);
        }
    }

    public Task<PutOutcome> PutIfAbsentAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        return Answer(() =>
        {
            if (_objects.TryGetValue(name, out var there))
            {
                return there.Bytes.AsSpan().SequenceEqual(bytes.Span) ? PutOutcome.Same : PutOutcome.Other;
            }
            Set(name, bytes);
            return PutOutcome.Created;
        }, cancel);
    }

    public Task<byte[]?> ReadAsync(string name, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        return Answer(() => _objects.TryGetValue(name, out var there) ? there.Bytes.ToArray() : null, cancel);
    }

    public Task<byte[]?> ReadRangeAsync(string name, long offset, int length, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return Answer(() => _objects.TryGetValue(name, out var there)
            ? there.Bytes.AsSpan((int)Math.Min(offset, there.Bytes.Length)) is var rest ? rest[..Math.Min(length, rest.Length)].ToArray()
                : null
            : null, cancel);
    }

    public Task<ObjectInfo?> FindAsync(string name, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        return Answer(() => _objects.TryGetValue(name, out var there) ? new ObjectInfo(name, there.Bytes.Length, there.Created)
            : null, cancel);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, string? after = null,
        [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ObjectName.CheckPrefix(prefix);
        while ((await Answer(() => Next(prefix, after), cancel)) is { } next)
        {
            yield return next;
            after = next.Name;
        }
    }

    public async IAsyncEnumerable<string> ListFoldersAsync(string folder, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        ObjectName.CheckFolder(folder);
        var parts = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var found in ListAsync(folder, null, cancel))
        {
            if (found.Name.IndexOf('/', folder.Length) is > 0 and var end)
            {
                parts.Add(found.Name[folder.Length..end]);
            }
        }
        foreach (var part in parts)
        {
            yield return part;
        }
    }

    public Task OverwriteAsync(string name, ReadOnlyMemory<byte> bytes, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        return Answer(() => { Set(name, bytes); return true; }, cancel);
    }

    public Task DeleteAsync(string name, CancellationToken cancel = default)
    {
        ObjectName.Check(name);
        return Answer(() =>
        {
            Unset(name);
            return true;
        }, cancel);
    }

    /// <summary>All that the store holds now, for <see cref="Restore"/>.</summary>
    public MemorySnapshot Snapshot()
    {
        lock (_lock)
        {
            return new MemorySnapshot(new Dictionary<string, Entry>(_objects, StringComparer.Ordinal));
        }
    }

    /// <summary>The store as it was: rolled back, as from a backup.</summary>
    public void Restore(MemorySnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        lock (_lock)
        {
            _objects.Clear();
            _names.Clear();
            foreach (var (name, entry) in snapshot.Objects)
            {
                _objects[name] = entry;
                _names.Add(name);
            }
            _names.Sort(StringComparer.Ordinal);
        }
    }

    private ObjectInfo? Next(string prefix, string? after)
    {
        var from = string.CompareOrdinal(after, prefix) >= 0 ? after! : prefix;
        var at = _names.BinarySearch(from, StringComparer.Ordinal);
        at = at < 0 ? ~at : from == after ? at + 1 : at;
        return at < _names.Count && _names[at].StartsWith(prefix, StringComparison.Ordinal) && _objects[_names[at]] is var found
            ? new ObjectInfo(_names[at], found.Bytes.Length, found.Created)
            : null;
    }

    private void Set(string name, ReadOnlyMemory<byte> bytes)
    {
        if (!_objects.ContainsKey(name))
        {
            _names.Insert(~_names.BinarySearch(name, StringComparer.Ordinal), name);
        }
        _objects[name] = new Entry(bytes.ToArray(), _time.GetUtcNow());
    }

    private void Unset(string name)
    {
        if (_objects.Remove(name))
        {
            _names.RemoveAt(_names.BinarySearch(name, StringComparer.Ordinal));
        }
    }

    private byte[]? Find(string name)
    {
        lock (_lock)
        {
            return _objects.GetValueOrDefault(name)?.Bytes;
        }
    }

    private Task<T> Answer<T>(Func<T> answer, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult(answer());
        }
    }

    internal sealed record Entry(byte[] Bytes, DateTimeOffset Created);
}

/// <summary>What a <see cref="MemoryStore"/> held at one moment.</summary>
public sealed class MemorySnapshot
{
    internal MemorySnapshot(Dictionary<string, MemoryStore.Entry> objects) => Objects = objects;

    internal Dictionary<string, MemoryStore.Entry> Objects { get; }
}
