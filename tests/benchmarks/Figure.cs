using System.Text.Json;

namespace Pipeline.Tests.Benchmarks;

/// <summary>One measured figure: what a row of the table says. Rates are per second, so larger is better, unless the unit is a time or a
/// size.</summary>
/// <param name="Median">Of the repetitions, in <paramref name="Unit"/>; beside it the least and the most.</param>
/// <param name="PerCpuSecond">Items per second of processor time, user and system, of the whole process.</param>
/// <param name="PeakBytes">The most resident memory of the process that did the work.</param>
/// <param name="BytesPerRow">What a row takes where the stage writes it.</param>
/// <param name="AllocatedPerItem">Managed bytes allocated for an item.</param>
/// <param name="Ratio">To the baseline of the same session.</param>
internal sealed record Figure(string Name, string Unit, double Median, double Least, double Most)
{
    public double? PerCpuSecond { get; init; }
    public long? PeakBytes { get; init; }
    public double? BytesPerRow { get; init; }
    public double? AllocatedPerItem { get; init; }
    public double? Ratio { get; init; }
    /// <summary>What must be reached, in words; empty: nothing is asked of it.</summary>
    public string Target { get; init; } = "";
    public bool? Met { get; init; }
    public string Note { get; init; } = "";

    public static void Write(IEnumerable<Figure> figures) => Console.Out.WriteLine(JsonSerializer.Serialize(figures));

    public static IReadOnlyList<Figure> Read(string json) => JsonSerializer.Deserialize<List<Figure>>(json)!;

    /// <summary>A rate that must not be below <paramref name="target"/>.</summary>
    public Figure AtLeast(double target) => this with { Target = $"≥ {Si(target)} {Unit}", Met = Median >= target };

    /// <summary>A time or a size that must not be above <paramref name="target"/>.</summary>
    public Figure AtMost(double target) => this with { Target = $"≤ {Si(target)} {Unit}", Met = Median <= target };

    /// <summary>Three digits and a letter: 9.31 M.</summary>
    public static string Si(double value)
    {
        var (scaled, letter) = Math.Abs(value) switch { >= 1e9 => (value / 1e9, " G"), >= 1e6 => (value / 1e6, " M"), >= 1e4 =>
            (value / 1e3, " k"), _ => (value, "") };
        return scaled.ToString(Math.Abs(scaled) switch { >= 100 => "0", >= 10 => "0.#", _ => "0.##" }) + letter;
    }
}
