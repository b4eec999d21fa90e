namespace Pipeline.Core.Captures;

/// <summary>Two histories of one shard that cannot both be true (rules 4, 11, 12): from this number on.</summary>
public sealed record Fork(string Shard, long Number, string Reason)
{
    public ForkException ToException() =>
        new(this, $"shard {Shard}: a fork at capture {Number}: {Reason}. The shard is stopped from there; "
            + "what to do is in docs/runbooks/forks.md.");
}

/// <summary>A fork stops its shard.</summary>
public sealed class ForkException(Fork fork, string message) : DifferenceException(message)
{
    public Fork Fork { get; } = fork;
}
