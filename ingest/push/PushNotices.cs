namespace Pipeline.Ingest.Push;

/// <summary>
/// Warnings that clients can cause, bounded: the first of a kind at once, then at most one a minute that says how many there were. Kinds
/// come from closed lists of the code and the
/// configuration; those beyond the bound share one. Safe to use from many threads.
/// </summary>
internal sealed class PushNotices(Action<string>? warn, TimeProvider time)
{
    private const int MaxKinds = 256;
    private const string Others = "other refusals and faults";

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Kind> _kinds = new(StringComparer.Ordinal);

    /// <param name="kind">What happened; it may be said with each warning.</param>
    /// <param name="detail">Said with the first of each minute; none of what a client sent.</param>
    public void Tell(string kind, string detail = "")
    {
        if (warn is null)
        {
            return;
        }
        long before;
        lock (_lock)
        {
            if (!_kinds.TryGetValue(kind, out var known))
            {
                kind = _kinds.Count < MaxKinds ? kind : Others;
                if (!_kinds.TryGetValue(kind, out known))
                {
                    _kinds.Add(kind, known = new Kind());
                }
            }
            if (known.Told is { } told && time.GetElapsedTime(told) < Quiet)
            {
                known.Since++;
                return;
            }
            (before, known.Since, known.Told) = (known.Since, 0, time.GetTimestamp());
        }
        warn(kind + (before == 0 ? "" : $" ({before} more like it since the last such line)") + detail);
    }

    private sealed class Kind
    {
        public long? Told { get; set; }
        public long Since { get; set; }
    }
}
