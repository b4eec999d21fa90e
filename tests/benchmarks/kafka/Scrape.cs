using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Benchmarks.Kafka;

/// <summary>What a role's metrics endpoint says now.</summary>
internal sealed partial class Scrape
{
    private readonly List<(string Line, double Value)> _samples;

    private Scrape(List<(string Line, double Value)> samples) => _samples = samples;

    /// <summary>The arguments that turn the endpoint on.</summary>
    public static string[] Wanted => ["--metrics", "http://127.0.0.1:0"];

    public static async Task<Scrape> OfAsync(Role role)
    {
        await role.UntilAsync("metrics url=");
        var line = role.Log.First(l => l.Line.Contains("metrics url=", StringComparison.Ordinal)).Line;
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri(line.Split("url=")[1].Split(' ')[0]));
        return new Scrape(
            [.. Sample().Matches(text).Select(m => (m.Groups[1].Value, double.Parse(m.Groups[2].Value, CultureInfo.InvariantCulture)))]);
    }

    /// <summary>The sum of a metric's series that have these labels, each as `name="value"`.</summary>
    public double Sum(string metric, params string[] labels) =>
        _samples.Where(s => (s.Line == metric || s.Line.StartsWith(metric + "{", StringComparison.Ordinal))
            && labels.All(l => s.Line.Contains(l, StringComparison.Ordinal))).Sum(s => s.Value);

    /// <summary>Requests to a store by what was asked: `us list 3, us read 20`.</summary>
    public string Requests(Scrape? since = null) => string.Join(", ", _samples
        .Select(s => (Match: Request().Match(s.Line), s.Value)).Where(s => s.Match.Success)
        .GroupBy(s => (Store: s.Match.Groups["store"].Value, Operation: s.Match.Groups["operation"].Value))
        .Select(g => (g.Key,
            Count: g.Sum(s => s.Value) - (since?.Sum(RequestsTotal, $"store=\"{g.Key.Store}\"", $"operation=\"{g.Key.Operation}\"") ?? 0)))
        .Where(g => g.Count > 0).OrderBy(g => g.Key).Select(g => $"{g.Key.Store} {g.Key.Operation} {g.Count:N0}"));

    public double Puts => Sum(RequestsTotal, "operation=\"put\"");

    private const string RequestsTotal = "pipeline_store_requests_total";

    [GeneratedRegex(@"^([a-z_]+(?:\{[^}]*\})?) ([0-9.eE+-]+)", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex(@"^pipeline_store_requests_total\{(?=.*store=""(?<store>\w+)"")(?=.*operation=""(?<operation>\w+)"")")]
    private static partial Regex Request();
}
