using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Push;

/// <summary>What is to be done with a keyed push (rule 32).</summary>
public abstract record PushDecision
{
    private PushDecision()
    {
    }

    /// <summary>It is the stream's next: offer it when <see cref="PushInFlight.Before"/> says that the one before it was.</summary>
    public sealed record Take(PushInFlight Push) : PushDecision;

    /// <summary>
    /// It was taken already, with the same body. The task is there while its capture is under way or its end is remembered; null where it
    /// was captured before.
    /// </summary>
    public sealed record Have(Task<BlockOutcome?>? Outcome) : PushDecision;

    /// <summary>The sequence was taken with another body.</summary>
    public sealed record Differs : PushDecision;

    /// <summary>Neither the next one nor one of the last 64.</summary>
    public sealed record Gap(long Expected) : PushDecision;

    /// <summary>It would be the stream's next, and has no lines: it makes no state, so its sequence is free.</summary>
    public sealed record NoLines : PushDecision;

    /// <summary>A stream that is not open, and the source has as many as it may.</summary>
    public sealed record TooManyStreams : PushDecision;

    /// <summary>The shard has stopped: nothing is known any more of what was under way.</summary>
    public sealed record Stopped(Exception Why) : PushDecision;
}

/// <summary>A push that was taken and whose capture is not known to be on stable storage.</summary>
public sealed class PushInFlight
{
    internal PushInFlight(string stream, long sequence, string check, Task<bool> before) =>
        (Stream, Sequence, Check, Before) = (stream, sequence, check, before);

    public string Stream { get; }
    public long Sequence { get; }
    public string Check { get; }

    /// <summary>Ends when the push before it was offered to the shard; false: that one was withdrawn, and this one with it.</summary>
    public Task<bool> Before { get; }

    /// <summary>The stream that was retired to make room for this push's; null: there was room.</summary>
    public string? Retires { get; init; }

    /// <summary>
    /// Ends when the capture is durable; null: the push was withdrawn before the shard had it. Fails when the shard stopped: then nothing
    /// is known.
    /// </summary>
    public Task<BlockOutcome?> Outcome => Captured.Task;

    internal TaskCompletionSource<bool> Offered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    internal TaskCompletionSource<BlockOutcome?> Captured { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
