using Apache.Arrow;
using Apache.Arrow.Types;

namespace Pipeline.Core.Contracts;

/// <summary>What a contract's fields are in the frames that hold them; the table's schema is beside the table. A field that is not declared
/// has no column anywhere.</summary>
public static class Schemas
{
    /// <summary>A frame's schema: `time` timestamp[us, UTC] not null, then utf8 columns, nullable where the field is optional.</summary>
    public static Schema Arrow(Contract contract) =>
        new(contract.Fields.Select(field => new Field(field.Name, ArrowType(field), nullable: !field.Required)), metadata: null);

    private static IArrowType ArrowType(ContractField field) => field.Type switch
    {
        FieldType.Timestamp => new TimestampType(TimeUnit.Microsecond, "UTC"),
        _ => StringType.Default,
    };
}
