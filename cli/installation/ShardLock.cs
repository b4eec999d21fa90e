using Pipeline.Core;
using Pipeline.Core.Store.Directories;

namespace Pipeline.Cli.Installation;

/// <summary>A source is its own shard. In a directory one process of this machine has it at a time, and the newcomer is refused; in Azure
/// the newest start wins, by its claim (rule 5).</summary>
internal static class ShardLock
{
    /// <exception cref="PipelineException">5: another process has the source.</exception>
    public static IDisposable? Take(OpenInstallation installation, string source) => installation.Us is not DirectoryStore directory ? null
        : directory.TryLock("shards/" + source)
        ?? throw new OutageException(
            $"another process has source {source} in {directory.Location} (a `run` or an `import`). Wait until it ends, stop it, or " +
            $"give these lines another --source.");
}
