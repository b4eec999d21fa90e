using Pipeline.Ingest.Publish;

namespace Pipeline.Cli.Telemetry;

/// <summary>Publishing as lines for operations: when it begins to skip and when it goes on, not each capture. Safe to use from many
/// threads.</summary>
internal sealed class PublisherLog(TimeProvider time, Action<string> log)
{
    private readonly Lock _lock = new();
    private long? _since;
    private long _skipped;
    private string? _failing;

    public PublisherEvents Events => new(Published, Skipped, Failing);

    /// <summary>A reason in logs and metrics.</summary>
    public static string Code(SkipReason reason) => reason switch { SkipReason.QueueFull => "queue-full", SkipReason.TooLarge =>
        "too-large", SkipReason.NotDelivered => "not-delivered", _ => "no-producer" };

    private void Published(string shard, long number)
    {
        lock (_lock)
        {
            if (_since is { } since)
            {
                log($"publishing-again shard={shard} capture={number} skipped={_skipped} " +
                    $"seconds={time.GetElapsedTime(since).TotalSeconds:F0} \"catch-up ships what was skipped\"");
            }
            (_since, _skipped, _failing) = (null, 0, null);
        }
    }

    private void Skipped(string shard, long number, SkipReason reason)
    {
        var name = Code(reason);
        lock (_lock)
        {
            if (reason == SkipReason.TooLarge)
            {
                // Of this capture alone; publishing goes on.
                log($"not-published shard={shard} capture={number} reason={name} \"catch-up ships it\"");
                return;
            }
            _skipped++;
            if (_since is null)
            {
                _since = time.GetTimestamp();
                log($"not-published shard={shard} capture={number} reason={name} \"and what follows, until brokers confirm again; " +
                    $"catch-up ships it\"");
            }
        }
    }

    private void Failing(string code, string reason)
    {
        lock (_lock)
        {
            if (_failing != code)
            {
                _failing = code;
                log($"kafka code={code} \"{reason}\"");
            }
        }
    }
}
