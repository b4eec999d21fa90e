namespace Pipeline.Worlds.Counting;

/// <summary>A generator of eight bytes (SplitMix64): each install and each line has its own, so that one does not move another's
/// draws.</summary>
internal struct Dice(ulong state)
{
    private ulong _state = state;

    /// <summary>64 bits that look random, the same for the same number.</summary>
    public static ulong Mix(ulong number)
    {
        number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
        number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
        return number ^ (number >> 31);
    }

    /// <summary>A generator for one part of a seeded world.</summary>
    public static Dice For(int seed, ulong part, ulong number) => new(Mix(Mix(Mix((uint)seed + 1UL) + part) + number));

    public ulong Next() => Mix(_state += 0x9e3779b97f4a7c15);

    /// <summary>0 or more, less than 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public bool Happens(double p) => Unit() < p;

    /// <summary>0 … below - 1.</summary>
    public int Below(int below) => (int)(Next() >> 33) % below;

    public long Between(long from, long to) => from + (long)(Unit() * (to - from));

    public double Exponential(double mean) => -mean * Math.Log(1 - Unit());

    public double Normal(double mean, double deviation) =>
        mean + deviation * Math.Sqrt(-2 * Math.Log(1 - Unit())) * Math.Cos(2 * Math.PI * Unit());

    /// <summary>Knuth's product of uniforms: for means of a few.</summary>
    public int Poisson(double mean)
    {
        var (limit, product, count) = (Math.Exp(-mean), Unit(), 0);
        while (product > limit)
        {
            product *= Unit();
            count++;
        }
        return count;
    }

    /// <summary>1, 2, 3 … of which k or more come with chance k^-tail.</summary>
    public int Zipf(int most, double tail) => (int)Math.Min(most, Math.Pow(1 - Unit(), -1 / tail));
}
