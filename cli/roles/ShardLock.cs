using Pipeline.Core;

namespace Pipeline.Cli.Roles;

/// <summary>In the embedded way a source is its own shard, and one process of this machine has it at a time (rule 5).</summary>
internal static class ShardLock
{
    /// <exception cref="PipelineException">5: another process has the source.</exception>
    public static IDisposable Take(Installation installation, string source) => installation.Us.TryLock("shards/" + source)
        ?? throw new PipelineException(ExitCode.Outage, $"another process has source {source} in {installation.Us.Location} (a `run` or an `import`). Wait until it ends, stop it, or give these lines another --source.");
}
