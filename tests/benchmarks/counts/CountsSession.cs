using System.Globalization;
using Pipeline.Worlds.Counting;

namespace Pipeline.Tests.Benchmarks.Counts;

/// <summary>Worlds × estimators: how far each is from the truth.</summary>
internal static class CountsSession
{
    private static readonly (int Length, string Name)[] Windows = [(7, "week"), (1, "day"), (28, "28 days")];

    /// <param name="parts">Names of worlds with commas, or all; how many seeds; the first seed; installs of a world.</param>
    public static int Run(string[] parts)
    {
        var names = parts.Length > 0 && parts[0] != "all" ? parts[0].Split(',') : [.. Recipes.All.Select(r => r.Name)];
        int[] numbers = [20, 1000, 0];
        for (var i = 1; i < parts.Length; i++)
        {
            if (i > numbers.Length || !int.TryParse(parts[i], CultureInfo.InvariantCulture, out numbers[i - 1]) || numbers[i - 1] < 1)
            {
                return Usage(parts);
            }
        }
        var recipes = names.Select(name => Recipes.All.FirstOrDefault(r => r.Name == name)).ToList();
        if (parts.Length > 4 || recipes.Contains(null))
        {
            return Usage(parts);
        }
        var scores = recipes.Select(r => new WorldScore(numbers[2] > 0 ? r! with { Instances = numbers[2] } : r!)).ToList();
        Parallel.ForEach(scores.SelectMany(score => Enumerable.Range(numbers[1], numbers[0]).Select(seed => (score, seed))),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, work => work.score.Run(work.seed));
        Print(scores, numbers[0], numbers[1]);
        return 0;
    }

    private static int Usage(string[] parts)
    {
        Console.Error.WriteLine($"counts: found '{string.Join(' ', parts)}', expected nothing, or worlds such as S1,S3 (or all), how many "
            + "seeds, the first seed, and installs, each above 0");
        return 2;
    }

    private static void Print(List<WorldScore> scores, int seeds, int first)
    {
        Console.WriteLine($"{scores[0].Recipe.Instances:N0} installs, {scores[0].Recipe.Weeks} weeks, {seeds} seeds from {first}. Bias, "
            + "and the root of the mean squared error in brackets, in per cent of the truth.");
        foreach (var (length, name) in Windows)
        {
            Table(name, scores, Methods.All.Where(method => scores[0].Of(length, method).Count + scores[0].Of(length, method).Refused > 0)
                .Select(method => (method, (Func<WorldScore, string>)(score => Cell(score.Of(length, method))))));
        }
        Table("bounds of the panel ratio: windows that hold the truth, and the mean full width", scores, Windows.SelectMany(window =>
            new (string, Func<WorldScore, string>)[]
            {
                (window.Name + ", sampling interval", score => Bound(score.Of(window.Length, Methods.Panel), band: false)),
                (window.Name + ", band", score => Bound(score.Of(window.Length, Methods.Panel), band: true)),
            }));
        Table("the rest, in per cent", scores,
        [
            ("version shares, week: mean and most of the largest error", score => Two(score.Shares)),
            ("1-day survival of keys: mean error, and the largest", score => Two(score.Phase)),
            ("pollers' requests dropped", score => Percent(score.Dropped.Bots)),
            ("people's requests dropped", score => Percent(score.Dropped.Humans)),
        ]);
    }

    private static void Table(string title, List<WorldScore> scores, IEnumerable<(string Name, Func<WorldScore, string> Cell)> rows)
    {
        Console.WriteLine();
        Console.WriteLine($"| {title} | {string.Join(" | ", scores.Select(s => s.Recipe.Name))} |");
        Console.WriteLine($"|---|{string.Concat(scores.Select(_ => "---:|"))}");
        foreach (var (name, cell) in rows)
        {
            Console.WriteLine($"| {name} | {string.Join(" | ", scores.Select(cell))} |");
        }
    }

    private static string Cell(Errors errors) => errors.Count == 0 ? "refused"
        : $"{errors.Bias * 100:+0.0;-0.0} ({errors.Rmse * 100:0.0}){(errors.Refused > 0 ? $", {errors.Refused} refused" : "")}";

    private static string Bound(Errors errors, bool band) => errors.Count == 0 ? "refused"
        : $"{(band ? errors.InBand : errors.Inside) * 100:0} %, {(band ? errors.BandWidth : errors.Width) * 100:0.0} %";

    private static string Two((double Mean, double Most) pair) => $"{pair.Mean * 100:0.00}, {pair.Most * 100:0.00}";

    private static string Percent(double share) => $"{share * 100:0.000}";
}
