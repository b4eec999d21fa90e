using System.Net;
using Pipeline.Ingest.Push;
using Xunit;

namespace Pipeline.Tests.Unit.Push;

/// <summary>Who makes room for whom, without a network.</summary>
public sealed class PushConnectionsTests
{
    private static readonly PushConnectionLimits Limits = new() { Most = 12, OfAddress = 6 };
    private readonly PushConnections _connections = new(Limits);

    [Fact]
    public void An_address_at_its_limit_displaces_its_own_oldest_anonymous_connection()
    {
        var first = Enter(1);
        _ = (Enter(1), Enter(1));
        Assert.Same(first, Displaced(1));
        Assert.Equal(3, _connections.Count);
    }

    [Fact]
    public void A_connection_that_has_logged_in_is_never_displaced()
    {
        var mine = Enter(1);
        _connections.LogIn(mine);
        for (var n = 0; n < 100; n++)
        {
            Assert.NotSame(mine, Displaced((byte)(1 + (n % 20))));
        }
        Assert.False(_connections.Expire(mine));
        Assert.InRange(_connections.Count, 1, Limits.Most);
    }

    [Fact]
    public void An_address_whose_connections_have_all_logged_in_gets_no_more()
    {
        for (var n = 0; n < Limits.OfAddress; n++)
        {
            _connections.LogIn(Enter(1));
        }
        Assert.Null(_connections.Enter(Of(1), () => { }, out var displaced));
        Assert.Null(displaced);
        Assert.NotNull(_connections.Enter(Of(2), () => { }, out _));
    }

    [Fact]
    public void When_all_are_taken_the_address_with_most_anonymous_connections_makes_room()
    {
        var mine = Enter(9);
        var crowd = Enter(1);
        _ = (Enter(1), Enter(1));
        for (byte other = 2; other < 6; other++)
        {
            _ = (Enter(other), Enter(other));
        }
        Assert.Equal(Limits.Most, _connections.Count);
        Assert.Same(crowd, Displaced(7));
        Assert.True(_connections.Expire(mine));
    }

    [Fact]
    public void Addresses_of_one_IPv6_network_are_one_neighbour_and_a_mapped_one_is_its_IPv4()
    {
        var first = _connections.Enter(IPAddress.Parse("2001:db8::1"), () => { }, out _);
        _connections.Enter(IPAddress.Parse("2001:db8::2"), () => { }, out _);
        _connections.Enter(IPAddress.Parse("2001:db8::3"), () => { }, out _);
        _connections.Enter(IPAddress.Parse("2001:db8::4"), () => { }, out var displaced);
        Assert.Same(first, displaced);
        var mapped = _connections.Enter(IPAddress.Parse("::ffff:192.0.2.1"), () => { }, out _);
        _ = (Enter(1), Enter(1));
        Assert.Same(mapped, Displaced(1));
    }

    [Fact]
    public void Who_left_is_counted_no_more_however_often_it_leaves()
    {
        var one = Enter(1);
        _connections.Leave(one);
        _connections.Leave(one);
        Assert.False(_connections.Expire(one));
        _connections.LogIn(one);
        Assert.Equal(0, _connections.Count);
    }

    private static IPAddress Of(byte last) => new([192, 0, 2, last]);

    private PushConnection Enter(byte last) => _connections.Enter(Of(last), () => { }, out _)!;

    private PushConnection? Displaced(byte last)
    {
        _connections.Enter(Of(last), () => { }, out var displaced);
        return displaced;
    }
}
