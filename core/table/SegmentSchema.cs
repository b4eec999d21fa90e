using Parquet.Meta;
using Parquet.Schema;
using Pipeline.Core.Contracts;

namespace Pipeline.Core.Table;

/// <summary>How a contract's fields are columns of Parquet, and which of another engine's columns can be them.</summary>
internal static class SegmentSchema
{
    /// <summary>What a file declares: `time` a required TIMESTAMP(µs, UTC), then strings, REQUIRED or OPTIONAL as the contract says.</summary>
    public static ParquetSchema Declared(Contract contract) => new(contract.Fields.Select(Field (field) => field.Type == FieldType.Timestamp
        ? new DateTimeDataField(field.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Micros, isNullable: false)
        : new DataField(field.Name, typeof(string), isNullable: !field.Required)));

    /// <summary>
    /// The times as the numbers they are. The library matches a field to the declared column by its name, so times go in and out as int64 under it:
    /// no DateTime a row, and DELTA_BINARY_PACKED, which it has for numbers only.
    /// </summary>
    public static DataField Times(string name, bool nullable) => Attached(new(name, typeof(long), isNullable: nullable));

    /// <summary>Strings as bytes, which is how batches hold them.</summary>
    public static DataField Bytes(string name, bool nullable) => Attached(new(name, typeof(byte[]), isNullable: nullable));

    /// <summary>The old 96-bit timestamps, which some engines still write.</summary>
    public static DataField OldTimes(string name, bool nullable) => Attached(new DateTimeDataField(name, DateTimeFormat.Impala, isNullable: nullable));

    /// <summary>Ticks of `time` in a µs (negative: µs in a tick); null where the column is no timestamp.</summary>
    public static int? UnitsOf(SchemaElement column) => (column.Type, column.LogicalType?.TIMESTAMP?.Unit, column.ConvertedType) switch
    {
        (Parquet.Meta.Type.INT64, { MICROS: not null }, _) => 1,
        (Parquet.Meta.Type.INT64, { MILLIS: not null }, _) => -1000,
        (Parquet.Meta.Type.INT64, { NANOS: not null }, _) => 1000,
        (Parquet.Meta.Type.INT64, null, ConvertedType.TIMESTAMP_MICROS) => 1,
        (Parquet.Meta.Type.INT64, null, ConvertedType.TIMESTAMP_MILLIS) => -1000,
        _ => null,
    };

    private static DataField Attached(DataField field)
    {
        _ = new ParquetSchema(field);
        return field;
    }
}
