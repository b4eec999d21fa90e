namespace Pipeline.Tests.Unit.Fuzz;

/// <summary>Seeded choices, cheap enough for a hundred million inputs (SplitMix64).</summary>
internal sealed class Chooser(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A choice of its own for each part of a run, whichever thread runs it.</summary>
    public static Chooser For(long seed, long part) => new(Mix((ulong)seed * 0x9E3779B97F4A7C15 ^ Mix((ulong)part)));

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>From 0 to below <paramref name="bound"/>, which is above 0.</summary>
    public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

    /// <summary>Once in <paramref name="times"/>.</summary>
    public bool Once(int times) => Below(times) == 0;

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
