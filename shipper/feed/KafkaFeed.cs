using Confluent.Kafka;
using Pipeline.Core;
using Pipeline.Shipper.Events;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// The topic → the queue, on a thread of its own: 1 join the group — 2 poll, always: what the loop has no room for waits, then the
/// partitions are paused, so that this
/// process stays in the group for as long as a store is out — 3 hand on each message, and each change of the assignment, in order — 4 store
/// the offsets that the loop calls shipped —
/// 5 look at the topic: where it was re-created, join anew and begin at its beginning — 6 leave the group. No fault of the broker ends it:
/// it is built anew.
/// </summary>
public sealed class KafkaFeed : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromSeconds(30);

    private readonly KafkaFeedOptions _options;
    private readonly FeedQueue _queue;
    private readonly MessageReader _reader;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new();
    private readonly TopicWatch _topic;
    private readonly BrokerWatch _broker;
    private readonly PartitionPause _pause;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<FeedEvent> _pending = new();
    private readonly HashSet<int> _mine = [];
    private bool _recreated;

    /// <param name="log">One line of what happens, never of what a message holds.</param>
    public KafkaFeed(KafkaFeedOptions options, FeedQueue queue, MessageReader reader, TimeProvider time, Action<string> log)
    {
        (_options, _queue, _reader, _time, _log) = (options, queue, reader, time, log);
        (_topic, _broker, _pause) = (new(options, time), new(options.Topic, queue, log), new(log));
        _thread = new Thread(Run) { IsBackground = true, Name = "kafka-feed" };
    }

    /// <exception cref="PipelineException">78: a property that the client refuses.</exception>
    public void Start()
    {
        IConsumer<byte[], byte[]> first;
        try
        {
            first = Build();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KafkaException)
        {
            throw new ConfigurationException($"kafka: the client refuses its settings: {e.Message}. Correct them, by librdkafka's names.",
                e);
        }
        _thread.Start(first);
    }

    /// <summary>
    /// Stores and commits what is shipped, and leaves the group, so that others have its partitions at once. False: not within the bound,
    /// and abandoned: then the group
    /// finds out by its session's end; nothing is lost or doubled by either.
    /// </summary>
    public async Task<bool> StopAsync(TimeSpan within)
    {
        _stop.Set();
        if (_thread.ThreadState.HasFlag(ThreadState.Unstarted))
        {
            return true;
        }
        try
        {
            await _ended.Task.WaitAsync(within, _time);
            return true;
        }
        catch (TimeoutException)
        {
            _log("kafka-abandoned \"the group was not left within the bound\"");
            return false;
        }
    }

    /// <summary>Nothing else: a thread that was abandoned still looks at it.</summary>
    public void Dispose() => _stop.Set();

    private void Run(object? first)
    {
        try
        {
            var wait = TimeSpan.FromSeconds(1);
            for (var consumer = (IConsumer<byte[], byte[]>?)first; !_stop.IsSet; consumer = null)
            {
                try
                {
                    // 1
                    consumer ??= Build();
                    Consume(consumer);
                    wait = TimeSpan.FromSeconds(1);
                }
                catch (KafkaException e)
                {
                    _broker.Warn(e.Error);
                    _broker.Connected(false);
                    Revoked([.. _mine], lost: true);
                    _stop.Wait(wait);
                    wait = wait * 2 < Longest ? wait * 2 : Longest;
                }
                finally
                {
                    consumer?.Dispose();
                }
            }
        }
        catch (Exception e)
        {
            // A fault of ours: the host stops, and says of what type it was. The message could hold anything.
            _queue.TryAdd(new FeedEvent.Stopped(
                new FailedException($"kafka: the feed ended by {e.GetType().Name}. Start again; if it happens again, report it.", e)));
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    private void Consume(IConsumer<byte[], byte[]> consumer)
    {
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        consumer.Subscribe(_options.Topic);
        _recreated = false;
        _pause.Begin();
        _topic.Rejoin();
        long? fullSince = null;
        while (!_stop.IsSet && !_recreated)
        {
            // 4
            StoreShipped(consumer);
            // 5
            if (_topic.Look(admin) is { } look)
            {
                Judge(look);
            }
            // 2 and 3
            while (_pending.TryPeek(out var oldest) && _queue.TryAdd(oldest))
            {
                _pending.Dequeue();
            }
            if (_pending.Count == 0)
            {
                fullSince = null;
                _pause.Set(consumer, false);
                PollOnce(consumer, Poll);
                continue;
            }
            fullSince ??= _time.GetTimestamp();
            if (_time.GetElapsedTime(fullSince.Value) < _options.PauseAfter)
            {
                _queue.WaitForRoom(Poll);
                continue;
            }
            _pause.Set(consumer, true);
            PollOnce(consumer, TimeSpan.Zero);
            _queue.WaitForRoom(Poll);
        }
        // 6
        StoreShipped(consumer);
        consumer.Close();
    }

    private void PollOnce(IConsumer<byte[], byte[]> consumer, TimeSpan wait)
    {
        try
        {
            if (consumer.Consume(wait) is { Message: { } message } came)
            {
                _broker.Came();
                _pending.Enqueue(_reader.Read(new FeedPosition(came.Topic, came.Partition.Value, came.Offset.Value), message.Key,
                    message.Value));
            }
        }
        catch (ConsumeException e) when (!e.Error.IsFatal)
        {
            _broker.Warn(e.Error);
            if (e.Error.Code is ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic)
            {
                _broker.Connected(false);
            }
        }
    }

    private void StoreShipped(IConsumer<byte[], byte[]> consumer)
    {
        foreach (var (partition, offset) in _queue.TakeShipped())
        {
            try
            {
                consumer.StoreOffset(new TopicPartitionOffset(_options.Topic, partition, offset));
            }
            catch (KafkaException e) when (!e.Error.IsFatal)
            {
                // Another's already: it begins where the last offset was committed, and meets what it has.
            }
        }
    }

    private void Judge(TopicLook look)
    {
        if (look.Fault is { } fault)
        {
            _broker.Warn(fault);
        }
        _broker.Connected(look.Fault is null);
        if (look.Recreated)
        {
            _recreated = true;
            _log($"kafka-topic-recreated topic={_options.Topic} \"joining anew, from its beginning\"");
        }
        if (look.Grown)
        {
            _queue.TryAdd(new FeedEvent.Assigned([], _topic.Count));
        }
    }

    private IConsumer<byte[], byte[]> Build() => new ConsumerBuilder<byte[], byte[]>(_options.Consumer())
        .SetPartitionsAssignedHandler((consumer, partitions) =>
        {
            _queue.TryAdd(new FeedEvent.Assigned([.. partitions.Select(p => p.Partition.Value).Order()], _topic.Count));
            _mine.UnionWith(partitions.Select(p => p.Partition.Value));
            _pause.Assigned();
            return partitions.Select(p => new TopicPartitionOffset(p, _topic.Begin(p.Partition.Value)));
        })
        .SetPartitionsRevokedHandler((_, partitions) => Revoked([.. partitions.Select(p => p.Partition.Value).Order()], lost: false))
        .SetPartitionsLostHandler((_, partitions) => Revoked([.. partitions.Select(p => p.Partition.Value).Order()], lost: true))
        .SetErrorHandler((_, error) =>
        {
            _broker.Warn(error);
            if (error.Code == ErrorCode.Local_AllBrokersDown)
            {
                _broker.Connected(false);
            }
        })
        .SetLogHandler((_, _) => { })
        .Build();

    private void Revoked(List<int> partitions, bool lost)
    {
        if (partitions.Count > 0)
        {
            _mine.ExceptWith(partitions);
            _queue.TryAdd(new FeedEvent.Revoked(partitions, lost));
        }
    }
}
