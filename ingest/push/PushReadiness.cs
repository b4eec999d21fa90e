using Pipeline.Ingest.Classification;

namespace Pipeline.Ingest.Push;

/// <summary>
/// Whether a shard of some source is this process's and its store answers. Asked of the store at most once a second, however many ask.
/// </summary>
internal sealed class PushReadiness(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _asking = new(1);
    private long _asked;
    private bool _known;
    private PushReply.Refused? _answer;

    public async Task<PushReply.Refused?> AskAsync(IEnumerable<PushIntake> sources, CancellationToken gone)
    {
        await _asking.WaitAsync(gone);
        try
        {
            if (!_known || time.GetElapsedTime(_asked) > Fresh)
            {
                _answer = await AskAsync([.. sources.DistinctBy(s => s.Source.Shard)]);
                (_known, _asked) = (true, time.GetTimestamp());
            }
            return _answer;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>Ready while any shard works: a stopped one stops its own source's pushes and no other's.</summary>
    private static async Task<PushReply.Refused?> AskAsync(IReadOnlyList<PushIntake> shards)
    {
        PushReply.Refused? stopped = null;
        foreach (var shard in shards)
        {
            var refused = shard.RefuseStopped() ?? await shard.AskFencedAsync(CancellationToken.None);
            if (refused is null)
            {
                return null;
            }
            if (refused.Code == PushCode.Outage)
            {
                return refused;
            }
            stopped ??= refused with { Code = refused.Code == PushCode.Fenced ? PushCode.FencedNotReady : refused.Code, RetryAfter = 1 };
        }
        return stopped;
    }

    public void Dispose() => _asking.Dispose();
}
