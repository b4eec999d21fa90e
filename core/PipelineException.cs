namespace Pipeline.Core;

/// <summary>
/// An expected way to stop. The message says what, where, what was found, what was expected and what to do, and never holds a log line's
/// content.
/// The type is the kind of fault; the program maps it to an exit code in one place, at its edge.
/// </summary>
public abstract class PipelineException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The work failed for a reason that none of the other faults names.</summary>
public sealed class FailedException(string message, Exception? inner = null) : PipelineException(message, inner);

/// <summary>The command line or a request names something that does not exist or makes no sense.</summary>
public sealed class UsageException(string message, Exception? inner = null) : PipelineException(message, inner);

/// <summary>Two things that must agree do not: captures, the table's log, segments, or what one of them declares.</summary>
public class DifferenceException(string message, Exception? inner = null) : PipelineException(message, inner);

/// <summary>A stored object does not hold what it declares: damaged, cut, or not ours.</summary>
/// <param name="target">The object's name in its store.</param>
/// <param name="why">What is wrong with it, in words that hold no content.</param>
public sealed class CorruptException(string target, string why, string message, Exception? inner = null)
    : DifferenceException(message, inner)
{
    public string Target { get; } = target;

    public string Why { get; } = why;
}

/// <summary>A policy forbids it: a region, a role, a purpose, a transport.</summary>
public sealed class PolicyException(string message, Exception? inner = null) : PipelineException(message, inner);

/// <summary>Something outside this program does not answer: trying again may help.</summary>
public sealed class OutageException(string message, Exception? inner = null) : PipelineException(message, inner);

/// <summary>Settings, keys or stores do not fit together, or a later version wrote what was found: starting again does not help.</summary>
public sealed class ConfigurationException(string message, Exception? inner = null) : PipelineException(message, inner);

/// <summary>A newer process has the shard. This one acknowledges nothing more in it.</summary>
public sealed class FencedException(string shard, long number)
    : PipelineException($"shard {shard}: capture {number} was written by a newer process. This one acknowledges nothing more in the shard. "
        + "Find the newer process before starting this one again: started again, it takes the shard back.")
{
    public string Shard { get; } = shard;

    public long Number { get; } = number;
}

/// <summary>
/// A shard takes nothing more: it failed, or it is stopping. What it acknowledged stands; the rest may be captured or not.
/// </summary>
/// <param name="fault">The fault that stopped it; null where it was told to stop.</param>
public sealed class ShardStoppedException(string shard, Exception? fault)
    : PipelineException($"shard {shard} has stopped{(fault is null ? "" : " after a fault")}: nothing more is captured in it.", fault)
{
    public string Shard { get; } = shard;

    public Exception? Fault { get; } = fault;
}
