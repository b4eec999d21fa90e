namespace Pipeline.Tests.Fakes;

/// <summary>
/// A process in a simulation, as its stores see it. Killed: what it had under way may still happen or not, and none of its calls ever
/// returns.
/// Paused: nothing of it begins and no answer reaches it until it is resumed (a zombie that wakes after hours); what was under way happens
/// meanwhile.
/// Make one per incarnation, and take its stores by <see cref="SimulatedStore.For"/>.
/// </summary>
public sealed class SimulatedActor(string name)
{
    private TaskCompletionSource? _paused;

    public string Name => name;

    public bool Killed { get; private set; }

    public bool Paused => _paused is not null;

    public void Kill()
    {
        Killed = true;
        Resume();
    }

    public void Pause() => _paused ??= Killed ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Resume()
    {
        var paused = _paused;
        _paused = null;
        paused?.SetResult();
    }

    /// <summary>Returns while the actor lives and runs. For the actor's own loops too, where they wait for other things than a
    /// store.</summary>
    public async Task PassAsync()
    {
        while (_paused is { } paused)
        {
            await paused.Task;
        }
        if (Killed)
        {
            await new TaskCompletionSource().Task;
        }
    }
}
