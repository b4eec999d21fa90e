using Pipeline.Ingest.Classification;

namespace Pipeline.Ingest.Push;

/// <summary>Whether every shard is this process's and its store answers. Asked of the store at most once a second, however many ask.</summary>
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
                _answer = null;
                foreach (var shard in sources.DistinctBy(s => s.Source.Shard))
                {
                    _answer ??= await shard.AskFencedAsync(CancellationToken.None) is { } refused ? refused with { Code = refused.Code == PushCode.Fenced ? PushCode.FencedNotReady : refused.Code, RetryAfter = 1 } : null;
                }
                (_known, _asked) = (true, time.GetTimestamp());
            }
            return _answer;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose() => _asking.Dispose();
}
