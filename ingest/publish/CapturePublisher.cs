using System.Collections.Concurrent;
using System.Text;
using Confluent.Kafka;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Publish;

/// <summary>
/// Publishes captures, best effort: 1 measure — 2 queue — 3 send — 4 count. A message is the capture byte for byte, its key the shard, its
/// partition murmur2 of the key.
/// Nothing depends on it: what it skips is counted, and the shipper's catch-up finds it in the store. Nothing waits for it: the queue is
/// bounded, and a capture that it has no room for is skipped.
/// Safe to use from many threads.
/// </summary>
public sealed class CapturePublisher : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly PublisherEvents? _events;
    private readonly ConcurrentDictionary<string, byte[]> _keys = new(StringComparer.Ordinal);
    private readonly long[] _skipped = new long[Enum.GetValues<SkipReason>().Length];
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _disposed = new();
    private ProducerGeneration? _generation;
    private Task _replacing = Task.CompletedTask;
    private TimeSpan _pause = TimeSpan.FromSeconds(1);
    private long _queuedCaptures, _queuedBytes, _published, _publishedBytes, _restarts;

    /// <exception cref="InvalidOperationException">The client library refuses a property.</exception>
    public CapturePublisher(PublisherOptions options, TimeProvider time, PublisherEvents? events = null)
    {
        (Options, _time, _events) = (options, time, events);
        _generation = new ProducerGeneration(this);
    }

    internal PublisherOptions Options { get; }

    public PublisherCounts Counts => new(
        Interlocked.Read(ref _published), Interlocked.Read(ref _publishedBytes), Interlocked.Read(ref _queuedCaptures),
            Interlocked.Read(ref _queuedBytes), Interlocked.Read(ref _restarts),
        Enum.GetValues<SkipReason>().ToDictionary(reason => reason, reason => Interlocked.Read(ref _skipped[(int)reason])));

    /// <summary>Takes a capture that is `Created` (rule 6), or skips it; at once, whatever the brokers do.</summary>
    public void Offer(string shard, Capture capture)
    {
        // 1
        var size = capture.Bytes.Length;
        if (size > Options.MaxMessageBytes)
        {
            Skip(shard, capture.Link.Number, SkipReason.TooLarge);
            return;
        }
        if (Volatile.Read(ref _generation) is not { } generation)
        {
            Skip(shard, capture.Link.Number, SkipReason.NoProducer);
            return;
        }
        // 2
        if (Interlocked.Increment(ref _queuedCaptures) > Options.MaxCaptures | Interlocked.Add(ref _queuedBytes, size) > Options.MaxBytes)
        {
            Release(1, size);
            Skip(shard, capture.Link.Number, SkipReason.QueueFull);
            return;
        }
        // 3
        generation.Send(shard, capture);
    }

    /// <summary>Stop: waits until what is queued is delivered, at most <see cref="PublisherOptions.FlushWithin"/>; then abandons the rest,
    /// which is counted and is in the store.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed.IsCancellationRequested)
        {
            return;
        }
        await _disposed.CancelAsync();
        await _replacing;
        if (Interlocked.Exchange(ref _generation, null) is { } last)
        {
            await last.EndAsync(Options.FlushWithin);
        }
        _disposed.Dispose();
    }

    /// <summary>What the client library reports. After a fatal error a producer sends nothing more: another one is made.</summary>
    internal void Reported(Error error)
    {
        if (error.IsFatal)
        {
            Replace(Volatile.Read(ref _generation), error);
        }
        else
        {
            _events?.Failing(error.Code.ToString(), error.Reason);
        }
    }

    internal void Replace(ProducerGeneration? broken, Error error)
    {
        lock (_lock)
        {
            if (broken is null || _disposed.IsCancellationRequested || Interlocked.CompareExchange(ref _generation, null, broken) != broken)
            {
                return;
            }
            _events?.Failing(error.Code.ToString(), error.Reason);
            // Away from the caller, who is a thread of the client library or a shard: ending a producer takes its time.
            _replacing = Task.Run(() => ReplaceAsync(broken));
        }
    }

    private async Task ReplaceAsync(ProducerGeneration broken)
    {
        await broken.EndAsync(TimeSpan.Zero);
        Interlocked.Increment(ref _restarts);
        // An error that stays, such as a missing right, must not make a producer a second.
        await Task.Delay(_pause, _time, _disposed.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_disposed.IsCancellationRequested)
        {
            _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            Volatile.Write(ref _generation, new ProducerGeneration(this));
        }
    }

    // 4
    internal void Delivered(string shard, long number, int size)
    {
        Release(1, size);
        Interlocked.Increment(ref _published);
        Interlocked.Add(ref _publishedBytes, size);
        _pause = TimeSpan.FromSeconds(1);
        _events?.Published(shard, number);
    }

    internal void Failed(string shard, long number, int size, ErrorCode code)
    {
        Release(1, size);
        Skip(shard, number, code is ErrorCode.MsgSizeTooLarge ? SkipReason.TooLarge : code is ErrorCode.Local_QueueFull
            ? SkipReason.QueueFull : SkipReason.NotDelivered);
    }

    private void Release(long captures, long bytes)
    {
        Interlocked.Add(ref _queuedCaptures, -captures);
        Interlocked.Add(ref _queuedBytes, -bytes);
    }

    private void Skip(string shard, long number, SkipReason reason)
    {
        Interlocked.Increment(ref _skipped[(int)reason]);
        _events?.Skipped(shard, number, reason);
    }

    internal byte[] Key(string shard) => _keys.GetOrAdd(shard, Encoding.UTF8.GetBytes);
}
