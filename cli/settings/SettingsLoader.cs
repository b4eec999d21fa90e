using System.Collections;
using Pipeline.Core;

namespace Pipeline.Cli.Settings;

/// <summary>Puts the settings together: 1 file — 2 environment — 3 options; the later wins. Then relations are checked, and all errors are
/// told at once.</summary>
internal static class SettingsLoader
{
    public const string Prefix = "PIPELINE__";

    /// <summary>The environment's settings: names that begin with PIPELINE__, and those that are a setting's but for the number of
    /// underscores, which are errors.</summary>
    public static IReadOnlyDictionary<string, string> Environment() => System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Where(e => ((string)e.Key).StartsWith(Prefix, StringComparison.Ordinal) || IsNearMiss((string)e.Key))
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);

    private static bool IsNearMiss(string name) => name.StartsWith("PIPELINE_", StringComparison.OrdinalIgnoreCase)
        && SettingKeys.All.Any(key => string.Equals(Letters(key.Environment), Letters(name), StringComparison.OrdinalIgnoreCase));

    private static string Letters(string name) => name.Replace("_", "", StringComparison.Ordinal);

    /// <exception cref="PipelineException">78, with every error.</exception>
    public static PipelineSettings Load(string? file, string? dir, IReadOnlyDictionary<string, string> environment)
    {
        var errors = new List<string>();
        var settings = new PipelineSettings();
        // 1
        if (file is not null)
        {
            settings = new SettingsFile(file, errors).Read(settings);
        }
        // 2
        foreach (var (name, value) in environment.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            if (SettingKeys.All.FirstOrDefault(key => key.Environment == name) is { } key)
            {
                settings = Apply(settings, key, value, $"environment variable {name}", errors);
            }
            else
            {
                var nearest = Suggestion.For(name, SettingKeys.All.Select(k => k.Environment));
                errors.Add($"environment variable {name}: it is no setting." + (nearest.Length > 0 ? nearest
                    : $" Known: {string.Join(", ", SettingKeys.All.Select(k => k.Environment))}. Sources are in the file."));
            }
        }
        // 3
        if (dir is not null)
        {
            settings = settings with { UsPath = Path.Combine(dir, "us"), UsUrl = null, UkPath = Path.Combine(dir, "uk"), UkUrl = null,
                Keys = Path.Combine(dir, "keys"), Names = Path.Combine(dir, "names") };
        }
        Relations(settings, file, errors);
        return errors.Count == 0 ? settings : throw new ConfigurationException(string.Join("\nerror: ", errors));
    }

    public static PipelineSettings Apply(PipelineSettings settings, SettingKey key, string value, string where, List<string> errors)
    {
        if (key.Apply(settings, value.Trim()) is { } applied)
        {
            return applied;
        }
        errors.Add($"{where}: found {(key.IsSecret ? "nothing" : $"'{value}'")}, expected " +
            $"{key.Range}{(key.Default.Length > 0 ? $" (default {key.Default})" : "")}: {key.Consequence}.");
        return settings;
    }

    private static void Relations(PipelineSettings settings, string? file, List<string> errors)
    {
        var where = file is null ? "settings" : file;
        StoreCredentials.Check(settings, where, errors);
        foreach (var (name, value) in new[] { ("stores.us.path", settings.UsPath ?? settings.UsUrl),
            ("stores.uk.path", settings.UkPath ?? settings.UkUrl ?? (settings.UsUrl is null ? null
            : "none, as in a process that only makes captures")), ("keys", settings.Keys) })
        {
            // A file that could not be read told so already.
            if (value is null && errors.Count == 0)
            {
                errors.Add($"{where}: {name} is not set; expected {SettingKeys.Find(name)!.Range}, or --dir DIR for all three.");
            }
        }
        if (settings.Keys is { } keys && (Holds(settings.UsPath, keys) || Holds(settings.UkPath, keys)))
        {
            errors.Add($"{where}: keys lies in a store ({keys}); expected a place outside both, because with the key the hashes of rows " +
                $"tell addresses.");
        }
        if (settings.Names is { } names && (Holds(settings.UsPath, names) || Holds(settings.UkPath, names)))
        {
            errors.Add($"{where}: names lies in a store ({names}); expected a place outside both, because names of files may not be " +
                $"stored there.");
        }
        if (settings.UsPath is { } us && settings.UkPath is { } uk)
        {
            if (Inside(us, uk) || Inside(uk, us))
            {
                errors.Add($"{where}: stores.us.path and stores.uk.path lie one in the other ({us}, {uk}); expected two places, because " +
                    $"they are two stores in two countries.");
            }
        }
        if (settings.SealBudget < settings.SealBytes)
        {
            errors.Add($"{where}: seal.budget ({settings.SealBudget}) is below seal.bytes ({settings.SealBytes}): a table would never " +
                $"reach its size.");
        }
        errors.AddRange(KafkaKeys.Relations(settings.Kafka).Select(wrong => $"{where}: {wrong}"));
        foreach (var twice in settings.Sources.GroupBy(s => s.Name).Where(g => g.Count() > 1))
        {
            errors.Add($"{where}: sources: {twice.Key} is there {twice.Count()} times; a source is named once, with all its paths.");
        }
    }

    private static bool Holds(string? store, string path) => store is not null && Inside(path, store);

    private static bool Inside(string path, string of) => (Path.GetFullPath(path) + "/")
        .StartsWith(Path.GetFullPath(of) + "/", StringComparison.Ordinal);
}
