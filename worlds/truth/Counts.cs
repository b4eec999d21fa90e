namespace Pipeline.Worlds;

/// <summary>Lines and what became of them: lines = the sum of records + the sum of rejections. Only what occurred has a key.</summary>
/// <param name="Records">By dataset.</param>
/// <param name="Rejections">By reason code, in the order of the checks.</param>
public sealed record Counts(long Lines, IReadOnlyDictionary<string, long> Records, IReadOnlyDictionary<string, long> Rejections)
{
    public long RecordsOf(string dataset) => Records.GetValueOrDefault(dataset);

    public long RejectionsOf(string reason) => Rejections.GetValueOrDefault(reason);

    public static Counts operator +(Counts a, Counts b) => new(a.Lines
        + b.Lines, Merge(a.Records, b.Records), Merge(a.Rejections, b.Rejections));

    public static Counts Of(ReadOnlySpan<long> byOutcome)
    {
        var (records, rejections, lines) = (new Dictionary<string, long>(), new Dictionary<string, long>(), 0L);
        for (var i = 0; i < byOutcome.Length; i++)
        {
            if (byOutcome[i] > 0)
            {
                (((Outcome)i).IsRecord() ? records : rejections)[((Outcome)i).Code()] = byOutcome[i];
                lines += byOutcome[i];
            }
        }
        return new Counts(lines, records, rejections);
    }

    private static Dictionary<string, long> Merge(IReadOnlyDictionary<string, long> a, IReadOnlyDictionary<string, long> b) =>
        a.Concat(b).GroupBy(pair => pair.Key).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
}
