using System.Threading.Channels;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// What wakes the ship loop: shards of which a capture was written, and rings about nobody, by a timer, the feed or a stop. From any
/// thread; one reader.
/// A lost notice costs one period and nothing else.
/// </summary>
public sealed class Notices
{
    private const string Nobody = "";

    private readonly Channel<string> _notices = Channel.CreateUnbounded<string>(new() { SingleReader = true });

    /// <summary>A capture of this shard was written: look soon.</summary>
    public void Tell(string shard) => _notices.Writer.TryWrite(shard);

    public void Ring() => _notices.Writer.TryWrite(Nobody);

    /// <summary>The shards that were told since the last call.</summary>
    public IReadOnlyCollection<string> Take()
    {
        var told = new SortedSet<string>(StringComparer.Ordinal);
        while (_notices.Reader.TryRead(out var shard))
        {
            if (shard != Nobody)
            {
                told.Add(shard);
            }
        }
        return told;
    }

    /// <summary>
    /// Returns at a notice or a ring, after <paramref name="wait"/>, or at the stop. Throws nothing, and goes on in the caller's context.
    /// </summary>
    public async Task WaitAsync(TimeSpan wait, TimeProvider time, CancellationToken stop)
    {
        if (wait <= TimeSpan.Zero)
        {
            return;
        }
        using var over = time.CreateTimer(static notices => ((Notices)notices!).Ring(), this, wait, Timeout.InfiniteTimeSpan);
        using var stopped = stop.UnsafeRegister(static notices => ((Notices)notices!).Ring(), this);
        await _notices.Reader.WaitToReadAsync(CancellationToken.None);
    }
}
