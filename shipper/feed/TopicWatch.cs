using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Pipeline.Shipper.Feed;

/// <summary>What a look at the topic showed.</summary>
/// <param name="Fault">Why it could not be seen; null: it is there.</param>
/// <param name="Recreated">It has another id than before.</param>
/// <param name="Grown">It has another number of partitions than before.</param>
internal sealed record TopicLook(Error? Fault, bool Recreated, bool Grown);

/// <summary>
/// Looks at the topic's id and partitions from time to time. A topic that was re-created goes on numbering from 0 under the old name: a
/// consumer that stays would wait for
/// an offset that comes again after as many messages as there were. A topic that is gone sends nobody anything, as a broker out of reach
/// does. One thread.
/// </summary>
internal sealed class TopicWatch(KafkaFeedOptions options, TimeProvider time)
{
    private readonly HashSet<int> _begun = [];
    private Task<DescribeTopicsResult>? _check;
    private long? _checkedAt;
    private string? _id;
    private bool _recreated;

    /// <summary>Partitions that the topic has; 0: not seen yet.</summary>
    public int Count { get; private set; }

    /// <summary>The next consumer looks at once.</summary>
    public void Rejoin() => (_check, _checkedAt) = (null, null);

    /// <summary>Asks where that is due. Null: there is no answer yet.</summary>
    public TopicLook? Look(IAdminClient admin)
    {
        if (_check is null && (_checkedAt is null || time.GetElapsedTime(_checkedAt.Value) >= options.Check))
        {
            _check = admin.DescribeTopicsAsync(
                TopicCollection.OfTopicNames([options.Topic]), new DescribeTopicsOptions { RequestTimeout = TimeSpan.FromSeconds(10) });
        }
        if (_check is not { IsCompleted: true } check)
        {
            return null;
        }
        (_check, _checkedAt) = (null, time.GetTimestamp());
        return Judge(check);
    }

    /// <summary>
    /// Where a partition that is ours begins. Of a topic that was re-created under us, the offsets that the group committed may be the old
    /// one's: each partition begins
    /// at its beginning, once.
    /// </summary>
    public Offset Begin(int partition) => _recreated && _begun.Add(partition) ? Offset.Beginning : Offset.Unset;

    private TopicLook Judge(Task<DescribeTopicsResult> check)
    {
        var found = check.IsCompletedSuccessfully ? check.Result.TopicDescriptions.FirstOrDefault()
            : (check.Exception?.InnerException as DescribeTopicsException)?.Results.TopicDescriptions.FirstOrDefault();
        if (found is null || found.Error.IsError)
        {
            var fault = found?.Error ?? (check.Exception?.InnerException as KafkaException)?.Error ?? new Error(ErrorCode.Unknown);
            return new TopicLook(fault, false, false);
        }
        var id = found.TopicId?.ToString();
        var look = new TopicLook(null, id is not null && _id is not null && id != _id, Count != found.Partitions.Count);
        if (look.Recreated)
        {
            _recreated = true;
            _begun.Clear();
        }
        (_id, Count) = (id ?? _id, found.Partitions.Count);
        return look;
    }
}
