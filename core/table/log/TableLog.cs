using System.Runtime.CompilerServices;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Store;

namespace Pipeline.Core.Table.Log;

/// <summary>
/// A table's log: entries numbered from 0 without a gap, each immutable. Every way of reading checks the chain: an entry of ours names the
/// sha256 of the one below (rule 21),
/// and a break is a <see cref="PipelineException"/> with exit 3 that names the table and the version.
/// <paramref name="captureStore"/> and <paramref name="kid"/> are the ids that this installation's table must carry (rules 9 and 28).
/// </summary>
public sealed class TableLog(IObjectStore store, Contract contract, string captureStore, string keyId, TimeProvider time)
{
    public IObjectStore Store => store;

    public Contract Contract => contract;

    public string CaptureStore => captureStore;

    public string KeyId => keyId;

    /// <summary>How messages name the table.</summary>
    public string Where => $"table {contract.Dataset} in {store.Location}";

    /// <summary>Makes the ids of what is written to the table: segments, entries, receipts. Random; a simulation gives a seeded
    /// one, so that a seed repeats a schedule exactly.</summary>
    public Func<Guid> NewId { get; init; } = Guid.NewGuid;

    /// <summary>The clock by which waits for the store are timed.</summary>
    public TimeProvider Time => time;

    internal CheckpointSearch Checkpoints => new(store, contract.Dataset, Where);

    /// <summary>The state at the log's end, or null where there is no table. Starts from the newest checkpoint that can be read. Refuses
    /// what <see cref="TableGuard"/> refuses.</summary>
    public async Task<TableState?> OpenAsync(CancellationToken cancel = default)
    {
        if ((await Checkpoints.NewestAsync(cancel) ?? await FromEntry0Async(cancel)) is not { } start)
        {
            return null;
        }
        var state = (await ReplayAsync(start, checkAlways: true, cancel)).State;
        await Checkpoints.CheckNoneAboveAsync(state.Version, cancel);
        return state;
    }

    /// <summary>Opens the table, or makes it: whoever loses the race for entry 0 takes the winner's. It is registered as made.</summary>
    /// <exception cref="DifferenceException">It was made before and is gone: it is not made anew behind its owner's back.</exception>
    public async Task<TableState> OpenOrCreateAsync(CancellationToken cancel = default)
    {
        var state = await OpenAsync(cancel);
        if (state is null && await TableRegistry.FindAsync(store, contract.Dataset, cancel) is not null)
        {
            // Another process may have made it between the two looks.
            state = await OpenAsync(cancel) ?? throw TableRegistry.Gone(Where, contract.Dataset);
        }
        state ??= await CreateAsync(cancel);
        await TableRegistry.PutAsync(this, state, cancel);
        return state;
    }

    private async Task<TableState> CreateAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var id = NewId().ToString("D");
        var metadata = TableSchema.Metadata(id, contract, captureStore, keyId, now.ToUnixTimeMilliseconds());
        var bytes = EntryWriter.Create(metadata, NewOrigin());
        await Puts.UntilKnownAsync(store, TableNames.Entry(contract.Dataset, 0), bytes, time, null, cancel);
        return await OpenAsync(cancel) ?? throw Restored(0, "it was written and is gone");
    }

    /// <summary>
    /// The state at the log's end, read on from <paramref name="state"/>. Where nothing is new, the entry that the state stands on is read
    /// again: a table that was
    /// restored under an idle reader is found here (exit 3).
    /// </summary>
    public async Task<TableState> ReadToEndAsync(TableState state, CancellationToken cancel = default) =>
        (await ReplayAsync(state, checkAlways: false, cancel)).State;

    /// <summary>Every entry from 0 on, in order, ours and foreign, with the chain checked: what `verify` reads. Empty where there is no
    /// table.</summary>
    public async IAsyncEnumerable<TableCommit> ReadAllAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        Sha256? below = null;
        await using var entries = new EntriesAhead(this);
        for (var version = 0L; await entries.ReadAsync(version, cancel) is { } entry; version++)
        {
            CheckLink(entry, below);
            below = entry.Hash;
            yield return entry;
        }
    }

    /// <summary>The entry, or null where the log ends below it.</summary>
    public async Task<TableCommit?> ReadEntryAsync(long version, CancellationToken cancel = default) =>
        await store.ReadAsync(TableNames.Entry(contract.Dataset, version), cancel) is { } bytes
            ? EntryReader.Read(Where, TableNames.Entry(contract.Dataset, version), version, bytes) : null;

    /// <summary>The state at <paramref name="version"/>, from the newest checkpoint at or below it; null where the log ends below, or an
    /// entry on the way is gone. What stands under the properties is not judged.</summary>
    public async Task<TableState?> OpenAtAsync(long version, CancellationToken cancel = default)
    {
        var state = await Checkpoints.AtOrBelowAsync(version, cancel) ?? TableState.Empty;
        while (state.Version < version && await ReadEntryAsync(state.Version + 1, cancel) is { } entry)
        {
            CheckLink(entry, state.Version < 0 ? null : state.EntryHash);
            state = state.Next(entry);
        }
        return state.Version == version ? state : null;
    }

    /// <summary>The entries above <paramref name="state"/> and the state that they lead to.</summary>
    internal async Task<(TableState State, IReadOnlyList<TableCommit> Between)> ReplayAsync(TableState state, bool checkAlways,
        CancellationToken cancel)
    {
        var between = new List<TableCommit>();
        TableCommit? changed = null;
        var from = state;
        while (await ReadEntryAsync(state.Version + 1, cancel) is { } entry)
        {
            if (entry.Foreign)
            {
                TableGuard.CheckForeign(Where, entry);
            }
            if (entry.Metadata is not null || entry.Protocol is not null)
            {
                changed = entry;
            }
            CheckLink(entry, state.EntryHash);
            state = state.Next(entry);
            between.Add(entry);
        }
        if (between.Count == 0 || between[0].Foreign)
        {
            // An entry of ours has just proved what lies below it; nothing else does.
            await CheckStandsAsync(from, cancel);
        }
        if (changed is not null || checkAlways)
        {
            TableGuard.Check(Where, contract, captureStore, keyId, state.Protocol, state.Metadata, changed is { Foreign: true } ? changed
                : null);
        }
        return (state, between);
    }

    /// <summary>Reads the state's own entry again: other or absent means that the table was restored (rule 21).</summary>
    internal async Task CheckStandsAsync(TableState state, CancellationToken cancel)
    {
        var bytes = await store.ReadAsync(TableNames.Entry(contract.Dataset, state.Version), cancel);
        if (bytes is null || Sha256.Of(bytes) != state.EntryHash)
        {
            throw Restored(state.Version, bytes is null ? "it is gone" : "it holds other bytes");
        }
    }

    internal EntryOrigin NewOrigin() =>
        new(NewId().ToString("N"), captureStore, keyId, contract.Sha256, time.GetUtcNow());

    internal DifferenceException Restored(long version, string found) =>
        new($"{Where}: entry {version} of the log is not the one that was read before: {found}. Expected entries never to change: the " +
        $"table was restored or its log was edited while this process used it. "
        + "Stop every shipper of this table, make sure that the log is whole, then start again: what the log lacks is shipped anew from " +
            "the captures.");

    private void CheckLink(TableCommit entry, Sha256? below)
    {
        if (!entry.Foreign && entry.Below != below)
        {
            throw new DifferenceException(
                $"{Where}: entry {entry.Version} of the log names {Short(entry.Below)} as the entry below, found {Short(below)}. "
                + "Expected each entry to name the sha256 of the one below: an entry was replaced, or the table was restored under a " +
                    "running shipper. Stop every shipper and restore the log from one copy, whole.");
        }
        if (!entry.Foreign && (entry.Store != captureStore || entry.KeyId != keyId))
        {
            throw new ConfigurationException(
                $"{Where}: entry {entry.Version} is of capture store '{entry.Store}' and key '{entry.KeyId}', expected '{captureStore}' " +
                $"and '{keyId}'. Point the configuration at the store and the key that made this table.");
        }
    }

    private static string Short(Sha256? hash) => hash is { } value ? value.ToString()[..12] : "none";

    private async Task<TableState?> FromEntry0Async(CancellationToken cancel)
    {
        var first = await ReadEntryAsync(0, cancel);
        if (first is null)
        {
            string? there = null;
            await foreach (var found in store.ListAsync(TableNames.Log(contract.Dataset), null, cancel))
            {
                there = found.Name;
                break;
            }
            if (there is null)
            {
                return null;
            }
            // Another process may have made the table between the read and the list.
            first = await ReadEntryAsync(0, cancel) ?? throw new DifferenceException(
                $"{Where}: the log has no entry 0 but holds '{there}'. Expected the whole log, which is kept for ever. Restore it from " +
                $"a copy.");
        }
        CheckLink(first, null);
        if (first.Metadata is null || first.Protocol is null)
        {
            TableGuard.Check(Where, contract, captureStore, keyId, first.Protocol, first.Metadata);
        }
        return TableState.Empty.Next(first);
    }
}
