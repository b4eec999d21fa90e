using Pipeline.Cli.Installation;
using Pipeline.Cli.Settings;
using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Core.Store;
using Pipeline.Ingest.Containers;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Shard;

namespace Pipeline.Cli.Roles;

/// <summary>All that the shards of one process share.</summary>
/// <param name="Retry">Waits out the capture store.</param>
/// <param name="Told">Told of each capture, in this order.</param>
internal sealed record HostContext(
    PipelineSettings Settings, OpenInstallation Installation, BlockEncoder Encoder, RoleEvents Events, StoreRetry Retry, Workers Workers,
    IReadOnlyList<BestEffort> Told);

/// <summary>
/// One source and its shard in a process that runs: locked and claimed, then its files or its container are followed and its captures
/// made, until it is stopped or a fault of its own stops it.
/// </summary>
internal sealed class ShardHost : IDisposable
{
    private readonly IDisposable? _lock;
    private readonly ISource? _follows;
    private readonly CancellationTokenSource _stop = new();
    private CancellationTokenRegistration _stopped;
    private Task _running = Task.CompletedTask;
    private Task _following = Task.CompletedTask;

    private readonly FileNames _names;
    private readonly KnownContents? _contents;

    private ShardHost(SourceSettings settings, ShardLoop loop, ISource? follows, FileCursors cursors, IDisposable? held) =>
        (Settings, Loop, _follows, _names, _contents, _lock) = (settings, loop, follows, cursors.Names, cursors.Contents, held);

    public string Name => Settings.Name;

    public SourceSettings Settings { get; }

    public ShardLoop Loop { get; }

    /// <summary>Ends when the shard has ended: with the fault that stopped it, or null after a stop.</summary>
    public Task<Exception?> Ended { get; private set; } = Task.FromResult<Exception?>(null);

    /// <exception cref="PipelineException">The source is locked, or its shard is damaged, forked or another's.</exception>
    public static async Task<ShardHost> ClaimAsync(SourceSettings source, HostContext context, CancellationToken cancel)
    {
        var (installation, events) = (context.Installation, context.Events);
        var held = ShardLock.Take(installation, source.Name);
        var names = context.Settings.NamesOf(source.Name, installation.Key);
        KnownContents? contents = null;
        var options = new ShardOptions { Flush = context.Settings.Flush, Told = context.Told, PassedOver = events.PassedOver };
        var loop = new ShardLoop(source.Name, installation.Captures, context.Encoder, context.Retry, context.Workers, options);
        try
        {
            await installation.CheckShippedAsync(source.Name, cancel);
            await loop.ClaimAsync([source.Name], cancel);
            contents = new KnownContents(installation.Captures, source.Name, loop.State, installation.Time);
            var cursors = new FileCursors(source.Name, loop.State.Files, names)
            {
                Contents = contents, Cold = new ColdPages(installation.Captures, loop.State, context.Retry),
            };
            if (source.Container is not null)
            {
                // It believes what it knows by name, and would read the beginning of every other blob.
                await cursors.RecallNamedAsync(cancel);
            }
            ISource? follows = source.Container is { } container ? Container(container, source, context, cursors)
                : source.Paths.Count == 0 ? null
                : new TailSource(new TailOptions { Paths = source.Paths }, cursors, source.LineFormat, installation.Key.Cursors(),
                    context.Workers, installation.Time, events.Of(source.Name, names));
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

    private static ContainerSource Container(ContainerSettings container, SourceSettings source, HostContext context, FileCursors cursors)
    {
        var (installation, events) = (context.Installation, context.Events);
        // An outage of the source's container is its own: told apart from those of the stores.
        var outage = events.Outages(installation.Time);
        var options = container.Options with { Waiting = outage.Waiting, Answered = outage.Answered };
        var blobs = container.Open(source.Name, context.Settings.StoreTimeout);
        return new ContainerSource(cursors, blobs, options, source.LineFormat, installation.Key.Cursors(), context.Workers,
            installation.Time, events.Of(source.Name, cursors.Names));
    }

    public void Start(CancellationToken abandon, CancellationToken stop)
    {
        _stopped = stop.UnsafeRegister(static own => _ = ((CancellationTokenSource)own!).CancelAsync(), _stop);
        _running = Loop.RunAsync(abandon);
        _following = _follows?.RunAsync(Loop, _stop.Token) ?? Task.CompletedTask;
        Ended = EndAsync();
    }

    /// <summary>
    /// After `stop` was cancelled: everything that the source offered is captured. The fault, if any, is in <see cref="Ended"/>.
    /// </summary>
    public async Task StopAsync()
    {
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Loop.Complete();
        await Ended;
    }

    public void Dispose()
    {
        (_follows as IDisposable)?.Dispose();
        Loop.Dispose();
        _stopped.Dispose();
        _stop.Dispose();
        _names.Dispose();
        _contents?.Dispose();
        _lock?.Dispose();
    }

    private async Task<Exception?> EndAsync()
    {
        await Task.WhenAny(_follows is null ? [_running] : [_running, _following]);
        if (_running.IsCompleted)
        {
            // The shard is stopped: its source has nowhere to offer to.
            await _stop.CancelAsync();
        }
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_following.IsFaulted)
        {
            // What it offered before is captured.
            Loop.Complete();
        }
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // A source that finds its shard stopped fails too: the shard's own fault says why, and abandoning is none.
        var source = _following.Exception?.InnerException;
        return _running.Exception?.InnerException ?? (source is ShardStoppedException ? null : source);
    }
}
