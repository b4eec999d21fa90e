namespace Pipeline.Core.Table;

/// <summary>The table's `metaData` action.</summary>
public sealed record TableMetadata(string Id, string SchemaString, IReadOnlyList<string> PartitionColumns, IReadOnlyDictionary<string,
    string> Configuration, long? CreatedTime);

/// <summary>The table's `protocol` action. Features are named only by versions that this program refuses.</summary>
public sealed record TableProtocol(int Reader, int Writer);
