using Pipeline.Core.Captures;

namespace Pipeline.Shipper.Catchup;

/// <summary>
/// How far a shard was read: the next number, the hash and mark of the capture before it, and each dataset's newest capture up to there.
/// </summary>
/// <param name="Mark">Null where only the capture's hash is known, from a snapshot.</param>
internal sealed record ShardPosition(long Next, Sha256? Head, CaptureMark? Mark, IReadOnlyDictionary<string, Link> Last)
{
    public static readonly ShardPosition Beginning = new(0, null, null, new Dictionary<string, Link>());

    public static ShardPosition At(ShardState snapshot) => snapshot.Head is not { } head ? Beginning
        : new(head.Number + 1, head.Hash, null, snapshot.Datasets.ToDictionary(d => d.Key, d => d.Value.Last, StringComparer.Ordinal));

    public Link? LastOf(string dataset) => Last.TryGetValue(dataset, out var link) ? link : null;

    public ShardPosition After(Capture capture) =>
        (this with { Next = capture.Link.Number + 1, Head = capture.Link.Hash, Mark = capture.Header.Mark }).With(capture);

    /// <summary>Behind a capture that the tables have by its links, whatever was read before.</summary>
    public static ShardPosition Behind(Capture capture) =>
        new ShardPosition(
            capture.Link.Number + 1, capture.Link.Hash, capture.Header.Mark, new Dictionary<string, Link>(capture.Header.Links))
            .With(capture);

    /// <summary>With the capture as the newest of each dataset that it has a frame of.</summary>
    private ShardPosition With(Capture capture)
    {
        if (capture.Header.Frames.Count == 0)
        {
            return this;
        }
        var last = new Dictionary<string, Link>(Last);
        foreach (var frame in capture.Header.Frames)
        {
            last[frame.Dataset] = capture.Link;
        }
        return this with { Last = last };
    }
}
