using System.Text;
using CsCheck;
using Pipeline.Ingest.Explaining;
using Xunit;

namespace Pipeline.Tests.Unit.Explain;

public sealed class ShapeTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("-", ".")]
    [InlineData("XenCenter/2025.2.0.8315 (64-bit)", "a{9}.9{4}.9.9.9{4}_.9{2}.a{3}.")]
    [InlineData("\t\0é", "_^+{2}")]
    public void A_shape_is_classes_and_lengths(string text, string shape) => Assert.Equal(shape, Shape.Of(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Promise_3_Texts_of_the_same_classes_have_one_shape()
    {
        // Every byte is replaced by another one of its class.
        Gen.Select(Gen.Byte.Array[0, 80], Gen.Int[1, 9]).Sample((bytes, shift) => Shape.Of(bytes) == Shape.Of([.. bytes.Select(b => (char)b switch
        {
            >= '0' and <= '9' => (byte)('0' + (b - '0' + shift) % 10),
            >= 'a' and <= 'z' => (byte)('A' + (b - 'a' + shift) % 26),
            >= 'A' and <= 'Z' => (byte)('a' + (b - 'A' + shift) % 26),
            ' ' => (byte)'\t',
            > '\x7f' => (byte)(0x80 | (b + shift)),
            _ => b,
        })]));
    }

    [Fact]
    public void A_shape_has_a_limit_whatever_the_text() =>
        Gen.Byte.Array[0, 5_000].Sample(bytes => Shape.Of(bytes).Length <= Shape.MostRuns * 7 + 1);
}
