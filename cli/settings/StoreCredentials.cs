using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;

namespace Pipeline.Cli.Settings;

/// <summary>Connection strings, and where they may come from: a file, or the environment, which wins. None: the identity of this process.
/// They are in no message.</summary>
internal static class StoreCredentials
{
    /// <param name="side">`us` or `uk`, for errors.</param>
    /// <exception cref="PipelineException">78: the file cannot be read, or is empty.</exception>
    public static Secret? Of(string side, Secret? environment, string? file)
    {
        if (environment is not null || file is null)
        {
            return environment;
        }
        try
        {
            return File.ReadAllText(file).Trim() is { Length: > 0 } text ? new Secret(text)
                : throw new ConfigurationException($"stores.{side}.connection-string-file: {file} is empty; expected a connection string.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(
                $"stores.{side}.connection-string-file: {file} cannot be read ({e.GetType().Name}). Name a file that this user may read.",
                e);
        }
    }

    /// <summary>For a command that names its store itself: what the environment has for that side.</summary>
    public static Secret? Of(string side, IReadOnlyDictionary<string, string> environment)
    {
        string? Value(string name) =>
            environment.GetValueOrDefault(SettingKeys.Find($"stores.{side}.{name}")!.Environment) is { Length: > 0 } value ? value : null;
        return Of(side, Value("connection-string") is { } text ? new Secret(text) : null, Value("connection-string-file"));
    }

    /// <summary>A store is a directory or a container, and a URL is one; what would go in the clear stops at once.</summary>
    /// <exception cref="PipelineException">4: plain http off loopback.</exception>
    public static void Check(PipelineSettings settings, string where, List<string> errors)
    {
        foreach (var (side, path, url) in new[] { ("us", settings.UsPath, settings.UsUrl), ("uk", settings.UkPath, settings.UkUrl) })
        {
            if (path is not null && url is not null)
            {
                errors.Add($"{where}: stores.{side}.path and stores.{side}.url are both set; expected one: a directory or a container.");
            }
            if (url is not null)
            {
                try
                {
                    AzureLocation.Parse(url);
                }
                catch (ConfigurationException e)
                {
                    errors.Add($"{where}: stores.{side}.url: {e.Message}");
                }
            }
        }
        if (settings.UsUrl is { } us && us == settings.UkUrl)
        {
            errors.Add($"{where}: stores.us.url and stores.uk.url are the same container; expected two, because they are two stores in " +
                $"two countries.");
        }
    }
}
