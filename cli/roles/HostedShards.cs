using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Pipeline.Cli.Settings;
using Pipeline.Cli.Telemetry;
using Pipeline.Core;

namespace Pipeline.Cli.Roles;

/// <summary>
/// The shards of this process, one for each source: claimed one after another, run side by side, stopped together. A fault of one shard
/// stops that shard alone: it is told once and remembered, and the process ends with its exit code when it is stopped, or at once when
/// no shard is left.
/// </summary>
internal sealed class HostedShards(HostContext context, Action<string> log, Meters? meters) : IDisposable
{
    private readonly List<ShardHost> _hosts = [];
    private readonly List<Task> _watches = [];
    private readonly ConcurrentDictionary<string, StoppedShard> _stopped = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _fault;

    /// <summary>Those that were claimed.</summary>
    public IReadOnlyList<ShardHost> Hosts => _hosts;

    /// <summary>Those that stopped, by name; from many threads.</summary>
    public IReadOnlyDictionary<string, StoppedShard> Stopped => _stopped;

    /// <summary>Ends when no shard is left, or when a fault that is not of one shard alone stopped one.</summary>
    public Task Over => _over.Task;

    /// <summary>A fault that is not of one shard alone; null where there was none.</summary>
    public Exception? Fault => Volatile.Read(ref _fault);

    /// <summary>The gravest of the faults that stopped a shard; null where none stopped.</summary>
    public StoppedShard? Gravest => StoppedShard.Gravest(_stopped.Values);

    /// <exception cref="PipelineException">No source could be claimed: the gravest fault. Or a fault that is not of one shard
    /// alone.</exception>
    public async Task ClaimAsync(IEnumerable<SourceSettings> sources, CancellationToken cancel)
    {
        foreach (var source in sources)
        {
            try
            {
                _hosts.Add(await ShardHost.ClaimAsync(source, context, cancel));
            }
            catch (PipelineException e) when (StoppedShard.Of(source.Name, e) is { } stopped)
            {
                Stop(stopped);
            }
        }
        if (_hosts.Count == 0 && Gravest is { } gravest)
        {
            ExceptionDispatchInfo.Throw(gravest.Fault);
        }
    }

    public void Start(CancellationToken abandon, CancellationToken stop)
    {
        foreach (var host in _hosts)
        {
            host.Start(abandon, stop);
            _watches.Add(WatchAsync(host));
        }
    }

    /// <summary>After `stop` was cancelled: everything that the sources offered is captured, or `abandon` was cancelled.</summary>
    public async Task StopAsync()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync();
        }
        await Task.WhenAll(_watches);
    }

    public void Dispose() => _hosts.ForEach(host => host.Dispose());

    private async Task WatchAsync(ShardHost host)
    {
        if (await host.Ended is not { } fault)
        {
            return;
        }
        if (StoppedShard.Of(host.Name, fault) is { } stopped)
        {
            Stop(stopped);
        }
        else
        {
            Interlocked.CompareExchange(ref _fault, fault, null);
            _over.TrySetResult();
        }
        if (_hosts.All(h => _stopped.ContainsKey(h.Name)))
        {
            _over.TrySetResult();
        }
    }

    private void Stop(StoppedShard stopped)
    {
        if (_stopped.TryAdd(stopped.Name, stopped))
        {
            meters?.Stopped(stopped);
            log($"shard-stopped shard={stopped.Name} reason={stopped.Reason} \"{stopped.Fault.Message} The other shards go on.\"");
        }
    }
}
