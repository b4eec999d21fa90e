using System.Net;

namespace Pipeline.Ingest.Push;

/// <summary>How many connections there may be. An anonymous one is one on which no push was let in yet.</summary>
public sealed record PushConnectionLimits
{
    /// <summary>Of all addresses together.</summary>
    public int Most { get; init; } = 512;

    /// <summary>Of one client address.</summary>
    public int OfAddress { get; init; } = 128;

    /// <summary>Anonymous ones of one client address.</summary>
    public int AnonymousOfAddress => Math.Max(1, OfAddress / 2);

    /// <summary>How long a connection may stay anonymous, from its start on, whatever it does.</summary>
    public TimeSpan LogInWithin { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>One connection that was let in, until it leaves.</summary>
internal sealed class PushConnection(IPAddress address, Action abort)
{
    public IPAddress Address { get; } = address;

    /// <summary>Cuts it.</summary>
    public Action Abort { get; } = abort;

    /// <summary>Its place among the anonymous ones; null: a push was let in, or it left.</summary>
    public LinkedListNode<PushConnection>? Anonymous { get; set; }
}

/// <summary>
/// The open connections, so that neighbours who never log in cannot keep out those who do. At a limit the newcomer displaces an anonymous
/// connection: the oldest of its own address
/// where that address is at its limit, else the oldest of the address that has most of them. Where there is none, the newcomer is refused.
/// One that has logged in is never displaced.
/// Safe to use from many threads.
/// </summary>
internal sealed class PushConnections(PushConnectionLimits limits)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Neighbour> _neighbours = [];
    private int _count;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>Null: refused. <paramref name="displaced"/> has left already, and is for the caller to cut.</summary>
    public PushConnection? Enter(IPAddress address, Action abort, out PushConnection? displaced)
    {
        address = Neighbourhood(address);
        lock (_lock)
        {
            displaced = null;
            var own = _neighbours.GetValueOrDefault(address);
            if (own is not null && (own.Count >= limits.OfAddress || own.Anonymous.Count >= limits.AnonymousOfAddress))
            {
                displaced = own.Anonymous.First?.Value;
            }
            else if (_count >= limits.Most)
            {
                displaced = _neighbours.Values.MaxBy(n => n.Anonymous.Count)?.Anonymous.First?.Value;
            }
            else
            {
                return Add(address, abort);
            }
            if (displaced is null)
            {
                return null;
            }
            Remove(displaced);
            return Add(address, abort);
        }
    }

    /// <summary>A push was let in on this connection.</summary>
    public void LogIn(PushConnection connection)
    {
        lock (_lock)
        {
            if (connection.Anonymous is { } place)
            {
                place.List?.Remove(place);
                connection.Anonymous = null;
            }
        }
    }

    /// <summary>Whether it is still anonymous: then it has left with this call, and is for the caller to cut.</summary>
    public bool Expire(PushConnection connection)
    {
        lock (_lock)
        {
            if (connection.Anonymous is null)
            {
                return false;
            }
            Remove(connection);
            return true;
        }
    }

    /// <summary>It is closed.</summary>
    public void Leave(PushConnection connection)
    {
        lock (_lock)
        {
            Remove(connection);
        }
    }

    private PushConnection Add(IPAddress address, Action abort)
    {
        var connection = new PushConnection(address, abort);
        if (!_neighbours.TryGetValue(address, out var neighbour))
        {
            _neighbours.Add(address, neighbour = new Neighbour());
        }
        connection.Anonymous = neighbour.Anonymous.AddLast(connection);
        neighbour.All.Add(connection);
        _count++;
        return connection;
    }

    /// <summary>Does nothing where it has left before.</summary>
    private void Remove(PushConnection connection)
    {
        if (!_neighbours.TryGetValue(connection.Address, out var neighbour) || !neighbour.All.Remove(connection))
        {
            return;
        }
        if (connection.Anonymous is { } place)
        {
            neighbour.Anonymous.Remove(place);
            connection.Anonymous = null;
        }
        _count--;
        if (neighbour.Count == 0)
        {
            _neighbours.Remove(connection.Address);
        }
    }

    /// <summary>IPv6 hands a client a /64, so its addresses there are one; a v4-mapped address is the IPv4 one.</summary>
    private static IPAddress Neighbourhood(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }
        var bytes = address.GetAddressBytes();
        if (bytes.Length == 4 || IPAddress.IsLoopback(address))
        {
            return address;
        }
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private sealed class Neighbour
    {
        public HashSet<PushConnection> All { get; } = [];

        /// <summary>The oldest first.</summary>
        public LinkedList<PushConnection> Anonymous { get; } = new();

        public int Count => All.Count;
    }
}
