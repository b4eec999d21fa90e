using System.Globalization;
using Pipeline.Core.Store;
using Pipeline.Core.Table;
using Pipeline.Core.Table.Log;

namespace Pipeline.Processor.Compaction;

/// <summary>Whether the grace of a commit is over: from the instant at which the store made the commit's entry, to the store's now. Both by
/// the store's clock; asked for once.</summary>
internal sealed class Grace(TableLog log, TimeSpan grace, TimeProvider time, Action<StoreException>? waiting)
{
    private readonly Dictionary<long, DateTimeOffset?> _made = [];
    private DateTimeOffset? _now;

    /// <summary>Says so in words; null where the grace is not over, or nothing is known of the entry.</summary>
    public async Task<string?> IsOverAsync(long version, CancellationToken cancel)
    {
        if (!_made.TryGetValue(version, out var made))
        {
            _made[version] = made = (await log.Store.FindAsync(TableNames.Entry(log.Contract.Dataset, version), cancel))?.Created;
        }
        if (made is not { } since)
        {
            return null;
        }
        var now = _now ??= await StoreClock.NowAsync(log, time, waiting, cancel);
        return now - since < grace ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"entry {version} replaced it at {since.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, {(now - since).TotalHours:0.##} h " +
                $"before, by the store's clock");
    }
}
