namespace Pipeline.Cli.Settings;

/// <summary>The name that was probably meant, where one was typed that does not exist.</summary>
internal static class Suggestion
{
    /// <summary>" Did you mean 'verify'?", or nothing where no known name is near.</summary>
    public static string For(string typed, IEnumerable<string> known) =>
        Nearest(typed, known) is { } name ? $" Did you mean '{name}'?" : "";

    /// <summary>The known name with the fewest edits, at most a third of what was typed; null: none is that near.</summary>
    public static string? Nearest(string typed, IEnumerable<string> known)
    {
        var most = Math.Max(1, typed.Length / 3);
        var nearest = known.Select(name => (Name: name, Edits: Edits(typed.ToUpperInvariant(), name.ToUpperInvariant())))
            .Where(candidate => candidate.Edits <= most).OrderBy(candidate => candidate.Edits).FirstOrDefault();
        return nearest.Name;
    }

    /// <summary>Letters put in, left out, changed, or swapped with their neighbour (optimal string alignment).</summary>
    public static int Edits(string from, string to)
    {
        var cost = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            for (var j = 0; j <= to.Length; j++)
            {
                cost[i, j] = i == 0 ? j : j == 0 ? i : Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1,
                    cost[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }
        return cost[from.Length, to.Length];
    }
}
