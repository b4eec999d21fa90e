using Pipeline.Core.Captures;
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

    /// <summary>It was taken already, with the same body. The task is there while its capture is under way or its end is remembered; null where it was captured before.</summary>
    public sealed record Have(Task<BlockOutcome?>? Outcome) : PushDecision;

    /// <summary>The sequence was taken with another body.</summary>
    public sealed record Differs : PushDecision;

    /// <summary>Neither the next one nor one of the last 64.</summary>
    public sealed record Gap(long Expected) : PushDecision;

    /// <summary>It would be the stream's next, and has no lines: it makes no state, so its sequence is free.</summary>
    public sealed record NoLines : PushDecision;

    /// <summary>A new stream, and the source has as many as it may.</summary>
    public sealed record TooManyStreams : PushDecision;

    /// <summary>The shard has stopped: nothing is known any more of what was under way.</summary>
    public sealed record Stopped(Exception Why) : PushDecision;
}

/// <summary>A push that was taken and whose capture is not known to be on stable storage.</summary>
public sealed class PushInFlight
{
    internal PushInFlight(string stream, long sequence, string check, Task<bool> before) => (Stream, Sequence, Check, Before) = (stream, sequence, check, before);

    public string Stream { get; }
    public long Sequence { get; }
    public string Check { get; }

    /// <summary>Ends when the push before it was offered to the shard; false: that one was withdrawn, and this one with it.</summary>
    public Task<bool> Before { get; }

    /// <summary>Ends when the capture is durable; null: the push was withdrawn before the shard had it. Fails when the shard stopped: then nothing is known.</summary>
    public Task<BlockOutcome?> Outcome => Captured.Task;

    internal TaskCompletionSource<bool> Offered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    internal TaskCompletionSource<BlockOutcome?> Captured { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>
/// The push streams of one source: decides what a keyed push is (rule 32). Begins with what was captured; a push that is under way counts as taken, so that a client need not
/// wait for an answer before it sends the next. Safe to use from many threads; never waits.
/// </summary>
public sealed class PushStreams
{
    /// <summary>The most streams of one source (rule 32).</summary>
    public const int MaxStreams = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _streams = new(StringComparer.Ordinal);
    private readonly int _most;
    private Exception? _stopped;

    /// <param name="state">What was captured. It is read here only; give it before the shard runs on.</param>
    public PushStreams(string source, ShardState state, int mostStreams = MaxStreams)
    {
        _most = mostStreams;
        var prefix = ShardState.FileKey(source, "");
        foreach (var (key, cursor) in state.Streams)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
            {
                _streams[key[prefix.Length..]] = new Entry { Captured = cursor.Sequence, Checks = new(cursor.Checks) };
            }
        }
    }

    /// <summary>How many streams there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _streams.Count;
            }
        }
    }

    /// <summary>A push that is to be taken is noted as under way by this call; its caller must end it by <see cref="Offer"/> or <see cref="Withdraw"/>.</summary>
    /// <param name="stream">Keyed hash of the client's token.</param>
    /// <param name="sequence">From 1.</param>
    /// <param name="check">Keyed hash of the decompressed body.</param>
    /// <param name="hasLines">Whether the body has a line at all.</param>
    public PushDecision Decide(string stream, long sequence, string check, bool hasLines = true)
    {
        lock (_lock)
        {
            if (_stopped is not null)
            {
                return new PushDecision.Stopped(_stopped);
            }
            var known = _streams.TryGetValue(stream, out var entry);
            entry ??= new Entry();
            if (sequence == entry.Next && !hasLines)
            {
                return new PushDecision.NoLines();
            }
            if (sequence == entry.Next)
            {
                if (!known)
                {
                    if (_streams.Count >= _most)
                    {
                        return new PushDecision.TooManyStreams();
                    }
                    _streams.Add(stream, entry);
                }
                var push = new PushInFlight(stream, sequence, check, entry.UnderWay.Count == 0 ? Task.FromResult(true) : entry.UnderWay[^1].Offered.Task);
                entry.UnderWay.Add(push);
                return new PushDecision.Take(push);
            }
            if (sequence > entry.Next)
            {
                return new PushDecision.Gap(entry.Next);
            }
            if (sequence > entry.Captured)
            {
                var under = entry.UnderWay[(int)(sequence - entry.Captured - 1)];
                return under.Check == check ? new PushDecision.Have(under.Outcome) : new PushDecision.Differs();
            }
            var back = entry.Captured - sequence;
            return back >= entry.Checks.Count ? new PushDecision.Gap(entry.Next)
                : entry.Checks.ElementAt(entry.Checks.Count - 1 - (int)back) == check ? new PushDecision.Have(null) : new PushDecision.Differs();
        }
    }

    /// <summary>The shard has the push in its queue: the next of its stream may be offered.</summary>
    public static void Offer(PushInFlight push) => push.Offered.TrySetResult(true);

    /// <summary>The shard did not take the push: its sequence, and those after it that wait for it, are free again.</summary>
    public void Withdraw(PushInFlight push)
    {
        List<PushInFlight> gone = [];
        lock (_lock)
        {
            if (!_streams.TryGetValue(push.Stream, out var entry) || entry.UnderWay.IndexOf(push) is not (>= 0 and var at))
            {
                return;
            }
            gone = entry.UnderWay[at..];
            entry.UnderWay.RemoveRange(at, gone.Count);
            if (entry.Next == 1)
            {
                _streams.Remove(push.Stream);
            }
        }
        foreach (var each in gone)
        {
            each.Captured.TrySetResult(null);
            each.Offered.TrySetResult(false);
        }
    }

    /// <summary>The capture that holds the push is on stable storage. These calls may come in another order than the captures.</summary>
    public void Capture(PushInFlight push, BlockOutcome outcome)
    {
        lock (_lock)
        {
            push.Captured.TrySetResult(outcome);
            var entry = _streams[push.Stream];
            while (entry.UnderWay is [{ Outcome.IsCompletedSuccessfully: true } first, ..])
            {
                entry.UnderWay.RemoveAt(0);
                entry.Captured = first.Sequence;
                entry.Checks.Enqueue(first.Check);
                if (entry.Checks.Count > PushCursor.Remembered)
                {
                    entry.Checks.Dequeue();
                }
            }
        }
    }

    /// <summary>The shard has stopped: whether what is under way was captured is not known here, so nothing more is decided. The next start knows.</summary>
    public void Stop(Exception why)
    {
        lock (_lock)
        {
            _stopped ??= why;
        }
    }

    /// <summary>The shard stopped before it acknowledged this push, which it had.</summary>
    public void Fail(PushInFlight push, Exception why)
    {
        Stop(why);
        push.Captured.TrySetException(why);
        // Whoever waits sees it; nobody has to.
        _ = push.Captured.Task.Exception;
    }

    private sealed class Entry
    {
        public long Captured { get; set; }
        /// <summary>The checks of the last pushes that were captured, the newest at the end.</summary>
        public Queue<string> Checks { get; init; } = new();
        /// <summary>Captured + 1, + 2 …</summary>
        public List<PushInFlight> UnderWay { get; } = [];

        public long Next => Captured + UnderWay.Count + 1;
    }
}
