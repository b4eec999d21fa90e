using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Events;

/// <summary>
/// A shard's newest capture at some instant, and each dataset's newest up to there, by number. Head −1: the store has nothing of it.
/// </summary>
public sealed record ObservedHead(string Shard, long Head, IReadOnlyDictionary<string, long> Newest)
{
    /// <summary>Tells this capture from another of its number; null: not known.</summary>
    public CaptureMark? Mark { get; init; }

    /// <summary>The store was set back under us: the head that was known is gone or another. Null mostly.</summary>
    public string? Contradiction { get; init; }

    public static ObservedHead Of(CaptureHeader header)
    {
        var newest = header.Links.ToDictionary(l => l.Key, l => l.Value.Number, StringComparer.Ordinal);
        foreach (var frame in header.Frames)
        {
            newest[frame.Dataset] = header.Number;
        }
        return new(header.Shard, header.Number, newest) { Mark = header.Mark };
    }
}
