using Confluent.Kafka;

namespace Pipeline.Shipper.Feed;

/// <summary>Whether the consumer's partitions are paused. Partitions that came while it was paused are paused too. One thread.</summary>
internal sealed class PartitionPause(Action<string> log)
{
    private bool _paused, _changed;

    /// <summary>A consumer that is new has nothing paused.</summary>
    public void Begin() => _paused = _changed = false;

    /// <summary>The assignment has more partitions than before.</summary>
    public void Assigned() => _changed = true;

    public void Set(IConsumer<byte[], byte[]> consumer, bool pause)
    {
        if (_paused == pause && !(pause && _changed))
        {
            return;
        }
        (_paused, _changed) = (pause, false);
        if (pause)
        {
            consumer.Pause(consumer.Assignment);
        }
        else
        {
            consumer.Resume(consumer.Assignment);
        }
        log(pause ? "kafka-paused" : "kafka-resumed");
    }
}
