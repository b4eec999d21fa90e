namespace Pipeline.Processor.Installs.Estimates;

/// <summary>One record of `xencenter-checks`, as estimates need it.</summary>
/// <param name="Micros">µs since 1970 UTC.</param>
/// <param name="Address">An IPv4 address as its low 32 bits, or an IPv6 address.</param>
/// <param name="Version">The place of the version in version order, oldest 0.</param>
public readonly record struct InstallCheck(long Micros, UInt128 Address, int Version)
{
    /// <summary>An IPv4 address, or the /64 of an IPv6 address with zeros after it: a host of IPv6 changes the rest by itself.</summary>
    public UInt128 Key => Address >> 32 == 0 ? Address : Address >> 64 << 64;
}
