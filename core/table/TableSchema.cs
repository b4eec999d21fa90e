using System.Text;
using System.Text.Json;
using Pipeline.Core.Contracts;

namespace Pipeline.Core.Table;

/// <summary>A table's schema and properties, as they follow from the contract and rule 24.</summary>
internal static class TableSchema
{
    public const string StoreKey = "pipeline.store", KeyIdKey = "pipeline.kid", ContractKey = "pipeline.contract";

    /// <summary>Set while a removal of rows is open (rule 24): the shard and the capture that is its receipt.</summary>
    public const string WithdrawsKey = "pipeline.withdraws";

    public const string AppendOnlyKey = "delta.appendOnly";

    public static readonly TableProtocol Protocol = new(1, 2);

    public static readonly IReadOnlyList<string> Partition = ["date"];

    /// <summary>What rule 24 demands, by property.</summary>
    public static readonly IReadOnlyDictionary<string, string> Demanded = new Dictionary<string, string>
    {
        [AppendOnlyKey] = "true",
        ["delta.dataSkippingStatsColumns"] = "time",
        ["delta.enableExpiredLogCleanup"] = "false",
    };

    public static TableMetadata Metadata(string id, Contract contract, string store, string keyId, long createdTime) =>
        new(id, SchemaString(contract), Partition, new Dictionary<string,
            string>(Demanded) { [ContractKey] = contract.Sha256, [KeyIdKey] = keyId, [StoreKey] = store }, createdTime);

    /// <summary>The metadata of a table of which rows are being removed; null: they were, and all is as before.</summary>
    public static TableMetadata Withdrawing(TableMetadata metadata, string? receipt)
    {
        var configuration = new Dictionary<string, string>(metadata.Configuration) { [AppendOnlyKey] = receipt is null ? "true" : "false" };
        configuration.Remove(WithdrawsKey);
        if (receipt is not null)
        {
            configuration[WithdrawsKey] = receipt;
        }
        return metadata with { Configuration = configuration };
    }

    public static string SchemaString(Contract contract)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("type", "struct");
            json.WriteStartArray("fields");
            foreach (var field in contract.Fields)
            {
                Field(json, field.Name, field.Type == FieldType.Timestamp ? "timestamp" : "string", !field.Required);
            }
            Field(json, Partition[0], "date", false);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>The (name, type, nullable) of each column, for comparison whatever order of keys another engine writes; null where the text
    /// is no flat schema.</summary>
    public static IReadOnlyList<(string Name, string Type, bool Nullable)>? Columns(string schemaString)
    {
        try
        {
            using var document = JsonDocument.Parse(schemaString);
            return [.. document.RootElement.GetProperty("fields").EnumerateArray().Select(field =>
                (field.GetProperty("name").GetString()!, field.GetProperty("type").ToString(),
                    field.GetProperty("nullable").GetBoolean()))];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void Field(Utf8JsonWriter json, string name, string type, bool nullable)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("type", type);
        json.WriteBoolean("nullable", nullable);
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
