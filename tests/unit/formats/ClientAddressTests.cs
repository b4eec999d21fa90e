using System.Net;
using System.Net.Sockets;
using CsCheck;
using Pipeline.Ingest.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("255.255.255.255", "255.255.255.255")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    [InlineData("203.0.113.9:53371", "203.0.113.9")]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("::FFFF:cb00:7109", "203.0.113.9")]
    [InlineData("[::ffff:203.0.113.9]:443", "203.0.113.9")]
    [InlineData("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1")]
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0db8::0001", "2001:db8::1")]
    [InlineData("0:0:0:0:0:0:0:0", "::")]
    [InlineData("::1%0", "::1")]
    [InlineData("fe80::1%3", "fe80::1")]
    [InlineData("[fe80::1%eth0]:443", "fe80::1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0")]
    [InlineData("64:ff9b::192.0.2.33", "64:ff9b::c000:221")]
    public void An_address_has_one_form(string text, string expected) => Assert.Equal(expected, Normal(text));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("unix:")]
    [InlineData("localhost")]
    [InlineData("203.0.113")]
    [InlineData("203.0.113.9.1")]
    [InlineData("203.0.113.256")]
    [InlineData("203.0.113.09")]
    [InlineData("00.0.0.0")]
    [InlineData("203.0.113.1000")]
    [InlineData("203.0.113.9:")]
    [InlineData("203.0.113.9:65536")]
    [InlineData("203.0.113.9,10.0.0.1")]
    [InlineData("203.0.113.9%1")]
    [InlineData("[203.0.113.9](http://203.0.113.9)")]
    [InlineData("[2001:db8::1")]
    [InlineData("[2001:db8::1]443")]
    [InlineData("2001:db8::1]:443")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1::2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("::1.2.3")]
    [InlineData("1.2.3.4::")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    public void What_is_not_one_address_is_refused(string text) => Assert.Null(Normal(text));

    [Fact]
    public void Every_ipv6_form_agrees_with_the_framework()
    {
        // Zero groups often, so that runs of all lengths and places come up.
        Gen.Select(Gen.Frequency((2, Gen.Const((ushort)0)), (1, Gen.UShort), (1, Gen.UShort[0, 255])).Array[8], Gen.Int[0, 2], Gen.Bool)
            .Sample(
            (groups, form, upper) =>
            {
                var bytes = groups.SelectMany(group => new[] { (byte)(group >> 8), (byte)group }).ToArray();
                var address = new IPAddress(bytes);
                var text = form switch
                {
                    0 => address.ToString(),
                    1 => string.Join(':', groups.Select(group => group.ToString("x4"))),
                    _ => string.Join(':', groups.Take(6).Select(group => group.ToString("x")))
                        + $":{bytes[12]}.{bytes[13]}.{bytes[14]}.{bytes[15]}",
                };
                var normal = Normal(upper ? text.ToUpperInvariant() : text);
                Assert.NotNull(normal);
                var back = IPAddress.Parse(normal);
                if (address.IsIPv4MappedToIPv6)
                {
                    Assert.Equal(address.MapToIPv4(), back);
                    return;
                }
                Assert.Equal(address, back);
                Assert.Equal(AddressFamily.InterNetworkV6, back.AddressFamily);

                // The framework also writes some other ranges with dots, which RFC 5952 leaves open.
                if (!address.ToString().Contains('.', StringComparison.Ordinal))
                {
                    Assert.Equal(address.ToString(), normal);
                }
                Assert.Equal(normal, Normal(normal));
            },
            iter: 100_000);
    }

    [Fact]
    public void Every_dotted_quad_is_taken_as_it_stands() =>
        Gen.Byte.Array[4].Sample(octets => Normal(string.Join('.', octets)) == string.Join('.', octets), iter: 100_000);

    [Fact]
    public void Whatever_is_taken_is_an_address_that_the_framework_reads_too() =>
        Gen.OneOf('0', '1', '2', '9', 'a', 'F', ':', ':', '.', '[', ']', '%').Array[0, 24].Select(chars => new string(chars)).Sample(
            text =>
            {
                if (Normal(text) is { } normal)
                {
                    Assert.True(IPAddress.TryParse(normal, out var address));
                    Assert.Equal(normal, Normal(normal));
                    Assert.False(address.IsIPv4MappedToIPv6);
                }
                else if (!text.Contains('.', StringComparison.Ordinal) && text.Contains(':', StringComparison.Ordinal)
                    && text.IndexOfAny(['[', ']', '%']) < 0)
                {
                    Assert.False(IPAddress.TryParse(text, out _));
                }
            },
            iter: 200_000);

    private static string? Normal(string text)
    {
        Span<byte> scratch = stackalloc byte[ClientAddress.MaxLength];
        return ClientAddress.TryNormalise(Parsed.Bytes(text), scratch, out var address) ? Parsed.Text(address) : null;
    }
}
