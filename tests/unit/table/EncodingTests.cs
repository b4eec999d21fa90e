using CsCheck;
using Pipeline.Core.Table.Parquet;
using Xunit;

namespace Pipeline.Tests.Unit.Table;

public sealed class EncodingTests
{
    [Fact]
    public void Indexes_come_back_from_the_hybrid_encoding() =>
        Gen.Int[1, 24].SelectMany(width => Gen.Select(Gen.Const(width), Gen.OneOf(
            Gen.Int[0, (1 << width) - 1].Array[0, 300],
            Gen.Select(Gen.Int[0, (1 << width) - 1], Gen.Int[1, 60]).Array[0, 12]
                .Select(runs => runs.SelectMany(run => Enumerable.Repeat(run.Item1, run.Item2)).ToArray()))))
        .Sample((width, values) =>
        {
            var to = new ByteBuffer(1);
            RleEncoding.Encode(values, width, to);
            var back = new int[values.Length];
            RleEncoding.Decode(to.Span, width, back);
            Assert.Equal(values, back);
        });

    [Fact]
    public void Times_come_back_from_the_delta_encoding() =>
        Gen.OneOf(Gen.Long.Array[0, 300], Gen.Long[0, 5_000_000].Array[0, 700], Gen.Long[0, 3].Array[0, 400]).Sample(values =>
        {
            var to = new ByteBuffer(1);
            DeltaEncoding.Encode(values, to);
            var back = new long[values.Length];
            DeltaEncoding.Decode(to.Span, back);
            Assert.Equal(values, back);
        });

    [Fact]
    public void Thrift_structs_come_back() =>
        Gen.Select(Gen.Long, Gen.Int, Gen.Byte.Array[0, 40], Gen.Bool, Gen.Int[0, 40]).Sample((big, small, bytes, flag, count) =>
        {
            var thrift = new ThriftWriter();
            thrift.StructElement();
            thrift.I64(1, big);
            thrift.I32(2, small);
            thrift.Bool(30, flag);
            thrift.List(31, ThriftWriter.BinaryType, count);
            for (var i = 0; i < count; i++)
            {
                thrift.BinaryElement(bytes);
            }
            thrift.Struct(33);
            thrift.Binary(1, bytes);
            thrift.End();
            thrift.End();

            var read = ThriftStruct.Read(thrift.Written, out var used);

            Assert.Equal(thrift.Written.Length, used);
            Assert.Equal((big, small, flag, count), (read.Int(1), (int)read.Int(2), read.Bool(30, !flag), read.List(31).Count));
            Assert.Equal(bytes, read.Struct(33)!.Binary(1));
        });
}
