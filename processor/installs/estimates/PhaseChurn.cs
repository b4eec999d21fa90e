namespace Pipeline.Processor.Installs.Estimates;

/// <summary>
/// How often an install has the same key a day later, from the clients' timer of 24 hours: of pairs of checks exactly a day apart with one
/// version, those with one key are of one install, and so are those with two keys beyond as many as chance brings, which is counted at
/// lags that are nearly a day. Only the sums are kept; no pair is.
/// </summary>
internal static class PhaseChurn
{
    private const long Second = 1_000_000, Lag = 86_400 * Second, Exact = 4 * Second, Near = 120 * Second, Far = 600 * Second;

    /// <param name="order">Checks in the order of their times.</param>
    /// <param name="from">The first instant of the first check of a pair, µs since 1970.</param>
    /// <param name="until">Exclusive.</param>
    /// <returns>The share that keeps its key for a day, 0 to 1; NaN without pairs.</returns>
    public static double Survival(ReadOnlySpan<(long Micros, int Key, int Version)> order, long from, long until)
    {
        var (same, other, nearby) = (0L, 0L, 0L);
        var begin = 0;
        for (var i = First(order, from); i < order.Length && order[i].Micros < until; i++)
        {
            var (at, key, version) = order[i];
            begin = Math.Max(begin, i);
            while (begin < order.Length && order[begin].Micros < at + Lag - Far)
            {
                begin++;
            }
            var (own, others, near) = (false, 0, 0);
            for (var j = begin; j < order.Length && order[j].Micros <= at + Lag + Far; j++)
            {
                if (order[j].Version != version)
                {
                    continue;
                }
                var off = Math.Abs(order[j].Micros - at - Lag);
                own |= off <= Exact && order[j].Key == key;
                others += off <= Exact && order[j].Key != key ? 1 : 0;
                near += off > Near && order[j].Key != key ? 1 : 0;
            }
            // A check that has its successor has no other.
            (other, nearby) = own ? (other, nearby) : (other + others, nearby + near);
            same += own ? 1 : 0;
        }
        var chance = nearby * (double)Exact / (Far - Near);
        return same + other - chance > 0 ? Math.Min(1, same / (same + other - chance)) : double.NaN;
    }

    private static int First(ReadOnlySpan<(long Micros, int Key, int Version)> order, long from)
    {
        var at = order.BinarySearch((from, -1, -1), Comparer<(long, int, int)>.Default);
        return at < 0 ? ~at : at;
    }
}
