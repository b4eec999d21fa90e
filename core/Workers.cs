namespace Pipeline.Core;

/// <summary>
/// Where CPU-bound work is done. Loops never start threads themselves: the program gives them the thread pool, the simulation gives them
/// its one thread.
/// </summary>
public sealed class Workers
{
    private readonly bool _pool;

    private Workers(bool pool, int width) => (_pool, Width) = (pool, width);

    /// <summary>On the caller's thread, before the call returns.</summary>
    public static Workers Inline { get; } = new(false, 1);

    /// <summary>On the thread pool, as many at once as the machine has cores.</summary>
    public static Workers Pool { get; } = new(true, Math.Max(1, Environment.ProcessorCount));

    /// <summary>How many pieces of work can go on at once.</summary>
    public int Width { get; }

    public Task<T> Run<T>(Func<T> work) => _pool ? Task.Run(work) : Task.FromResult(work());
}
