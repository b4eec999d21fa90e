using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using Pipeline.Core.Captures;

namespace Pipeline.Ingest.Publish;

/// <summary>One producer and what it has not answered for. It ends once: what is left then is counted as not delivered.</summary>
internal sealed class ProducerGeneration
{
    private readonly CapturePublisher _of;
    private readonly IProducer<byte[], byte[]> _producer;
    private readonly ConcurrentDictionary<(string Shard, long Number), int> _under = new();

    public ProducerGeneration(CapturePublisher of)
    {
        _of = of;
        var config = new ProducerConfig(new Dictionary<string, string>(of.Options.Connection))
        {
            Acks = Acks.All,
            EnableIdempotence = true,
            Partitioner = Confluent.Kafka.Partitioner.Murmur2Random,
            // The report need not hold the capture: this keeps its memory until then.
            DeliveryReportFields = "status",
            // Our own bounds are the ones that count; the library's stand a little above.
            QueueBufferingMaxMessages = of.Options.MaxCaptures + 1_000,
            QueueBufferingMaxKbytes = (int)(of.Options.MaxBytes >> 10) + 4_096,
            MessageTimeoutMs = (int)of.Options.GiveUpAfter.TotalMilliseconds,
        };
        _producer = new ProducerBuilder<byte[], byte[]>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, e) => Error(e)).Build();
    }

    public void Send(string shard, Capture capture)
    {
        var (number, size) = (capture.Link.Number, capture.Bytes.Length);
        _under[(shard, number)] = size;
        try
        {
            var bytes = MemoryMarshal.TryGetArray(capture.Bytes, out var array) && array.Offset == 0 && array.Count == array.Array!.Length
                ? array.Array : capture.Bytes.ToArray();
            // Copies the bytes into its queue and returns.
            var message = new Message<byte[], byte[]> { Key = _of.Key(shard), Value = bytes };
            _producer.Produce(_of.Options.Topic, message, report => Answered(shard, number, report.Error));
        }
        catch (Exception e) when (e is KafkaException or ObjectDisposedException or InvalidOperationException)
        {
            var error = (e as KafkaException)?.Error ?? new Error(ErrorCode.Local_Destroy);
            Answered(shard, number, error);
            if (error.IsFatal || error.Code == ErrorCode.Local_Fatal)
            {
                _of.Replace(this, error);
            }
        }
    }

    /// <summary>Waits for deliveries up to the bound, on a thread that may wait, and ends the producer.</summary>
    public Task EndAsync(TimeSpan within) => Task.Run(() =>
    {
        try
        {
            if (within > TimeSpan.Zero)
            {
                _producer.Flush(within);
            }
        }
        catch (KafkaException)
        {
            // A producer that is broken has nothing to flush.
        }
        _producer.Dispose();
        foreach (var (shard, number) in _under.Keys)
        {
            Answered(shard, number, new Error(ErrorCode.Local_PurgeQueue));
        }
    });

    private void Error(Error error)
    {
        if (error.IsFatal)
        {
            _of.Replace(this, error);
        }
        else
        {
            _of.Reported(error);
        }
    }

    private void Answered(string shard, long number, Error error)
    {
        // Once: a report may race the end.
        if (!_under.TryRemove((shard, number), out var size))
        {
            return;
        }
        if (error.IsError)
        {
            _of.Failed(shard, number, size, error.Code);
        }
        else
        {
            _of.Delivered(shard, number, size);
        }
    }
}
