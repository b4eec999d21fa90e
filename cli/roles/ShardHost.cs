using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Ingest.Containers;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Roles;

/// <summary>One source and its shard in a process that runs: locked and claimed, then its files or its container are followed and its captures made until it is stopped.</summary>
internal sealed class ShardHost : IDisposable
{
    private readonly IDisposable? _lock;
    private readonly ISource? _follows;
    private Task _running = Task.CompletedTask;
    private Task _following = Task.CompletedTask;

    private readonly FileNames _names;
    private readonly KnownContents? _contents;

    private ShardHost(SourceSettings settings, ShardLoop loop, ISource? follows, FileCursors cursors, IDisposable? held) =>
        (Settings, Loop, _follows, _names, _contents, _lock) = (settings, loop, follows, cursors.Names, cursors.Contents, held);

    public string Name => Settings.Name;

    public SourceSettings Settings { get; }

    public ShardLoop Loop { get; }

    public static async Task<ShardHost> ClaimAsync(SourceSettings source, PipelineSettings settings, OpenInstallation installation, BlockEncoder encoder, RoleEvents events, Workers workers, CancellationToken cancel)
    {
        var held = ShardLock.Take(installation, source.Name);
        var names = settings.NamesOf(source.Name, installation.Key);
        KnownContents? contents = null;
        var loop = new ShardLoop(source.Name, installation.Captures, installation.Contracts, encoder, settings.Flush, workers, installation.Time, events);
        try
        {
            await loop.ClaimAsync([source.Name], cancel);
            contents = new KnownContents(installation.Captures, source.Name, loop.State, installation.Time);
            var cursors = new FileCursors(source.Name, loop.State.Files, names) { Contents = contents };
            ISource? follows = source.Container is { } container ? Container(container, source, settings, installation, cursors, events, workers)
                : source.Paths.Count == 0 ? null
                : new TailSource(new TailOptions { Paths = source.Paths }, cursors, source.LineFormat, installation.Key.Cursors(), workers, installation.Time, events.Of(source.Name, names));
            return new ShardHost(source, loop, follows, cursors, held);
        }
        catch
        {
            loop.Dispose();
            names.Dispose();
            contents?.Dispose();
            held?.Dispose();
            throw;
        }
    }

    private static ContainerSource Container(ContainerSettings container, SourceSettings source, PipelineSettings settings, OpenInstallation installation, FileCursors cursors, RoleEvents events, Workers workers)
    {
        // An outage of the source's container is its own: told apart from those of the stores.
        var outage = events.Outages(installation.Time);
        var options = container.Options with { Waiting = outage.Waiting, Answered = outage.Answered };
        return new ContainerSource(cursors, container.Open(source.Name, settings.StoreTimeout), options, source.LineFormat, installation.Key.Cursors(), workers, installation.Time,
            events.Of(source.Name, cursors.Names));
    }

    /// <summary>The tasks that end when the host was stopped, or fault with what stopped it.</summary>
    public IReadOnlyList<Task> Start(CancellationToken abandon, CancellationToken stop)
    {
        _running = Loop.RunAsync(abandon);
        _following = _follows?.RunAsync(Loop, stop) ?? Task.CompletedTask;
        return _follows is null ? [_running] : [_running, _following];
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
        (_follows as IDisposable)?.Dispose();
        Loop.Dispose();
        _names.Dispose();
        _contents?.Dispose();
        _lock?.Dispose();
    }
}
