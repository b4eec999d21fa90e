namespace Pipeline.Cli.Settings;

/// <summary>The line of a file at which an error lies, with a mark below its column.</summary>
internal static class YamlSnippet
{
    private const int Width = 76;

    private static readonly string[] s_secrets = ["connection-string", "password", "secret", "token", "AccountKey=", "SharedAccess",
        "sig="];

    /// <summary>Begins with a line end; empty where the line cannot be shown. What follows a secret's name on it is not shown.</summary>
    /// <param name="line">From 1; after the last: the last that is not empty.</param>
    /// <param name="column">From 1.</param>
    public static string At(string path, int line, int column)
    {
        try
        {
            var lines = File.ReadLines(path).Take(line).ToList();
            if (lines.Count < line || string.IsNullOrWhiteSpace(lines[^1]))
            {
                column = int.MaxValue;
            }
            var last = lines.FindLastIndex(text => !string.IsNullOrWhiteSpace(text));
            if (last < 0)
            {
                return "";
            }
            var text = Shown(lines[last].Replace('\t', ' '));
            return $"{Environment.NewLine}  {last + 1} | {text}{Environment.NewLine}"
                + $"  {new string(' ', $"{last + 1}".Length)} | {new string(' ', Math.Clamp(column - 1, 0, text.Length))}^";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string Shown(string text)
    {
        var key = s_secrets.FirstOrDefault(name => text.Contains(name, StringComparison.OrdinalIgnoreCase));
        text = key is null ? text : text[..(text.IndexOf(key, StringComparison.OrdinalIgnoreCase) + key.Length)] + " ...";
        return text.Length > Width ? text[..Width] + " ..." : text;
    }
}
