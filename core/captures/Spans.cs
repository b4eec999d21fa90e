using System.Diagnostics;

namespace Pipeline.Core.Captures;

/// <summary>
/// Spans of what is done with captures: ids, names and counts, never content. Nobody listening, they cost a comparison.
/// A capture carries no trace context: its bytes are fixed by the protocol. Its trace is known from its hash instead, to every process that
/// has its link.
/// </summary>
public static class Spans
{
    public const string SourceName = "Pipeline";

    public static ActivitySource Source { get; } = new(SourceName);

    /// <summary>The trace id is the first 16 bytes of the capture's sha256, the id of the span that stands for the capture the next
    /// 8.</summary>
    public static ActivityContext ContextOf(Link capture)
    {
        Span<byte> id = stackalloc byte[Sha256.Length];
        capture.Hash.CopyTo(id);
        return new ActivityContext(ActivityTraceId.CreateFromBytes(id[..16]), ActivitySpanId.CreateFromBytes(id[16..24]),
            ActivityTraceFlags.Recorded, isRemote: true);
    }

    /// <summary>The put of one capture. Null where nobody listens.</summary>
    public static Activity? Put(string shard, long number, ReadOnlySpan<byte> bytes) => Source.HasListeners()
        ? Source.StartActivity("put", ActivityKind.Producer, ContextOf(new Link(number, Sha256.Of(bytes))),
            [new("pipeline.shard", shard), new("pipeline.capture", number), new("pipeline.bytes", bytes.Length)])
        : null;

    /// <summary>One seal of a table, linked to captures that it takes. Null where nobody listens.</summary>
    public static Activity? Seal(string dataset, string reason, IEnumerable<Link> captures) => Source.HasListeners()
        ? Source.StartActivity("seal", ActivityKind.Consumer, default(ActivityContext),
            [new("pipeline.dataset", dataset), new("pipeline.reason", reason)],
            captures.Take(MaxLinks).Select(link => new ActivityLink(ContextOf(link))))
        : null;

    /// <summary>One try to commit, within a seal. Null where nobody listens.</summary>
    public static Activity? Commit(string dataset) => Source.HasListeners()
        ? Source.StartActivity("commit", ActivityKind.Internal, default(ActivityContext), [new("pipeline.dataset", dataset)]) : null;

    /// <summary>What collectors keep of a span's links by default.</summary>
    private const int MaxLinks = 128;
}
