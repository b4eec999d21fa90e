using Pipeline.Cli.Installation;
using Pipeline.Cli.Output;
using Pipeline.Cli.Settings;
using Pipeline.Core;

namespace Pipeline.Cli.Commands;

/// <summary>Names of sources and shards that are typed are held against those that the installation has.</summary>
internal static class KnownShards
{
    /// <param name="option">The option that names it, for the message.</param>
    /// <param name="name">Null: none was named.</param>
    /// <exception cref="UsageException">There is no such shard.</exception>
    public static async Task CheckAsync(OpenInstallation installation, string option, string? name, CancellationToken stop)
    {
        var known = new List<string>();
        await foreach (var shard in installation.Captures.ShardsAsync(stop))
        {
            known.Add(shard);
        }
        if (name is not null && !known.Contains(name))
        {
            throw new UsageException($"{option}: {installation.Us.Location} has no source '{name}'.{Suggestion.For(name, known)} "
                + (known.Count == 0 ? "It has none yet." : "`pipeline status` lists those that it has."));
        }
    }
}
