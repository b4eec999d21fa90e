namespace Pipeline.Cli.Output;

/// <summary>A series as one line of text.</summary>
internal static class Sparkline
{
    private const string Steps = "▁▂▃▄▅▆▇█";

    /// <summary>One character a value, from 0 to the largest; a dot for a value that is not known.</summary>
    public static string Of(IReadOnlyList<double?> values)
    {
        var most = values.Max() ?? 0;
        return string.Concat(values.Select(value => value is { } known && most > 0
            ? Steps[Math.Clamp((int)Math.Ceiling(known / most * Steps.Length) - 1, 0, Steps.Length - 1)] : '·'));
    }
}
