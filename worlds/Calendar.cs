using System.Globalization;

namespace Pipeline.Worlds;

/// <summary>Instants are µs since 1970 UTC.</summary>
internal static class Calendar
{
    public const long Second = 1_000_000, Minute = 60 * Second, Hour = 60 * Minute, Day = 24 * Hour;

    public static long Micros(DateOnly day) => (day.DayNumber - new DateOnly(1970, 1, 1).DayNumber) * Day;

    public static DateTime At(long micros) => DateTime.UnixEpoch.AddTicks(micros * 10);

    public static string Date(long micros) => At(micros).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Monday(long micros) => Date(micros / Day * Day - ((int)At(micros).DayOfWeek + 6) % 7 * Day);
}
