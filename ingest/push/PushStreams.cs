using Pipeline.Core.Captures;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Push;

/// <summary>
/// The push streams of one source: decides what a keyed push is (rule 32). At the limit of open streams the one that was idle longest is
/// retired: its sequence stays known for ever,
/// its checks do not. The push that opens the new stream carries that into its capture, so that the fold does the same. Begins with what
/// was captured; a push that is under way counts as taken, so that a client need not
/// wait for an answer before it sends the next. Safe to use from many threads; never waits.
/// </summary>
public sealed class PushStreams
{
    /// <summary>The most open streams of one source, and the most retired ones (rule 32).</summary>
    public const int MaxStreams = 10_000, MaxRetired = 100_000;

    /// <summary>
    /// How long a stream is idle before it is retired for another. Clients try again within seconds; one that comes later is told its
    /// number.
    /// </summary>
    public static readonly TimeSpan IdleBeforeRetired = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _retired = new(StringComparer.Ordinal);
    private readonly int _most, _mostRetired;
    private Exception? _stopped;

    /// <param name="state">What was captured. It is read here only; give it before the shard runs on.</param>
    /// <param name="cold">Retired streams that are not in the state any more: key in the state and sequence.</param>
    public PushStreams(string source, ShardState state, int mostStreams = MaxStreams, int mostRetired = MaxRetired,
        IReadOnlyDictionary<string, long>? cold = null)
    {
        (_most, _mostRetired) = (mostStreams, mostRetired);
        var prefix = ShardState.FileKey(source, "");
        foreach (var (key, sequence) in cold ?? new Dictionary<string, long>())
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal) && !state.Streams.ContainsKey(key))
            {
                _retired[key[prefix.Length..]] = sequence;
            }
        }
        foreach (var (key, cursor) in state.Streams)
        {
            if (!key.StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }
            if (cursor.IsRetired)
            {
                _retired[key[prefix.Length..]] = cursor.Sequence;
            }
            else
            {
                _streams[key[prefix.Length..]] = new Entry { Captured = cursor.Sequence, Checks = new(cursor.Checks) };
            }
        }
    }

    /// <summary>How many open streams there are.</summary>
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

    /// <summary>A push that is to be taken is noted as under way by this call; its caller must end it by <see cref="Offer"/> or
    /// <see cref="Withdraw"/>.</summary>
    /// <param name="key">The keyed hash of the client's token, and the sequence, from 1.</param>
    /// <param name="check">Keyed hash of the decompressed body.</param>
    /// <param name="hasLines">Whether the body has a line at all.</param>
    /// <param name="now">Since any moment that is the same for all calls.</param>
    public PushDecision Decide(PushKey key, string check, bool hasLines, TimeSpan now)
    {
        lock (_lock)
        {
            if (_stopped is not null)
            {
                return new PushDecision.Stopped(_stopped);
            }
            if (!_streams.TryGetValue(key.Stream, out var entry))
            {
                return Open(key, check, hasLines, now);
            }
            entry.Used = now;
            return key.Sequence != entry.Next ? Known(entry, key.Sequence, check)
                : hasLines ? Take(entry, key, check, null)
                : new PushDecision.NoLines();
        }
    }

    /// <summary>The push of a stream that is not open: it was never seen, or is retired.</summary>
    private PushDecision Open(PushKey key, string check, bool hasLines, TimeSpan now)
    {
        var entry = new Entry { Captured = _retired.GetValueOrDefault(key.Stream), Used = now };
        if (key.Sequence != entry.Next)
        {
            return new PushDecision.Gap(entry.Next);
        }
        if (!hasLines)
        {
            return new PushDecision.NoLines();
        }
        (string Stream, Entry Entry)? idle = null;
        if (_streams.Count >= _most)
        {
            idle = Idle(now);
            if (idle is not { } gone)
            {
                return new PushDecision.TooManyStreams();
            }
            _streams.Remove(gone.Stream);
            _retired[gone.Stream] = gone.Entry.Captured;
        }
        _retired.Remove(key.Stream);
        _streams.Add(key.Stream, entry);
        entry.Displaced = idle;
        return Take(entry, key, check, idle?.Stream);
    }

    /// <summary>The stream that was idle longest, if that is long enough and there is room among the retired.</summary>
    private (string Stream, Entry Entry)? Idle(TimeSpan now)
    {
        if (_retired.Count >= _mostRetired)
        {
            return null;
        }
        (string Stream, Entry Entry)? oldest = null;
        foreach (var (stream, entry) in _streams)
        {
            if (entry.UnderWay.Count == 0 && now - entry.Used >= IdleBeforeRetired
                && (oldest is not { } known || entry.Used < known.Entry.Used))
            {
                oldest = (stream, entry);
            }
        }
        return oldest;
    }

    private static PushDecision.Take Take(Entry entry, PushKey key, string check, string? retires)
    {
        var before = entry.UnderWay.Count == 0 ? Task.FromResult(true) : entry.UnderWay[^1].Offered.Task;
        var push = new PushInFlight(key.Stream, key.Sequence, check, before) { Retires = retires };
        entry.UnderWay.Add(push);
        return new PushDecision.Take(push);
    }

    private static PushDecision Known(Entry entry, long sequence, string check)
    {
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
            : entry.Checks.ElementAt(entry.Checks.Count - 1 - (int)back) == check ? new PushDecision.Have(null)
            : new PushDecision.Differs();
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
            if (entry is { UnderWay.Count: 0, Checks.Count: 0 })
            {
                Close(push.Stream, entry);
            }
        }
        foreach (var each in gone)
        {
            each.Captured.TrySetResult(null);
            each.Offered.TrySetResult(false);
        }
    }

    /// <summary>As if it had never been opened: no capture says so.</summary>
    private void Close(string stream, Entry entry)
    {
        _streams.Remove(stream);
        if (entry.Captured > 0)
        {
            _retired[stream] = entry.Captured;
        }
        if (entry.Displaced is { } displaced && _retired.Remove(displaced.Stream))
        {
            _streams.Add(displaced.Stream, displaced.Entry);
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
                (entry.Captured, entry.Displaced) = (first.Sequence, null);
                entry.Checks.Enqueue(first.Check);
                if (entry.Checks.Count > PushCursor.Remembered)
                {
                    entry.Checks.Dequeue();
                }
            }
        }
    }

    /// <summary>The shard has stopped: whether what is under way was captured is not known here, so nothing more is decided. The next start
    /// knows.</summary>
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
        /// <summary>When a push last came.</summary>
        public TimeSpan Used { get; set; }
        /// <summary>What was retired for it, until its first push is captured.</summary>
        public (string Stream, Entry Entry)? Displaced { get; set; }
        /// <summary>The checks of the last pushes that were captured, the newest at the end.</summary>
        public Queue<string> Checks { get; init; } = new();
        /// <summary>Captured + 1, + 2 …</summary>
        public List<PushInFlight> UnderWay { get; } = [];

        public long Next => Captured + UnderWay.Count + 1;
    }
}
