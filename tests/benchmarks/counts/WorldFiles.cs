using System.Globalization;
using Pipeline.Worlds.Counting;

namespace Pipeline.Tests.Benchmarks.Counts;

/// <summary>Writes the log lines and the truth of one world into a folder.</summary>
internal static class WorldFiles
{
    /// <param name="more">Installs and weeks, where they are not the recipe's.</param>
    public static int Write(string name, string seed, string folder, string[] more)
    {
        var recipe = Recipes.All.FirstOrDefault(r => r.Name == name);
        if (recipe is null || !int.TryParse(seed, CultureInfo.InvariantCulture, out var number)
            || !Array.TrueForAll(more, m => int.TryParse(m, CultureInfo.InvariantCulture, out var n) && n > 0))
        {
            Console.Error.WriteLine($"world: found '{name} {seed} {string.Join(' ', more)}', expected one of "
                + $"{string.Join(", ", Recipes.All.Select(r => r.Name))}, a seed, a folder and perhaps installs and weeks, above 0");
            return 2;
        }
        recipe = recipe with
        {
            Instances = more.Length > 0 ? int.Parse(more[0], CultureInfo.InvariantCulture) : recipe.Instances,
            Weeks = more.Length > 1 ? int.Parse(more[1], CultureInfo.InvariantCulture) : recipe.Weeks,
        };
        Console.WriteLine($"{CountingLog.Write(recipe, number, folder):N0} lines, the truth in {CountingLog.TruthName}");
        return 0;
    }
}
