using Pipeline.Core.Records;

namespace Pipeline.Core.Table.Parquet;

/// <summary>
/// Times of whole seconds of one date, as most logs have them, numbered. Where rows are not in the order of time (compaction sorts by
/// address), differences of µs take 37 bits a row and a number of the second at most 17.
/// </summary>
internal sealed class SecondsDictionary
{
    private const int PerDay = 86_400, MicrosPerSecond = 1_000_000;

    private SecondsDictionary(long[] values, int[] indexes) => (Values, Indexes) = (values, indexes);

    /// <summary>Distinct times, rising.</summary>
    public long[] Values { get; }

    /// <summary>For each row the place of its time.</summary>
    public int[] Indexes { get; }

    /// <summary>Null where differences are smaller: rows in the order of time, times finer than a second or of two dates, or nearly every
    /// second its own.</summary>
    public static SecondsDictionary? Of(ReadOnlySpan<long> times)
    {
        if (times.IsEmpty || Descents(times) < times.Length / 8)
        {
            return null;
        }
        var midnight = UtcDay.Of(times[0]).Number * UtcDay.MicrosPerDay;
        var indexes = new int[times.Length];
        var numbers = new int[PerDay];
        for (var i = 0; i < times.Length; i++)
        {
            var (second, rest) = Math.DivRem(times[i] - midnight, MicrosPerSecond);
            if (rest != 0 || second is < 0 or >= PerDay)
            {
                return null;
            }
            indexes[i] = (int)second;
            numbers[second] = 1;
        }
        var distinct = numbers.Sum();
        // In bits: the distinct values compress to about three bytes each; differences take 37 bits.
        if (distinct * 24L + (long)times.Length * RleEncoding.BitWidth(distinct - 1) >= times.Length * 36L)
        {
            return null;
        }
        var values = new long[distinct];
        for (int second = 0, next = 0; second < PerDay; second++)
        {
            if (numbers[second] != 0)
            {
                values[next] = midnight + (long)second * MicrosPerSecond;
                numbers[second] = next++;
            }
        }
        foreach (ref var index in indexes.AsSpan())
        {
            index = numbers[index];
        }
        return new(values, indexes);
    }

    private static int Descents(ReadOnlySpan<long> times)
    {
        var descents = 0;
        for (var i = 1; i < times.Length; i++)
        {
            descents += times[i] < times[i - 1] ? 1 : 0;
        }
        return descents;
    }
}
