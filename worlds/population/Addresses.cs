using System.Net;

namespace Pipeline.Worlds;

/// <summary>Hands out addresses of 198.18.0.0/15, 2001:db8::/32 and the documentation ranges: none can be a person's.</summary>
internal sealed class AddressBook(Random random)
{
    private readonly HashSet<int> _taken = [];

    /// <summary>An address that nobody else has while half of the range is free; then, as with real pools, one that may be
    /// somebody's.</summary>
    public ClientAddress V4()
    {
        int host;
        do
        {
            host = random.Next(1, 1 << 17);
        }
        while (!_taken.Add(host) && _taken.Count < 1 << 16);
        var text = $"198.{18 + (host >> 16)}.{host >> 8 & 255}.{host & 255}";
        return new(text, text);
    }

    public ClientAddress Documentation()
    {
        var text = random.Pick("192.0.2.", "198.51.100.", "203.0.113.") + random.Next(1, 255);
        return new(text, text);
    }

    public byte[] V6Network()
    {
        byte[] network = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0];
        random.NextBytes(network.AsSpan(4));
        return network;
    }

    /// <summary>A host of the /64, with a privacy address.</summary>
    public ClientAddress V6(byte[] network)
    {
        Span<byte> address = stackalloc byte[16];
        network.CopyTo(address);
        random.NextBytes(address[8..]);
        var text = new IPAddress(address).ToString();
        address[8..].Clear();
        return new(text, new IPAddress(address).ToString());
    }
}

/// <summary>Where requests of one site come from, from when on.</summary>
internal sealed class AddressPlan
{
    private readonly List<(long From, ClientAddress Address)> _spans = [];

    private AddressPlan() { }

    public ClientAddress At(long micros)
    {
        for (var i = _spans.Count - 1; i > 0; i--)
        {
            if (_spans[i].From <= micros)
            {
                return _spans[i].Address;
            }
        }
        return _spans[0].Address;
    }

    /// <summary>
    /// IPv6: one /64, and a new host part every day. IPv4: companies and six in ten others keep their address; of the rest a third get
    /// another one every 24 hours, and the others every 20 days or so, as providers do.
    /// </summary>
    public static AddressPlan Draw(Random random, AddressBook book, long start, int days, bool shared, bool v6)
    {
        var plan = new AddressPlan();
        var end = start + days * Calendar.Day;
        if (v6)
        {
            var network = book.V6Network();
            for (var at = start; at < end; at += Calendar.Day)
            {
                plan._spans.Add((at, book.V6(network)));
            }
            return plan;
        }
        plan._spans.Add((start, book.V4()));
        if (!shared && random.Happens(0.4))
        {
            var daily = random.Happens(0.33);
            var step = () => daily ? Calendar.Day : (long)(-20 * Calendar.Day * Math.Log(1 - random.NextDouble())) + Calendar.Minute;
            for (var at = start + (daily ? random.Between(0, Calendar.Day) : step()); at < end; at += step())
            {
                plan._spans.Add((at, book.V4()));
            }
        }
        return plan;
    }
}

/// <summary>A place with one way to the internet: an office behind one address, or a home.</summary>
/// <param name="Zone">Local time minus UTC, in µs.</param>
internal sealed record Site(AddressPlan Plan, long Zone, int Size)
{
    public static Site Draw(Random random, AddressBook book, WorldOptions options, int most)
    {
        var size = Math.Min(most, random.Zipf(200));
        var zone = random.Pick(-8, -6, -5, -5, 0, 0, 1, 1, 1, 2, 8, 9) * Calendar.Hour + (random.Happens(0.06) ? Calendar.Hour / 2 : 0);
        return new(AddressPlan.Draw(random, book, Calendar.Micros(options.Start), options.Days, size > 2,
            random.Happens(options.Ipv6Share)), zone, size);
    }
}
