using System.Buffers.Binary;
using System.Text;
using Pipeline.Core.Contracts;

namespace Pipeline.Core.Table.Parquet;

/// <summary>One row group as the footer tells it.</summary>
internal sealed record GroupFacts(long Rows, IReadOnlyList<ChunkFacts> Columns);

/// <summary>Writes a segment's footer: schema, row groups, our label, and a check of the whole file. Statistics hold the times
/// only.</summary>
internal static class ParquetFooter
{
    public static void Write(ByteBuffer file, Contract contract, IReadOnlyList<GroupFacts> groups, ReadOnlySpan<byte> label)
    {
        var thrift = new ThriftWriter();
        thrift.StructElement();
        thrift.I32(1, 2);
        Schema(thrift, contract);
        thrift.I64(3, groups.Sum(group => group.Rows));
        thrift.List(4, ThriftWriter.StructType, groups.Count);
        for (var i = 0; i < groups.Count; i++)
        {
            Group(thrift, groups[i]);
        }
        thrift.List(5, ThriftWriter.StructType, 2);
        thrift.StructElement();
        thrift.Binary(1, "pipeline"u8);
        thrift.Binary(2, label);
        thrift.End();
        thrift.StructElement();
        thrift.Binary(1, Encoding.ASCII.GetBytes(ParquetTerms.CheckKey));
        thrift.Binary(2, Encoding.ASCII.GetBytes(DamageCheck.Blank));
        thrift.End();
        // The digits, and the end of their structure.
        var check = file.Length + thrift.Written.Length - DamageCheck.Length - 1;
        thrift.Binary(6, Encoding.UTF8.GetBytes(PipelineVersion.Engine));
        thrift.List(7, ThriftWriter.StructType, contract.Fields.Count);
        foreach (var _ in contract.Fields)
        {
            thrift.StructElement();
            thrift.Struct(1);
            thrift.End();
            thrift.End();
        }
        thrift.End();
        file.Bytes(thrift.Written);
        file.Int32(thrift.Written.Length);
        file.Bytes(ParquetTerms.Magic);
        file.Fill(check);
    }

    private static void Schema(ThriftWriter thrift, Contract contract)
    {
        thrift.List(2, ThriftWriter.StructType, contract.Fields.Count + 1);
        thrift.StructElement();
        thrift.Binary(4, "schema"u8);
        thrift.I32(5, contract.Fields.Count);
        thrift.End();
        foreach (var field in contract.Fields)
        {
            var isTime = field.Type == FieldType.Timestamp;
            thrift.StructElement();
            thrift.I32(1, isTime ? ParquetTerms.Int64 : ParquetTerms.ByteArray);
            thrift.I32(3, field.Required ? ParquetTerms.Required : ParquetTerms.Optional);
            thrift.Binary(4, Encoding.UTF8.GetBytes(field.Name));
            thrift.I32(6, isTime ? ParquetTerms.ConvertedMicros : ParquetTerms.ConvertedUtf8);
            thrift.Struct(10);
            if (isTime)
            {
                thrift.Struct(8);
                thrift.Bool(1, true);
                thrift.Struct(2);
                thrift.Struct(2);
                thrift.End();
                thrift.End();
                thrift.End();
            }
            else
            {
                thrift.Struct(1);
                thrift.End();
            }
            thrift.End();
            thrift.End();
        }
    }

    private static void Group(ThriftWriter thrift, GroupFacts group)
    {
        thrift.StructElement();
        thrift.List(1, ThriftWriter.StructType, group.Columns.Count);
        foreach (var chunk in group.Columns)
        {
            thrift.StructElement();
            thrift.I64(2, chunk.Offset);
            thrift.Struct(3);
            Chunk(thrift, chunk);
            thrift.End();
            thrift.End();
        }
        thrift.I64(2, group.Columns.Sum(chunk => chunk.Uncompressed));
        thrift.I64(3, group.Rows);
        thrift.I64(5, group.Columns[0].Offset);
        thrift.I64(6, group.Columns.Sum(chunk => chunk.Compressed));
        thrift.End();
    }

    private static void Chunk(ThriftWriter thrift, ChunkFacts chunk)
    {
        thrift.I32(1, chunk.Type);
        thrift.List(2, ThriftWriter.I32Type, chunk.Encodings.Count);
        foreach (var encoding in chunk.Encodings)
        {
            thrift.I32Element(encoding);
        }
        thrift.List(3, ThriftWriter.BinaryType, 1);
        thrift.BinaryElement(Encoding.UTF8.GetBytes(chunk.Name));
        thrift.I32(4, ParquetTerms.Zstd);
        thrift.I64(5, chunk.Values);
        thrift.I64(6, chunk.Uncompressed);
        thrift.I64(7, chunk.Compressed);
        thrift.I64(9, chunk.DataOffset);
        if (chunk.DictionaryOffset != 0)
        {
            thrift.I64(11, chunk.DictionaryOffset);
        }
        thrift.Struct(12);
        thrift.I64(3, chunk.Nulls);
        if (chunk.Min is { } min && chunk.Max is { } max)
        {
            Span<byte> value = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(value, max);
            thrift.Binary(5, value);
            BinaryPrimitives.WriteInt64LittleEndian(value, min);
            thrift.Binary(6, value);
        }
        thrift.End();
    }
}
