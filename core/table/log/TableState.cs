using System.Collections.Immutable;
using System.Globalization;
using Pipeline.Core.Captures;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Core.Table.Log;

/// <summary>A table as its log tells it at one version. Immutable: a state that somebody holds never changes under them.</summary>
public sealed class TableState
{
    private static readonly TimeSpan TombstoneAge = TimeSpan.FromDays(7);

    private readonly ImmutableDictionary<string, ShippedLink> _shipped;
    private readonly ImmutableDictionary<string, SegmentFile> _files;

    internal TableState(long version, Sha256 entryHash, TableMetadata metadata, TableProtocol protocol,
        ImmutableDictionary<string, ShippedLink> shipped, ImmutableDictionary<string, SegmentFile> files, ImmutableDictionary<string,
            RemovedFile> tombstones, ImmutableDictionary<string, long> txn)
    {
        Version = version;
        EntryHash = entryHash;
        Metadata = metadata;
        Protocol = protocol;
        _shipped = shipped;
        _files = files;
        Tombstones = tombstones;
        ForeignTxn = txn;
    }

    public long Version { get; }

    /// <summary>The sha256 of the entry at <see cref="Version"/>: what the next commit names as the one below (rule 21).</summary>
    public Sha256 EntryHash { get; }

    /// <summary>Per shard, the link of the last capture whose records are in the table.</summary>
    public IReadOnlyDictionary<string, ShippedLink> Shipped => _shipped;

    /// <summary>Live files by path.</summary>
    public IReadOnlyDictionary<string, SegmentFile> Files => _files;

    public TableMetadata Metadata { get; }

    public TableProtocol Protocol { get; }

    /// <summary>The sha256 of the contract that is in force.</summary>
    public string Contract => Metadata.Configuration.GetValueOrDefault(TableSchema.ContractKey, "");

    /// <summary>The id of the capture store whose records the table holds (rule 9).</summary>
    public string Store => Metadata.Configuration.GetValueOrDefault(TableSchema.StoreKey, "");

    public string KeyId => Metadata.Configuration.GetValueOrDefault(TableSchema.KeyIdKey, "");

    /// <summary>Files removed in the last week before the newest entry, for checkpoints.</summary>
    internal ImmutableDictionary<string, RemovedFile> Tombstones { get; }

    /// <summary>`txn` of other applications and of withdrawals, kept for checkpoints.</summary>
    internal ImmutableDictionary<string, long> ForeignTxn { get; }

    /// <summary>The capture of this shard whose withdrawal the table has carried out last; −1: none (rule 36).</summary>
    public long WithdrawnThrough(string shard) => ForeignTxn.TryGetValue(TableNames.TxnWithdrawn + shard, out var number) ? number : -1;

    /// <summary>The removal of rows that was begun and not completed: its shard, and the capture that is its receipt; null: none.</summary>
    public (string Shard, long Capture)? OpenWithdrawal =>
        Metadata.Configuration.GetValueOrDefault(TableSchema.WithdrawsKey)?.Split('/') is [var shard, var number]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var capture) ? (shard, capture) : null;

    /// <summary>The table's metadata while rows are removed under <paramref name="receipt"/> (`SHARD/CAPTURE`); null: after that.</summary>
    public TableMetadata Withdrawing(string? receipt) => TableSchema.Withdrawing(Metadata, receipt);

    /// <summary>The state one entry later. The caller has checked the entry (<see cref="TableLog"/>).</summary>
    internal TableState Next(TableCommit entry)
    {
        var shipped = _shipped.SetItems(entry.Shipped);
        var files = _files.ToBuilder();
        var tombstones = Tombstones.ToBuilder();
        foreach (var removed in entry.Removed)
        {
            files.Remove(removed.Path);
            tombstones[removed.Path] = removed;
        }
        foreach (var added in entry.Added)
        {
            files[added.Path] = added;
            tombstones.Remove(added.Path);
        }
        if (entry.Version % Checkpoint.Interval == 0 && entry.Time is { } time)
        {
            var horizon = (time - TombstoneAge).ToUnixTimeMilliseconds();
            tombstones.RemoveRange(tombstones.Where(pair => pair.Value.DeletionTime < horizon).Select(pair => pair.Key).ToList());
        }
        var foreign = ForeignTxn.SetItems(entry.Txn.Where(txn => !txn.Key.StartsWith(TableNames.TxnPrefix, StringComparison.Ordinal)));
        return new(entry.Version, entry.Hash, entry.Metadata ?? Metadata, entry.Protocol
            ?? Protocol, shipped, files.ToImmutable(), tombstones.ToImmutable(), foreign);
    }

    internal static TableState Empty { get; } = new(-1, default, new("", "", [], new Dictionary<string, string>(), null), new(0, 0),
        ImmutableDictionary<string, ShippedLink>.Empty, ImmutableDictionary<string, SegmentFile>.Empty, ImmutableDictionary<string,
            RemovedFile>.Empty, ImmutableDictionary<string, long>.Empty);
}
