namespace Pipeline.Cli.Settings;

/// <summary>Whether two patterns of files can match the same name. As in <see cref="Ingest.Files.SourcePaths"/>: `*` and `?` within a name,
/// `**` any folders, and a folder stands for all that is below it.</summary>
internal static class PathPatterns
{
    public static bool MayMeet(string a, string b) => MayMeet(Parts(a), 0, Parts(b), 0, []);

    /// <summary>Whether two names with `*` and `?` can be the same name.</summary>
    public static bool MayBeAlike(string a, string b)
    {
        // reached[k]: what is before the place in `a` can be what is before k in `b`.
        var reached = new bool[b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            var next = new bool[b.Length + 1];
            for (var k = 0; k <= b.Length; k++)
            {
                next[k] = (i == 0 && k == 0)
                    || (i > 0 && a[i - 1] == '*' && reached[k]) || (k > 0 && b[k - 1] == '*' && next[k - 1])
                    || (i > 0 && k > 0 && a[i - 1] == '*' && next[k - 1]) || (i > 0 && k > 0 && b[k - 1] == '*' && reached[k])
                    || (i > 0 && k > 0 && reached[k - 1] && (a[i - 1] == b[k - 1] || a[i - 1] is '?' or '*' || b[k - 1] is '?' or '*'));
            }
            reached = next;
        }
        return reached[b.Length];
    }

    /// <summary>Every path may be a folder, so each ends with any folders.</summary>
    private static string[] Parts(string path) => [.. Path.GetFullPath(path)
        .Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries), "**"];

    private static bool MayMeet(string[] a, int i, string[] b, int k, HashSet<(int, int)> failed)
    {
        if (i == a.Length || k == b.Length)
        {
            return a[i..].Concat(b[k..]).All(part => part == "**");
        }
        if (failed.Contains((i, k)))
        {
            return false;
        }
        var may = (a[i] == "**" && (MayMeet(a, i + 1, b, k, failed) || MayMeet(a, i, b, k + 1, failed)))
            || (b[k] == "**" && (MayMeet(a, i, b, k + 1, failed) || MayMeet(a, i + 1, b, k, failed)))
            || (a[i] != "**" && b[k] != "**" && AreAlike(a[i], b[k]) && MayMeet(a, i + 1, b, k + 1, failed));
        if (!may)
        {
            failed.Add((i, k));
        }
        return may;
    }

    /// <summary>Names that begin with a dot are found only where the pattern does too.</summary>
    private static bool AreAlike(string a, string b) => (a[0] == '.') == (b[0] == '.') && MayBeAlike(a, b);
}
