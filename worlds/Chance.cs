namespace Pipeline.Worlds;

/// <summary>Draws from a seeded Random.</summary>
internal static class Chance
{
    /// <summary>A generator of its own for one part of a world, so that one part's draws do not move another's.</summary>
    public static Random For(int seed, string part)
    {
        var hash = 2166136261u;
        foreach (var c in part)
        {
            hash = (hash ^ c) * 16777619;
        }
        return new Random(unchecked(seed * 486187739 + (int)hash));
    }

    public static bool Happens(this Random random, double p) => random.NextDouble() < p;

    public static T Pick<T>(this Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    public static long Between(this Random random, long from, long to) => random.NextInt64(from, to);

    public static double Normal(this Random random, double mean, double deviation) =>
        mean + deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>1, 2, 3 … of which k or more come with chance k^-1.5: most are alone, a few are many.</summary>
    public static int Zipf(this Random random, int most) => (int)Math.Min(most, Math.Pow(1 - random.NextDouble(), -1 / 1.5));

    public static int Weighted(this Random random, ReadOnlySpan<double> weights)
    {
        var total = 0.0;
        foreach (var weight in weights)
        {
            total += weight;
        }
        var draw = random.NextDouble() * total;
        for (var i = 0; i < weights.Length; i++)
        {
            if ((draw -= weights[i]) < 0)
            {
                return i;
            }
        }
        return weights.Length - 1;
    }

    public static string Hex(this Random random, int digits) => random.NextInt64(1L << (4 * digits))
        .ToString("x" + digits, System.Globalization.CultureInfo.InvariantCulture);
}
