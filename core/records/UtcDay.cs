namespace Pipeline.Core.Records;

/// <summary>The UTC date of an event, as days since 1970-01-01.</summary>
public readonly record struct UtcDay(int Number) : IComparable<UtcDay>
{
    public const long MicrosPerDay = 86_400_000_000;

    private static readonly int Epoch = new DateOnly(1970, 1, 1).DayNumber;

    /// <summary>The day of an instant in µs since 1970 UTC, which is never negative here (times are accepted from 2010 to 2100).</summary>
    public static UtcDay Of(long micros) => new((int)(micros / MicrosPerDay));

    public static UtcDay Of(DateOnly date) => new(date.DayNumber - Epoch);

    public static UtcDay Parse(string text) => Of(DateOnly.ParseExact(text, "yyyy-MM-dd"));

    public DateOnly Date => DateOnly.FromDayNumber(Number + Epoch);

    public int CompareTo(UtcDay other) => Number.CompareTo(other.Number);

    public override string ToString() => Date.ToString("yyyy-MM-dd");

    public static bool operator <(UtcDay a, UtcDay b) => a.Number < b.Number;
    public static bool operator >(UtcDay a, UtcDay b) => a.Number > b.Number;
    public static bool operator <=(UtcDay a, UtcDay b) => a.Number <= b.Number;
    public static bool operator >=(UtcDay a, UtcDay b) => a.Number >= b.Number;
}
