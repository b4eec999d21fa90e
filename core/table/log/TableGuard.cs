using Pipeline.Core.Contracts;

namespace Pipeline.Core.Table.Log;

/// <summary>
/// Refuses a table whose protocol, schema or properties are not those that the promises stand on (rules 9, 24, 25, 28):
/// another capture store or another key is exit 78, and so is a property that an engine or a person changed; each is named with what was
/// found and what was expected.
/// </summary>
public static class TableGuard
{
    /// <summary>Properties that change nothing we rely on.</summary>
    private static readonly HashSet<string> Harmless =
        ["delta.checkpointInterval", "delta.deletedFileRetentionDuration", "delta.logRetentionDuration", "delta.targetFileSize",
            "delta.tuneFileSizesForRewrites"];

    /// <summary>
    /// Compares a table as it stands with what this installation expects. <paramref name="where"/> names the table in messages,
    /// <paramref name="changedBy"/> the last entry that was seen to change its metadata, if one was.
    /// </summary>
    public static void Check(string where, Contract contract, string store, string keyId, TableProtocol? protocol, TableMetadata? metadata,
        TableCommit? changedBy = null)
    {
        if (metadata is null || protocol is null)
        {
            throw new DifferenceException(
                $"{where}: the log holds no metaData and protocol. Expected both in entry 0. Restore the log from a copy.");
        }
        where = changedBy is null ? where : $"{where}, as entry {changedBy.Version} by '{Writer(changedBy)}' left it";
        Expect(where, "delta.minReaderVersion", $"{protocol.Reader}", $"{TableSchema.Protocol.Reader}");
        Expect(where, "delta.minWriterVersion", $"{protocol.Writer}", $"{TableSchema.Protocol.Writer}");
        var configuration = metadata.Configuration;
        foreach (var (property, demanded) in TableSchema.Demanded)
        {
            // While a removal is open its own commit has lowered this one (rule 24).
            var lowered = property == TableSchema.AppendOnlyKey && configuration.ContainsKey(TableSchema.WithdrawsKey);
            Expect(where, property, configuration.GetValueOrDefault(property), lowered ? "false" : demanded);
        }
        if (configuration.Keys.FirstOrDefault(property => property.StartsWith("delta.", StringComparison.Ordinal)
            && !TableSchema.Demanded.ContainsKey(property) && !Harmless.Contains(property)) is { } unknown)
        {
            Expect(where, unknown, configuration[unknown], null);
        }
        Expect(where, TableSchema.StoreKey, configuration.GetValueOrDefault(TableSchema.StoreKey), store);
        Expect(where, TableSchema.KeyIdKey, configuration.GetValueOrDefault(TableSchema.KeyIdKey), keyId);
        Expect(where, "partitionColumns", string.Join(',', metadata.PartitionColumns), string.Join(',', TableSchema.Partition));
        if (!SameColumns(metadata.SchemaString, TableSchema.SchemaString(contract)))
        {
            Expect(where, "schema", Shown(metadata.SchemaString), Shown(TableSchema.SchemaString(contract)));
        }
    }

    /// <summary>Whether two metaData actions mean the same table: an engine may write it again with other spacing.</summary>
    internal static bool Same(TableMetadata a, TableMetadata b) =>
        a.Id == b.Id && a.PartitionColumns.SequenceEqual(b.PartitionColumns) && SameColumns(a.SchemaString, b.SchemaString)
        && a.Configuration.Count == b.Configuration.Count && a.Configuration.All(pair =>
            b.Configuration.TryGetValue(pair.Key, out var value) && value == pair.Value);

    /// <summary>An entry of another engine may add and remove files; what is shipped only we may change, and its metadata is compared where
    /// the replay ends.</summary>
    internal static void CheckForeign(string where, TableCommit entry)
    {
        if (entry.Txn.Keys.FirstOrDefault(id => id.StartsWith(TableNames.TxnPrefix, StringComparison.Ordinal)
            || id.StartsWith(TableNames.TxnWithdrawn, StringComparison.Ordinal)) is { } ours)
        {
            throw new DifferenceException(
                $"{where}: entry {entry.Version}, written by '{Writer(entry)}', sets txn '{ours}', which only this program may set. "
                + "Expected no entry of another engine to change what is shipped. Stop every shipper, find who wrote it, and restore " +
                    "the log from a copy.");
        }
    }

    private static void Expect(string where, string property, string? found, string? expected)
    {
        if (found != expected)
        {
            throw new ConfigurationException(
                $"{where}: property '{property}' is {Quoted(found)}, expected {Quoted(expected)}. {Advice(property)}");
        }
    }

    private static string Advice(string property) => property switch
    {
        TableSchema.StoreKey => "This table belongs to another capture store: point the configuration at the store that it names.",
        TableSchema.KeyIdKey =>
            "This table was made with another key: restore the key file that it names. A table is never rewritten to another key.",
        "schema" => "A new column takes `pipeline contract apply`; anything else is a new dataset.",
        _ => "Set it back with the engine that changed it, in a commit of its own, then start again.",
    };

    private static string Writer(TableCommit entry) => entry.Engine.Length > 0 ? entry.Engine : entry.Operation.Length > 0 ? entry.Operation
        : "unknown";

    private static string Quoted(string? value) => value is null ? "not set" : $"'{value}'";

    private static bool SameColumns(string a, string b) => a == b || TableSchema.Columns(a) is { } left
        && TableSchema.Columns(b) is { } right && left.SequenceEqual(right);

    private static string Shown(string schemaString) => TableSchema.Columns(schemaString) is { } columns
        ? string.Join(", ", columns.Select(column => $"{column.Name} {column.Type}{(column.Nullable ? "?" : "")}"))
        : "no flat schema";
}
