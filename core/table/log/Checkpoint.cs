using System.Collections.Immutable;
using System.IO.Compression;
using System.Text.Json;
using Parquet;
using Parquet.Serialization;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Core.Table.Segments;

namespace Pipeline.Core.Table.Log;

/// <summary>
/// Classic checkpoints (rule 25): the state at a version, as Parquet, so that a start need not read the log from its beginning. Only a
/// shortcut:
/// logs are kept for ever, so one that cannot be read is passed over, and a failure to write one harms nothing.
/// </summary>
internal static class Checkpoint
{
    public const int Interval = 100;

    /// <summary>Writes the checkpoint of <paramref name="state"/> and points `_last_checkpoint` at it. Best effort: a store that does not
    /// answer is left alone.</summary>
    public static async Task WriteAsync(IObjectStore store, string dataset, TableState state, CancellationToken cancel)
    {
        var rows = Rows(state);
        using var stream = new MemoryStream();
        await ParquetSerializer.SerializeAsync(rows, stream, new ParquetOptions { CompressionMethod = CompressionMethod.Zstd,
            CompressionLevel = CompressionLevel.Optimal }, cancellationToken: cancel);
        var bytes = stream.ToArray();
        try
        {
            await store.PutIfAbsentAsync(TableNames.Checkpoint(dataset, state.Version), bytes, cancel);
            var hint = await HintAsync(store, dataset, cancel);
            if (hint is null || hint < state.Version)
            {
                var last = new { version = state.Version, size = rows.Count, sizeInBytes = bytes.Length,
                    numOfAddFiles = state.Files.Count };
                await store.OverwriteAsync(TableNames.LastCheckpoint(dataset), JsonSerializer.SerializeToUtf8Bytes(last), cancel);
            }
        }
        catch (StoreException)
        {
            // The commit is durable; the next hundredth one makes the next checkpoint.
        }
    }

    /// <summary>The version that `_last_checkpoint` names; null where it is absent or says nothing.</summary>
    public static async Task<long?> HintAsync(IObjectStore store, string dataset, CancellationToken cancel)
    {
        if (await store.ReadAsync(TableNames.LastCheckpoint(dataset), cancel) is not { } bytes)
        {
            return null;
        }
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.GetProperty("version").GetInt64();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The state at <paramref name="version"/>, whose entry's hash is <paramref name="entryHash"/>; null where the checkpoint is
    /// absent or cannot be read here.</summary>
    public static async Task<TableState?> ReadAsync(IObjectStore store, string dataset, long version, Sha256 entryHash,
        CancellationToken cancel)
    {
        if (await store.ReadAsync(TableNames.Checkpoint(dataset, version), cancel) is not { } bytes)
        {
            return null;
        }
        try
        {
            using var stream = new MemoryStream(bytes);
            var rows = await ParquetSerializer.DeserializeAsync<CheckpointRow>(stream, cancellationToken: cancel);
            return Fold(rows.Data, version, entryHash);
        }
        catch (Exception e) when (e is not (OutOfMemoryException or OperationCanceledException))
        {
            // Another engine's flavour of checkpoint, or damage: the JSON entries below it tell the same, so nothing hangs on this file.
            return null;
        }
    }

    private static List<CheckpointRow> Rows(TableState state)
    {
        var rows = new List<CheckpointRow>
        {
            new() { Protocol = new() { MinReaderVersion = state.Protocol.Reader, MinWriterVersion = state.Protocol.Writer } },
            new()
            {
                Metadata = new()
                {
                    Id = state.Metadata.Id,
                    SchemaString = state.Metadata.SchemaString,
                    PartitionColumns = [.. state.Metadata.PartitionColumns],
                    Configuration = state.Metadata.Configuration.ToDictionary(),
                    CreatedTime = state.Metadata.CreatedTime,
                },
            },
        };
        foreach (var (shard, link) in state.Shipped.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            rows.Add(new() { Txn = new() { AppId = TableNames.TxnOfNumber(shard), Version = link.Number } });
            rows.Add(new() { Txn = new() { AppId = TableNames.TxnOfHash(shard), Version = link.Bits63 } });
        }
        rows.AddRange(state.ForeignTxn.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => new CheckpointRow { Txn = new() { AppId = pair.Key, Version = pair.Value } }));
        rows.AddRange(state.Tombstones.Values.OrderBy(file => file.Path, StringComparer.Ordinal).Select(file => new CheckpointRow
        {
            Remove = new() { Path = file.Path, DeletionTimestamp = file.DeletionTime, DataChange = file.DataChange },
        }));
        rows.AddRange(state.Files.Values.OrderBy(file => file.Path, StringComparer.Ordinal).Select(file => new CheckpointRow
        {
            Add = new()
            {
                Path = Uri.EscapeDataString(file.Path).Replace("%2F", "/", StringComparison.Ordinal)
                    .Replace("%3D", "=", StringComparison.Ordinal),
                PartitionValues = new() { ["date"] = file.Date.ToString() },
                Size = file.Size,
                Stats = file.Rows < 0 ? null : EntryWriter.Stats(file),
            },
        }));
        return rows;
    }

    private static TableState? Fold(IEnumerable<CheckpointRow> rows, long version, Sha256 entryHash)
    {
        TableMetadata? metadata = null;
        TableProtocol? protocol = null;
        var files = ImmutableDictionary.CreateBuilder<string, SegmentFile>();
        var tombstones = ImmutableDictionary.CreateBuilder<string, RemovedFile>();
        var txn = new Dictionary<string, long>();
        foreach (var row in rows)
        {
            if (row.Protocol is { } p)
            {
                protocol = new(p.MinReaderVersion, p.MinWriterVersion);
            }
            if (row.Metadata is { Id: not null, SchemaString: not null } m)
            {
                metadata = new(m.Id, m.SchemaString, m.PartitionColumns ?? [], m.Configuration ?? [], m.CreatedTime);
            }
            if (row.Txn?.AppId is { } id)
            {
                txn[id] = row.Txn.Version;
            }
            if (row.Add?.Path is { } path)
            {
                var file = EntryReader.ReadAdded(path, row.Add.PartitionValues?.GetValueOrDefault("date"), row.Add.Size, row.Add.Stats);
                files[file.Path] = file;
            }
            if (row.Remove?.Path is { } gone)
            {
                var removed = new RemovedFile(Uri.UnescapeDataString(gone), row.Remove.DataChange, row.Remove.DeletionTimestamp ?? 0);
                tombstones[removed.Path] = removed;
            }
        }
        if (metadata is null || protocol is null)
        {
            return null;
        }
        return new(version, entryHash, metadata, protocol, TableNames.ShippedOf(txn).ToImmutableDictionary(), files.ToImmutable(),
            tombstones.ToImmutable(),
            txn.Where(pair => !pair.Key.StartsWith(TableNames.TxnPrefix, StringComparison.Ordinal)).ToImmutableDictionary());
    }
}
