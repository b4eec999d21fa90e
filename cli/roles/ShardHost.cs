using Pipeline.Cli.Config;
using Pipeline.Core;
using Pipeline.Ingest;
using Pipeline.Ingest.Sources;

namespace Pipeline.Cli.Roles;

/// <summary>One source and its shard in a process that runs: locked and claimed, then its files are followed and its captures made until it is stopped.</summary>
internal sealed class ShardHost : IDisposable
{
    private readonly IDisposable? _lock;
    private readonly TailSource? _tail;
    private Task _running = Task.CompletedTask;
    private Task _following = Task.CompletedTask;

    private ShardHost(SourceSettings settings, ShardLoop loop, TailSource? tail, IDisposable? held) => (Settings, Loop, _tail, _lock) = (settings, loop, tail, held);

    public string Name => Settings.Name;

    public SourceSettings Settings { get; }

    public ShardLoop Loop { get; }

    public static async Task<ShardHost> ClaimAsync(SourceSettings source, Settings settings, Installation installation, BlockEncoder encoder, RoleEvents events, Workers workers, CancellationToken cancel)
    {
        var held = ShardLock.Take(installation, source.Name);
        var loop = new ShardLoop(source.Name, installation.Captures, installation.Contracts, encoder, settings.Flush, workers, installation.Time, events);
        try
        {
            await loop.ClaimAsync([source.Name], cancel);
            var tail = source.Paths.Count == 0 ? null : new TailSource(
                new TailOptions { Paths = source.Paths }, new FileCursors(source.Name, loop.State.Files), source.LineFormat, installation.Key.Cursors(), workers, installation.Time, events);
            return new ShardHost(source, loop, tail, held);
        }
        catch
        {
            loop.Dispose();
            held?.Dispose();
            throw;
        }
    }

    /// <summary>The tasks that end when the host was stopped, or fault with what stopped it.</summary>
    public IReadOnlyList<Task> Start(CancellationToken abandon, CancellationToken stop)
    {
        _running = Loop.RunAsync(abandon);
        _following = _tail?.RunAsync(Loop, stop) ?? Task.CompletedTask;
        return _tail is null ? [_running] : [_running, _following];
    }

    /// <summary>After `stop` was cancelled: what the source offered is captured. Faults are in the tasks of <see cref="Start"/>.</summary>
    public async Task StopAsync()
    {
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Loop.Complete();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        Loop.Dispose();
        _lock?.Dispose();
    }
}
