using Pipeline.Cli;
using Pipeline.Core;

namespace Pipeline.Tests.Integration.Crash;

/// <summary>
/// One process of a distributed installation, and the supervisor that starts it again whatever ended it. Its lives end by SIGKILL, by
/// SIGTERM, or as a zombie: stopped, waking later, and going on as if nothing had been.
/// A post that takes lines (<paramref name="client"/>) also meets rivals: a second process that wants the same shards.
/// </summary>
internal sealed class Post(string name, string[] command, DistributedWorld world, Random random, DistributedTotals totals,
    PushingClient? client = null) : IDisposable
{
    /// <summary>Of a life, from when it is at work.</summary>
    private static readonly Measured Life = new(TimeSpan.FromSeconds(4), 300);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FencedWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(9);

    /// <summary>SIGTERM before the program listens to it, as a shell tells it.</summary>
    private const int TerminatedEarly = 143;

    private Victim? _last;

    public string Name => name;

    /// <summary>What the last process said.</summary>
    public string Last => _last is null ? "" : DistributedTotals.Tail(_last.Error);

    public bool Ended => _last?.Ended.IsCompleted == true;

    /// <summary>Lives, one after another, until it is over.</summary>
    public async Task LiveAsync(Func<bool> over)
    {
        using var names = new NameWatch(world.Watched);
        while (!over())
        {
            var victim = Start();
            if (await victim.WorkingAsync())
            {
                victim = await LifeAsync(victim, names);
            }
            await EndedAsync(victim);
        }
    }

    /// <summary>Starts the process that nothing happens to any more, and returns when it is ready.</summary>
    public async Task StartLastAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        var victim = Start();
        await Task.WhenAny(victim.Ready, victim.Ended).WaitAsync(bound.Token);
        CrashException.Unless(victim.Ready.IsCompleted, $"{name} ended with all healed: {DistributedTotals.Tail(victim.Error)}");
    }

    /// <summary>SIGTERM, and its end with 0.</summary>
    public async Task StopAsync()
    {
        _last!.Terminate();
        await _last.EndAsync();
        CrashException.Unless(_last.Exit == 0, $"after SIGTERM {name} ended with {_last.Exit}: {DistributedTotals.Tail(_last.Error)}");
        CrashException.Unless(!_last.Error.Contains(" abandoned", StringComparison.Ordinal),
            $"after SIGTERM {name} abandoned with all healed: {DistributedTotals.Tail(_last.Error)}");
    }

    public void Dispose() => _last?.Dispose();

    private Victim Start()
    {
        _last?.Dispose();
        _last = world.Start(command);
        _ = ListenAsync(_last);
        return _last;
    }

    private async Task ListenAsync(Victim victim)
    {
        var ready = await victim.Ready;
        if (client is not null)
        {
            client.Address = new Uri(ready[(ready.IndexOf("push=", StringComparison.Ordinal) + 5)..].Split(' ')[0]);
        }
    }

    /// <returns>The process that ended: this one, or the rival that took its place.</returns>
    private async Task<Victim> LifeAsync(Victim victim, NameWatch names)
    {
        // Rivals are rarer than they seem: many lives end before they are ready. In a directory they are only refused.
        var act = random.Next(client is null ? 9 : world.Azurite is null ? 12 : 18);
        if (act >= 9 || (command[0] != "compact" && random.Next(3) > 0))
        {
            // Or no line would ever get through: most lives last until it has claimed what it works on. A rival before that could be fenced
            // by the one that it is to fence.
            await ((Task)Task.WhenAny(victim.Ready, victim.Ended)).WaitAsync(LongestStart)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (command[0] == "ship" && random.Next(2) > 0)
            {
                // And half of the shippers' lives until the group has given them something: what it takes from the other one, or leaves to
                // it, is part of the work.
                await ((Task)Task.WhenAny(victim.Assigned, victim.Ended)).WaitAsync(LongestStart)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await MomentAsync(victim, names);
        if (act is 6 or 7)
        {
            await SleepAsync(victim);
            await MomentAsync(victim, names);
        }
        if (act >= 9 && victim.Ready.IsCompleted && !victim.Ended.IsCompleted)
        {
            victim = await RivalAsync(victim, asleep: act % 2 == 0);
            await MomentAsync(victim, names);
        }
        if (act == 8)
        {
            victim.Terminate();
            totals.Restarted(name);
            await victim.EndAsync();
            return victim;
        }
        await victim.KillAsync();
        if (victim.Exit == Victim.Killed)
        {
            totals.Killed(name);
        }
        return victim;
    }

    private async Task MomentAsync(Victim victim, NameWatch names) =>
        await Moment.Draw(random, Life).WaitAsync(victim, names).WaitAsync(Longest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task SleepAsync(Victim victim)
    {
        victim.Pause();
        totals.Paused(name);
        await Task.Delay(LongestSleep * (random.NextDouble() * random.NextDouble()), TimeProvider.System);
        victim.Resume();
    }

    /// <summary>A second process for the same shards. In a directory it is refused; in Azure the newer one wins, and the older, awake or
    /// woken, exits 6.</summary>
    private async Task<Victim> RivalAsync(Victim old, bool asleep)
    {
        if (asleep)
        {
            old.Pause();
            totals.Paused(name);
        }
        var rival = world.Start(command);
        try
        {
            await Task.WhenAny(rival.Ready, rival.Ended);
            if (!rival.Ready.IsCompleted)
            {
                // 5: refused by the lock; in Azure, an outage while it started.
                CrashException.Unless(rival.Exit == ExitCode.Outage,
                    $"a second {name} ended with {rival.Exit}: {DistributedTotals.Tail(rival.Error)}");
                totals.Refused(world.Azurite is null);
                old.Resume();
                if (world.Azurite is not null)
                {
                    // Its claim may stand all the same: then the older one finds that out by itself. It is left no time to.
                    await old.KillAsync();
                }
                return old;
            }
            CrashException.Unless(world.Azurite is not null,
                $"two processes have the same shards in a directory: {DistributedTotals.Tail(rival.Error)}");
            await ListenAsync(rival);
            old.Resume();
            // A shard without new lines finds out at its next flush: told to stop, the older process ends whether or not each of its shards
            // did.
            await ((Task)old.Ended).WaitAsync(FencedWithin).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            old.Terminate();
            await old.EndAsync();
            CrashException.Unless(
                old.Exit is ExitCode.Fenced or ExitCode.Done or ExitCode.Interrupted or 128 + 15,
                $"{name} was fenced and ended with {old.Exit}: {DistributedTotals.Tail(old.Error)}");
            if (old.Exit == ExitCode.Fenced)
            {
                totals.Fenced();
            }
            (_last, rival) = (rival, old);
            return _last;
        }
        finally
        {
            totals.Said(rival.Error);
            rival.Dispose();
        }
    }

    private async Task EndedAsync(Victim victim)
    {
        await victim.EndAsync();
        client?.Address = null;
        totals.Said(victim.Error);
        await File.AppendAllTextAsync(Path.Combine(world.Dir, $"{name}.log"), $"{victim.Error}exit {victim.Exit}\n\n");
        CrashException.Unless(victim.Exit is Victim.Killed or TerminatedEarly or ExitCode.Interrupted or ExitCode.Done
            or ExitCode.Outage, $"{name} ended by itself with {victim.Exit}: {DistributedTotals.Tail(victim.Error)}");
        if (victim.Exit == ExitCode.Outage)
        {
            // As supervisors do: not at once.
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }
    }
}
