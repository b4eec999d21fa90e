using System.Net;
using CsCheck;
using Pipeline.Core;
using Pipeline.Ingest.Formats;
using Xunit;

namespace Pipeline.Tests.Unit.Formats;

public sealed class ClientAddressRuleTests
{
    private static readonly IPNetwork[] Ours = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32"),
        IPNetwork.Parse("::ffff:172.16.0.0/108"), IPNetwork.Parse("fe80::/10")];

    [Theory]
    [InlineData("10.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9")]
    [InlineData("172.16.3.4", "203.0.113.9", "203.0.113.9")]
    [InlineData("fe80::1%eth0", "203.0.113.9", "203.0.113.9")]
    [InlineData("2001:DB8::7", "198.51.100.1,203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "198.51.100.1,+203.0.113.9,+10.9.9.9", "203.0.113.9")]
    [InlineData("10.0.0.1", " 203.0.113.9 , 2001:db8::1", "203.0.113.9")]
    [InlineData("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "203.0.113.9:51234", "203.0.113.9")]
    [InlineData("10.0.0.1", "[3fff::9]:443", "3fff::9")]
    [InlineData("10.0.0.1", "3fff::9%0", "3fff::9")]
    [InlineData("10.0.0.1", "garbage, 203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.1", "for=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9")]
    [InlineData("10.0.0.1", "For=1.2.3.4, proto=https;FOR=\"[3fff::9]:47011\"", "3fff::9")]
    [InlineData("10.0.0.1", "for=\\x22[3fff::9]\\x22", "3fff::9")]
    [InlineData("10.0.0.1", "for=\\\"3fff::9\\\"", "3fff::9")]
    [InlineData("10.0.0.1", "203.0.113.9, unknown", null)]
    [InlineData("10.0.0.1", "for=_hidden", null)]
    [InlineData("10.0.0.1", "for=unknown", null)]
    [InlineData("10.0.0.1", "by=203.0.113.9", null)]
    [InlineData("10.0.0.1", "for=", null)]
    [InlineData("10.0.0.1", "for=\"", null)]
    [InlineData("10.0.0.1", "203.0.113.9,", null)]
    [InlineData("10.0.0.1", "203.0.113.9, bad, 10.0.0.2", null)]
    [InlineData("10.0.0.1", "10.0.0.2, 2001:db8::1", null)]
    [InlineData("10.0.0.1", "-", null)]
    [InlineData("10.0.0.1", "", null)]
    [InlineData("192.0.2.1", "203.0.113.9", null)]
    public void The_nearest_that_is_no_proxy_of_ours_is_the_client(string peer, string list, string? expected)
    {
        Assert.Equal(expected, Client(new("f", Ours, false), peer, list));
        Assert.Equal(peer == "192.0.2.1" ? peer : expected, Client(new("f", Ours, true), peer, list));
    }

    [Fact]
    public void Lists_agree_with_an_obvious_reading()
    {
        var one = Gen.OneOf("10.0.0.1", "10.255.1.2", "203.0.113.9", "172.16.9.9", "2001:db8::5", "3fff::1", "::ffff:10.1.1.1",
            "[3fff::2]:80", "198.51.100.7:443", "unknown", "_x", "", "-", "1.2.3", "fe80::1%3");
        Gen.Select(Gen.OneOf("10.0.0.1", "192.0.2.1", "2001:db8::1", "3fff::7"), one.Array[0, 5], Gen.OneOf(",", ", ", ",+", " ,\t"),
            Gen.Bool).Sample(
            (peer, elements, comma, otherwise) => Assert.Equal(Obvious(peer, string.Join(comma, elements), otherwise),
                Client(new("f", Ours, otherwise), peer, string.Join(comma, elements))),
            iter: 50_000);
    }

    [Fact]
    public void Any_list_is_judged() => Gen.Select(Gen.Byte.Array[0, 60], Gen.OneOf("10.0.0.1", "192.0.2.1")).Sample((list, peer) =>
    {
        var found = Client(new("f", Ours, false), peer, Parsed.Text(list));
        Assert.True(found is null || IPAddress.TryParse(found, out _));
    }, iter: 20_000);

    [Fact]
    public void Combined_and_common_have_one_address_only()
    {
        var rule = new ClientAddressRule("X-Forwarded-For", Ours, false);
        foreach (var name in new[] { "combined", "common" })
        {
            Assert.Contains("has one address only", Assert.ThrowsAny<PipelineException>(() => LogFormats.Named(name, rule)).Message,
                StringComparison.Ordinal);
        }
    }

    private static string? Obvious(string peer, string list, bool otherwise)
    {
        bool IsOurs(IPAddress a) => Ours.Any(n => n.Contains(a) || n.Contains(a.MapToIPv6()));
        if (!IsOurs(IPAddress.Parse(peer)))
        {
            return otherwise ? peer : null;
        }
        foreach (var text in list.Split(',').Reverse().Select(e => e.Trim(' ', '\t', '+')))
        {
            var bare = text.StartsWith('[') ? text[1..text.IndexOf(']', StringComparison.Ordinal)] : text.Count(c => c == ':') == 1
                ? text[..text.IndexOf(':', StringComparison.Ordinal)] : text;
            if (bare.Count(c => c is '.' or ':') < 2 || (bare.Contains('.', StringComparison.Ordinal)
                && !bare.Contains(':', StringComparison.Ordinal) && bare.Count(c => c == '.') != 3)
                || !IPAddress.TryParse(bare.Split('%')[0], out var address))
            {
                return null;
            }
            address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            if (!IsOurs(address))
            {
                return address.ToString();
            }
        }
        return null;
    }

    private static string? Client(ClientAddressRule rule, string peer, string list)
    {
        Span<byte> first = stackalloc byte[ClientAddress.MaxLength], second = stackalloc byte[ClientAddress.MaxLength];
        Assert.True(ClientAddress.TryNormalise(Parsed.Bytes(peer), first, out var normal));
        return rule.TryClient(normal, Parsed.Bytes(list), second, out var client) ? Parsed.Text(client) : null;
    }
}
