using System.Globalization;

namespace Pipeline.Worlds.Counting;

/// <summary>The versions of a world, oldest first: six that are out when it starts, and another one at regular intervals.</summary>
internal sealed class ReleaseCalendar
{
    /// <summary>Versions that are out at the start.</summary>
    public const int Before = 6;

    private readonly int _first;
    private readonly int _every;

    public ReleaseCalendar(int days, int every, int first)
    {
        (_every, _first) = (every, first);
        Versions = [.. Enumerable.Range(0, Before + Math.Max(0, (days - first + every - 1) / every)).Select(Name)];
    }

    public IReadOnlyList<string> Versions { get; }

    /// <summary>The version that comes out on a day counted from the start, or -1.</summary>
    public int ReleasedOn(int day) => day >= _first && (day - _first) % _every == 0 ? Before + (day - _first) / _every : -1;

    private static string Name(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{2025 + index / 6}.{index % 6}.0.{8100 + 17 * index}");
}
