using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Tests.Integration.Telemetry;

/// <summary>What Prometheus would read from one scrape.</summary>
internal sealed partial class Exposition
{
    public Exposition(string text)
    {
        Text = text;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line.Split(' ');
                Kinds[parts[2]] = parts[3];
            }
            else if (Sample().Match(line) is { Success: true } match)
            {
                var labels = Label().Matches(match.Groups[2].Value).ToDictionary(l => l.Groups[1].Value, l => l.Groups[2].Value);
                Samples.Add((match.Groups[1].Value, labels, double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture)));
            }
        }
    }

    public string Text { get; }

    public Dictionary<string, string> Kinds { get; } = [];

    public List<(string Name, Dictionary<string, string> Labels, double Value)> Samples { get; } = [];

    /// <summary>Scrapes until what is asked is so.</summary>
    public static async Task<Exposition> WhenAsync(HttpClient http, Uri metrics, Func<Exposition, bool> so)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(40));
        while (true)
        {
            var scrape = new Exposition(await http.GetStringAsync(metrics, bound.Token));
            if (so(scrape))
            {
                return scrape;
            }
        }
    }

    /// <summary>Waits until a shipper holds frames that no commit has yet; <paramref name="line"/> is the one in which it says its
    /// endpoint.</summary>
    public static async Task HoldsAsync(string line)
    {
        using var http = new HttpClient();
        await WhenAsync(http, new Uri(line[(line.IndexOf("url=", StringComparison.Ordinal) + 4)..].Split(' ')[0]), e =>
            e.Sum("pipeline_backlog_captures") > 0);
    }

    /// <summary>The sum over the series that have these labels; null where there is none.</summary>
    public double? Sum(string name, params (string Label, string Value)[] labels)
    {
        var found = Samples.Where(s => s.Name == name && labels.All(l => s.Labels.GetValueOrDefault(l.Label) == l.Value)).ToList();
        return found.Count == 0 ? null : found.Sum(s => s.Value);
    }

    [GeneratedRegex(@"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$")]
    private static partial Regex Sample();

    [GeneratedRegex("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Label();
}
