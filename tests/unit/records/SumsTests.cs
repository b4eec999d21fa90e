using System.Globalization;
using System.Security.Cryptography;
using CsCheck;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Xunit;

namespace Pipeline.Tests.Unit.Records;

/// <summary>Sums and hashes are kept as numbers of 64 bits; what they mean are numbers of 128 bits and bytes.</summary>
public sealed class SumsTests
{
    private static readonly Gen<UInt128> Number = Gen.Select(Gen.OneOf(Gen.ULong, Gen.Const(ulong.MaxValue), Gen.Const(0UL)),
        Gen.OneOf(Gen.ULong, Gen.Const(ulong.MaxValue), Gen.Const(0UL)), (high, low) => new UInt128(high, low));

    [Fact]
    public void Sums_are_added_and_taken_away_modulo_2_to_the_128() => Gen.Select(Number, Number).Sample((a, b) =>
    {
        Assert.Equal(unchecked(a + b), (new Sums(1, a) + new Sums(2, b)).Hash);
        Assert.Equal(unchecked(a - b), (new Sums(1, a) - new Sums(2, b)).Hash);
    });

    [Fact]
    public void A_sum_is_written_and_read_as_32_digits_and_read_with_fewer() => Number.Sample(number =>
    {
        var sums = new Sums(7, number);
        Assert.Equal(number.ToString("x32", CultureInfo.InvariantCulture), sums.HashHex);
        Assert.Equal(sums, Sums.Parse(7, sums.HashHex));
        Assert.Equal(sums, Sums.Parse(7, sums.HashHex.ToUpperInvariant()));
        Assert.Equal(sums, Sums.Parse(7, number.ToString("x", CultureInfo.InvariantCulture)));
        Assert.Equal(sums, new Sums(7, 0) with { Hash = number });
    });

    [Theory]
    [InlineData("")]
    [InlineData("0000000000000000000000000000000g")]
    [InlineData("000000000000000 0000000000000000")]
    [InlineData("+0000000000000000000000000000000")]
    public void What_is_no_number_is_no_sum(string text) => Assert.Throws<FormatException>(() => Sums.Parse(1, text));

    [Fact]
    public void A_sha256_is_its_bytes() => Gen.Byte.Array[32].Sample(bytes =>
    {
        var hash = Sha256.Parse(Convert.ToHexString(bytes));
        Assert.Equal(Convert.ToHexStringLower(bytes), hash.ToString());
        Assert.Equal((long)(new UInt128(hash.A, hash.B) >> 65), hash.Bits63);
        Assert.Equal(Sha256.Of(bytes), Sha256.Parse(Convert.ToHexString(SHA256.HashData(bytes))));
    });
}
