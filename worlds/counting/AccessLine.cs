namespace Pipeline.Worlds.Counting;

/// <summary>How long a line keeps an address.</summary>
internal enum Lease { Forever, Fortnight, OneDay, Pool }

/// <summary>One way to the internet, of a home or an office: from which address a request comes at which time. It is stepped once a
/// day.</summary>
internal sealed class AccessLine(WorldRecipe recipe, Lease lease, bool v6, bool home, bool together, Dice dice)
{
    private Dice _dice = dice;
    private readonly UInt128[] _addresses = new UInt128[4];
    private int _pool = 1;
    private long _changeAt = long.MaxValue;
    private UInt128 _before;
    private long _phase;

    public bool Home => home;

    /// <summary>Whether its installs upgrade on one day.</summary>
    public bool Together => together;

    /// <summary>Local time minus UTC, in µs.</summary>
    public long Zone { get; private set; }

    /// <summary>The version that its installs begin with, where they are alike.</summary>
    public int Version { get; set; }

    /// <summary>The day on which its installs upgrade to <see cref="Pending"/>, counted from the start.</summary>
    public int UpgradeOn { get; set; } = int.MaxValue;

    public int Pending { get; set; } = -1;

    /// <summary>Draws the zone and the first address.</summary>
    public AccessLine Begin()
    {
        ReadOnlySpan<int> zones = [-8, -6, -5, -5, 0, 0, 1, 1, 1, 2, 8, 9];
        Zone = zones[_dice.Below(zones.Length)] * Calendar.Hour;
        _phase = _dice.Between(0, Calendar.Day);
        _pool = lease == Lease.Pool ? 2 + _dice.Below(3) : 1;
        for (var i = 0; i < _pool; i++)
        {
            _addresses[i] = Fresh();
        }
        _before = _addresses[0];
        return this;
    }

    /// <summary>Another household has the line from now on.</summary>
    public void Renew() => _before = _addresses[0] = Fresh();

    /// <summary>Decides whether the address changes on the day that begins at <paramref name="from"/>, and when.</summary>
    public void Advance(long from)
    {
        if (lease is Lease.Forever or Lease.Pool)
        {
            return;
        }
        _before = _addresses[0];
        _changeAt = long.MaxValue;
        if (lease == Lease.OneDay || _dice.Happens(1 / 14.0))
        {
            _changeAt = from + (lease == Lease.OneDay ? _phase : _dice.Between(0, Calendar.Day));
            _addresses[0] = Fresh();
        }
    }

    /// <param name="host">A number of the install: IPv6 hosts have an address each, another one every day.</param>
    public UInt128 At(long micros, int host)
    {
        if (_pool > 1)
        {
            return _addresses[_dice.Below(_pool)];
        }
        var address = micros < _changeAt ? _before : _addresses[0];
        return v6 ? address | Dice.Mix((ulong)(micros / Calendar.Day) << 24 ^ (uint)host) : address;
    }

    /// <summary>240.0.0.0/4 and 2001:db8::/32: none can be a person's.</summary>
    private UInt128 Fresh()
    {
        if (v6)
        {
            return new UInt128(0x20010db8UL << 32 | _dice.Next() >> 32, 0);
        }
        var reused = recipe.ReusedAddresses > 0 && home && lease != Lease.Forever;
        return 0xf0000000u | (uint)(reused ? (ulong)_dice.Below(recipe.ReusedAddresses) : _dice.Next() >> 36);
    }
}
