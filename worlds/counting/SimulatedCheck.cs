namespace Pipeline.Worlds.Counting;

/// <summary>Why a request was made.</summary>
public enum CheckKind : byte
{
    /// <summary>A XenCenter opened.</summary>
    Start,
    /// <summary>24 hours after the check before it, of a XenCenter that stayed open.</summary>
    Timer,
    /// <summary>Somebody pressed the button.</summary>
    ByHand,
    /// <summary>The same start asked the second URL.</summary>
    SecondUrl,
    /// <summary>The same request again, because the first got no answer.</summary>
    Retry,
    /// <summary>A script asked, no XenCenter.</summary>
    Poller,
}

/// <summary>One request of a simulated world, as the log shows it, and who made it.</summary>
/// <param name="Micros">µs since 1970 UTC.</param>
/// <param name="Address">An IPv4 address as its low 32 bits, or an IPv6 address.</param>
/// <param name="Version">An index into the world's versions.</param>
/// <param name="Install">The number of the install, counted from 0; -1: a poller.</param>
public readonly record struct SimulatedCheck(long Micros, UInt128 Address, int Version, int Install, CheckKind Kind)
{
    /// <summary>Whether the address is of IPv6.</summary>
    public bool IsV6 => Address >> 32 != 0;

    /// <summary>The address, or the /64 of an IPv6 address with zeros after it.</summary>
    public UInt128 Key => IsV6 ? Address >> 64 << 64 : Address;
}
