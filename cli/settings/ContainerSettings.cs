using Pipeline.Core;
using Pipeline.Core.Store;
using Pipeline.Core.Store.Azure;
using Pipeline.Ingest.Containers;
using YamlDotNet.RepresentationModel;

namespace Pipeline.Cli.Settings;

/// <summary>A source's section `container`: a container that Azure appends logs to, and which of its blobs are the source's.</summary>
/// <param name="ConnectionFile">A file that holds a connection string; null: the identity of this process.</param>
public sealed record ContainerSettings(string Url, string Prefix, string Pattern, string? ConnectionFile, TimeSpan Poll)
{
    private static readonly string[] Keys = ["url", "prefix", "pattern", "connection-string-file", "poll"];

    public ContainerOptions Options => new() { Prefix = Prefix, Pattern = Pattern, Poll = Poll };

    /// <summary>Opens the container; nothing is asked before it is read.</summary>
    /// <exception cref="PipelineException">4: in the clear. 78: no URL of a container, no credential, a file that cannot be
    /// read.</exception>
    public IAppendedBlobs Open(string source, TimeSpan timeout)
    {
        Secret? connection = null;
        if (ConnectionFile is { } file)
        {
            try
            {
                connection = File.ReadAllText(file).Trim() is { Length: > 0 } text ? new Secret(text)
                    : throw new ConfigurationException(
                        $"sources.container.connection-string-file of {source}: {file} is empty; expected a connection string.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ConfigurationException(
                    $"sources.container.connection-string-file of {source}: {file} cannot be read ({e.GetType().Name}). Name a file " +
                    $"that this user may read.", e);
            }
        }
        return new AzureAppendedBlobs(AzureLocation.Parse(Url), connection, timeout);
    }

    /// <summary>Reads the section; null where it is wrong, and then each error is added.</summary>
    /// <param name="where">The file, for errors.</param>
    /// <param name="folder">What paths are relative to.</param>
    /// <exception cref="PipelineException">4: plain http off loopback.</exception>
    public static ContainerSettings? Read(YamlNode node, string source, string where, string folder, List<string> errors)
    {
        var before = errors.Count;
        if (node is not YamlMappingNode map)
        {
            errors.Add($"{where}, line {node.Start.Line}: sources.container of {source}: expected {{url, prefix, pattern, " +
                $"connection-string-file, poll}}.");
            return null;
        }
        string? Text(string key) => map.Children.TryGetValue(new YamlScalarNode(key), out var value)
            && value is YamlScalarNode { Value: { Length: > 0 } text } ? text : null;
        void Wrong(string key, string what) => errors.Add($"{where}, line {map.Start.Line}: sources.container.{key} of {source}: {what}");
        foreach (var key in map.Children.Keys.Where(k => !Keys.Contains(k.ToString())))
        {
            errors.Add($"{where}, line {key.Start.Line}: 'sources.container.{key}' is no setting; known here: {string.Join(", ", Keys)}.");
        }
        var url = Text("url");
        try
        {
            _ = AzureLocation.Parse(url ?? "");
        }
        catch (ConfigurationException e)
        {
            Wrong("url", e.Message);
        }
        var poll = SettingKeys.ParseSpan(Text("poll") ?? "30s");
        if (poll is null || poll < TimeSpan.FromSeconds(1) || poll > TimeSpan.FromHours(1))
        {
            Wrong("poll", $"found '{Text("poll")}', expected a time with its unit, 1s to 1h (default 30s): longer: fewer requests, " +
                $"later lines.");
        }
        var connection = Text("connection-string-file");
        return errors.Count > before ? null : new ContainerSettings(url!, Text("prefix") ?? "", Text("pattern") ?? "*", connection is null
            ? null : Path.Combine(folder, connection), poll!.Value);
    }
}
