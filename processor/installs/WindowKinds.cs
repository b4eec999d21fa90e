using Pipeline.Core.Records;

namespace Pipeline.Processor.Installs;

/// <summary>The spans that facts are counted over.</summary>
public enum WindowKind
{
    /// <summary>A UTC day.</summary>
    Day,
    /// <summary>An ISO week: Monday to Sunday, UTC.</summary>
    Week,
    /// <summary>28 days from a Monday: four whole ISO weeks. Consecutive, counted from Monday 1970-01-05, so the windows are the same
    /// whatever data there is and whatever range is asked for.</summary>
    Days28,
    /// <summary>A calendar month, UTC.</summary>
    Month,
}

/// <summary>Which window a day is in. A window is named by its first day.</summary>
public static class WindowKinds
{
    private const int FirstMonday = 4;

    public static string Name(WindowKind kind) => kind switch
    {
        WindowKind.Day => "day",
        WindowKind.Week => "week",
        WindowKind.Month => "month",
        _ => "28d",
    };

    /// <summary>The kind of that name, or null.</summary>
    public static WindowKind? Parse(string name) => name switch
    {
        "day" => WindowKind.Day,
        "week" => WindowKind.Week,
        "28d" => WindowKind.Days28,
        "month" => WindowKind.Month,
        _ => null,
    };

    /// <summary>Days of the window that begins with <paramref name="start"/>.</summary>
    public static int Length(WindowKind kind, UtcDay start) => kind switch
    {
        WindowKind.Day => 1,
        WindowKind.Week => 7,
        WindowKind.Month => DateTime.DaysInMonth(start.Date.Year, start.Date.Month),
        _ => 28,
    };

    public static UtcDay StartOf(WindowKind kind, UtcDay day)
    {
        if (kind == WindowKind.Month)
        {
            return UtcDay.Of(new DateOnly(day.Date.Year, day.Date.Month, 1));
        }
        var length = Length(kind, day);
        // Days before the first Monday of 1970 would round the wrong way; times are accepted from 2010 on.
        return new(FirstMonday + (day.Number - FirstMonday) / length * length);
    }

    /// <summary>The window's last day.</summary>
    public static UtcDay EndOf(WindowKind kind, UtcDay start) => new(start.Number + Length(kind, start) - 1);
}
