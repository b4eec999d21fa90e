using Confluent.Kafka;

namespace Pipeline.Shipper.Feed;

/// <summary>
/// Tells whether the broker can be reached, and its errors, once for each change: a broker that is out for a day says the same every
/// second.
/// </summary>
internal sealed class BrokerWatch(string topic, FeedQueue queue, Action<string> log)
{
    private bool? _up;
    private string? _lastError;

    public void Connected(bool up)
    {
        if (_up != up)
        {
            _up = up;
            queue.TryAdd(new FeedEvent.Connection(up));
        }
    }

    /// <summary>A message came.</summary>
    public void Came()
    {
        Connected(true);
        _lastError = null;
    }

    public void Warn(Error error)
    {
        var code = error.Code.ToString();
        if (_lastError != code)
        {
            _lastError = code;
            log($"kafka error={code}{(error.IsFatal ? " fatal" : "")} topic={topic}");
        }
    }
}
