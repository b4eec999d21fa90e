using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Ingest.Containers;

/// <summary>
/// Where a blob lies among those that are written by the hour: below a root (a resource, an app) in folders of year, month, day and hour.
/// Read by position, because `m=` is the month and, after the hour, the minute.
/// </summary>
/// <param name="Root">The name up to the year.</param>
/// <param name="Named">Whether the folders have names: `y=2026/m=01/d=05/h=08/m=00/` (diagnostic settings), or not: `2026/01/05/08/` (App
/// Service).</param>
/// <param name="Hour">The hour, UTC, that the folders name.</param>
internal readonly partial record struct ContainerLayout(string Root, bool Named, DateTimeOffset Hour)
{
    /// <summary>The layout of a blob's name, or null where it is none that is known.</summary>
    public static ContainerLayout? Of(string name)
    {
        var named = NamedFolders().Match(name);
        var match = named.Success ? named : PlainFolders().Match(name);
        return match.Success
            && DateTimeOffset.TryParseExact(
            $"{match.Groups["y"].ValueSpan}{match.Groups["m"].ValueSpan}{match.Groups["d"].ValueSpan}{match.Groups["h"].ValueSpan}",
            "yyyyMMddHH",
                CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var hour)
            ? new ContainerLayout(match.Groups["root"].Value, named.Success, hour) : null;
    }

    /// <summary>The prefixes of the days from <paramref name="from"/> to <paramref name="to"/>: a day is one list, an hour would be too
    /// many.</summary>
    public static IEnumerable<string> Days(string root, bool named, DateTimeOffset from, DateTimeOffset to)
    {
        for (var day = from.UtcDateTime.Date; day <= to.UtcDateTime; day = day.AddDays(1))
        {
            yield return root + day.ToString(named ? "'y='yyyy'/m='MM'/d='dd'/'" : "yyyy'/'MM'/'dd'/'", CultureInfo.InvariantCulture);
        }
    }

    [GeneratedRegex(@"^(?<root>(?:[^/]*/)*?)y=(?<y>\d{4})/m=(?<m>\d{2})/d=(?<d>\d{2})/h=(?<h>\d{2})/",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex NamedFolders();

    [GeneratedRegex(@"^(?<root>(?:[^/]*/)*?)(?<y>\d{4})/(?<m>\d{2})/(?<d>\d{2})/(?<h>\d{2})/",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PlainFolders();
}
