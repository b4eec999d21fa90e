using System.Text;
using System.Text.Json;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace Pipeline.Core.Contracts;

/// <summary>What a contract's fields are in the formats that hold them. A field that is not declared has no column anywhere.</summary>
public static class Schemas
{
    /// <summary>The table's partition column: the UTC date of `time`. It is in paths and in the log, not in Parquet.</summary>
    public const string PartitionColumn = "date";

    /// <summary>A frame's schema: `time` timestamp[us, UTC] not null, then utf8 columns, nullable where the field is optional.</summary>
    public static Schema Arrow(Contract contract) => new(contract.Fields.Select(field => new Field(field.Name, ArrowType(field), nullable: !field.Required)), metadata: null);

    /// <summary>
    /// The `schemaString` of the table's metaData: a struct of the fields in the contract's order and `date`. Every column is nullable there,
    /// so that a column may become optional without a rewrite; what must be present is enforced where rows are made.
    /// </summary>
    public static string DeltaSchemaString(Contract contract)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("type", "struct");
            json.WriteStartArray("fields");
            foreach (var field in contract.Fields)
            {
                WriteField(json, field.Name, field.Type == FieldType.Timestamp ? "timestamp" : "string");
            }
            WriteField(json, PartitionColumn, "date");
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static IArrowType ArrowType(ContractField field) => field.Type switch
    {
        FieldType.Timestamp => new TimestampType(TimeUnit.Microsecond, "UTC"),
        _ => StringType.Default,
    };

    private static void WriteField(Utf8JsonWriter json, string name, string type)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("type", type);
        json.WriteBoolean("nullable", true);
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
