using Pipeline.Core.Records;
using Pipeline.Core.Store;

namespace Pipeline.Core.Captures;

/// <summary>A capture as it was read: its link, its header and its bytes.</summary>
public sealed record Capture(Link Link, CaptureHeader Header, ReadOnlyMemory<byte> Bytes)
{
    public string Origin => CaptureNames.Capture(Header.Shard, Link.Number);

    public ReadOnlyMemory<byte> Frame(FrameEntry frame) => CaptureFile.Block(Bytes, frame.Offset, frame.Length, Origin);

    public IReadOnlyList<RejectedLines> RejectedLines() =>
        Header.Rejections is { } range ? RejectionBlock.Decode(CaptureFile.Block(Bytes, range.Offset, range.Length, Origin).Span) : [];
}

/// <summary>
/// The capture store as its shards: reads captures and folds them. Nothing is returned that was not made under the installation's key.
/// </summary>
public sealed class CaptureStore(IObjectStore store, string storeId, CaptureKey key)
{
    private const int HeaderGuess = 16 << 10;

    public IObjectStore Store { get; } = store;

    public string StoreId { get; } = storeId;

    public CaptureKey Key { get; } = key;

    public string KeyId => Key.KeyId;

    public IAsyncEnumerable<string> ShardsAsync(CancellationToken cancel = default) =>
        Store.ListFoldersAsync(CaptureNames.CapturesFolder, cancel);

    /// <summary>The capture, or null where the name is free.</summary>
    /// <exception cref="CorruptException">The object is no capture, is damaged, or is of another shard or number.</exception>
    /// <exception cref="PipelineException">3: of another store. 78: written with another key.</exception>
    public async Task<Capture?> ReadAsync(string shard, long number, CancellationToken cancel = default)
    {
        var name = CaptureNames.Capture(shard, number);
        var bytes = await Store.ReadAsync(name, cancel);
        return bytes is null ? null : Decode(shard, number, bytes, name);
    }

    public Capture Decode(string shard, long number, byte[] bytes, string name)
    {
        var header = DecodeHeader(shard, number, bytes, name);
        // Half a capture can have a whole header; folded in, its hash would make a fork of the next one.
        if (CaptureFile.LengthOf(header, bytes, name) is var length && length != bytes.Length)
        {
            throw Damaged(name, $"it has {bytes.Length} bytes, its header says {length}: it was cut or is another");
        }
        return CaptureFile.HasBody(header, bytes, name) ? new Capture(new Link(number, Sha256.Of(bytes)), header, bytes)
            : throw Damaged(name, "its blocks are not those that its header was made with");
    }

    /// <summary>The header alone, by a read of the capture's beginning; null where the name is free.</summary>
    /// <exception cref="CorruptException">As <see cref="ReadAsync"/>, for what a header tells.</exception>
    public async Task<CaptureHeader?> HeaderAsync(string shard, long number, CancellationToken cancel = default)
    {
        var name = CaptureNames.Capture(shard, number);
        var bytes = await Store.ReadRangeAsync(name, 0, HeaderGuess, cancel);
        try
        {
            if (bytes is not null && CaptureFile.HeaderLength(bytes, name) is var length && length > bytes.Length)
            {
                bytes = await Store.ReadRangeAsync(name, 0, length, cancel);
            }
        }
        catch (Exception e) when (e is InvalidDataException or ConfigurationException)
        {
            // What is wrong with it is told below.
        }
        return bytes is null ? null : DecodeHeader(shard, number, bytes, name);
    }

    /// <summary>The header of a capture, from its bytes or the beginning of them.</summary>
    /// <exception cref="CorruptException">As <see cref="ReadAsync"/>.</exception>
    public CaptureHeader DecodeHeader(string shard, long number, ReadOnlySpan<byte> bytes, string name)
    {
        CaptureHeader header;
        try
        {
            header = CaptureFile.DecodeHeader(bytes, name);
        }
        catch (InvalidDataException e)
        {
            throw new CorruptException(name, "it is no capture, or its header is damaged", $"{Store.Location}: {e.Message}", e);
        }
        catch (ConfigurationException) when (CaptureFile.WasAuthentic(bytes, Key))
        {
            throw Damaged(name, "it says a later version, and is of this one");
        }
        if (header.KeyId != KeyId && CaptureFile.WasAuthentic(bytes, Key))
        {
            throw Damaged(name, "it says another key, and was made with this one");
        }
        if (header.Version > 1 && header.KeyId == KeyId && !CaptureFile.IsAuthentic(bytes, Key))
        {
            throw Damaged(name, "its code is not that of its header under this installation's key");
        }
        CheckOwner(header.Store, header.KeyId, $"{Store.Location}: {name}");
        if (header.Shard != shard || header.Number != number)
        {
            throw Moved(name, $"capture {header.Number} of shard {header.Shard}");
        }
        return header;
    }

    /// <summary>The number of the newest snapshot, or null (rule 3: found by a list).</summary>
    public async Task<long?> NewestSnapshotAsync(string shard, CancellationToken cancel = default)
    {
        long? newest = null;
        await foreach (var found in Store.ListAsync(CaptureNames.Snapshots(shard), null, cancel))
        {
            newest = CaptureNames.NumberOf(found.Name) ?? newest;
        }
        return newest;
    }

    public ShardState Empty(string shard) => new() { Store = StoreId, Shard = shard, KeyId = KeyId };

    /// <summary>The state that the newest snapshot holds, or the empty one.</summary>
    /// <exception cref="DifferenceException">The newest snapshot is damaged.</exception>
    public async Task<ShardState> SnapshotAsync(string shard, CancellationToken cancel = default) =>
        await NewestSnapshotAsync(shard, cancel) is { } newest ? await ReadListedAsync(shard, newest, cancel) : Empty(shard);

    /// <summary>
    /// The state that the newest snapshot holds, or the empty one. A damaged snapshot is passed over for the one before it where every
    /// capture from there up to the damaged one stands, because these fold to the same state.
    /// </summary>
    /// <param name="passedOver">Hears of each damaged snapshot that was passed over.</param>
    /// <exception cref="DifferenceException">A snapshot is damaged, and a capture since the one before it is absent.</exception>
    public async Task<ShardState> SoundSnapshotAsync(
        string shard, Action<DifferenceException>? passedOver, CancellationToken cancel = default)
    {
        if (await NewestSnapshotAsync(shard, cancel) is not { } newest)
        {
            return Empty(shard);
        }
        try
        {
            return await ReadListedAsync(shard, newest, cancel);
        }
        catch (DifferenceException damage)
        {
            var state = await SnapshotBeforeAsync(shard, newest, passedOver, cancel);
            for (var number = state.Next; number <= newest; number++)
            {
                if (await Store.FindAsync(CaptureNames.Capture(shard, number), cancel) is null)
                {
                    throw new CorruptException(CaptureNames.Snapshot(shard, newest), $"it is damaged, and capture {number} is absent",
                        $"{damage.Message} The shard cannot be folded from the snapshot before it: capture {number} is absent.", damage);
                }
            }
            passedOver?.Invoke(damage);
            return state;
        }
    }

    private async Task<ShardState> SnapshotBeforeAsync(
        string shard, long number, Action<DifferenceException>? passedOver, CancellationToken cancel)
    {
        var older = new Stack<long>();
        await foreach (var found in Store.ListAsync(CaptureNames.Snapshots(shard), null, cancel))
        {
            if (CaptureNames.NumberOf(found.Name) is { } n && n < number)
            {
                older.Push(n);
            }
        }
        while (older.TryPop(out var before))
        {
            try
            {
                return await ReadListedAsync(shard, before, cancel);
            }
            catch (DifferenceException damage)
            {
                passedOver?.Invoke(damage);
            }
        }
        return Empty(shard);
    }

    private async Task<ShardState> ReadListedAsync(string shard, long number, CancellationToken cancel) =>
        await ReadSnapshotAsync(shard, number, cancel)
        ?? throw new CorruptException(CaptureNames.Snapshot(shard, number), "it is gone",
            $"{Store.Location}: snapshot {number} of shard {shard} was listed and is gone. Restore the store.");

    public async Task<ShardState?> ReadSnapshotAsync(string shard, long number, CancellationToken cancel = default)
    {
        var name = CaptureNames.Snapshot(shard, number);
        if (await Store.ReadAsync(name, cancel) is not { } bytes)
        {
            return null;
        }
        ShardState state;
        try
        {
            state = SnapshotFile.Decode(bytes, name, Key);
        }
        catch (InvalidDataException e)
        {
            throw new CorruptException(name, "it is no snapshot, or is damaged", $"{Store.Location}: {e.Message}", e);
        }
        CheckOwner(state.Store, state.KeyId, $"{Store.Location}: {name}");
        if (state.Shard != shard || state.Head?.Number != number)
        {
            throw Moved(name, $"the state of shard {state.Shard} at {state.Head?.Number}");
        }
        return state;
    }

    /// <summary>The newest snapshot and what follows it, found by probing (rule 3). Throws a fork as exit 3.</summary>
    public async Task<ShardState> FoldAsync(string shard, CancellationToken cancel = default)
    {
        var state = await SoundSnapshotAsync(shard, null, cancel);
        while (await ReadAsync(shard, state.Next, cancel) is { } capture)
        {
            if (state.Apply(capture.Header, capture.Link) is { } fork)
            {
                throw fork.ToException();
            }
        }
        return state;
    }

    private CorruptException Moved(string name, string found) =>
        new(name, $"it is {found}", $"{Store.Location}: {name} says that it is {found}. The object was moved; restore the store.");

    private CorruptException Damaged(string name, string why) =>
        new(name, why, $"{Store.Location}: {name} is damaged: {why}. Restore it from a copy (docs/runbooks/disaster.md).");

    private void CheckOwner(string storeId, string keyId, string origin)
    {
        if (storeId != StoreId)
        {
            throw new DifferenceException(
                $"{origin} is of capture store {storeId}, this store is {StoreId}. It was copied here from another store; remove it and " +
                $"restore what it replaced.");
        }
        if (keyId != KeyId)
        {
            throw new ConfigurationException(
                $"{origin} was written with key {keyId}, this installation has key {KeyId}. Put the right key file in place.");
        }
    }
}
