using Pipeline.Core;
using Pipeline.Core.Captures;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Push;

/// <summary>What a source promises (promise 2).</summary>
public enum PushDelivery
{
    /// <summary>Every push has a key; one without is refused with 428.</summary>
    ExactlyOnce,
    /// <summary>A push may come without a key: sent again, its lines are counted again.</summary>
    AtLeastOnce,
}

/// <summary>A source that takes pushes, and the shard that it belongs to.</summary>
public sealed record PushSource
{
    public required string Name { get; init; }
    public required string Shard { get; init; }
    public required ILineFormat Format { get; init; }
    public required IBlockSink Sink { get; init; }
    /// <summary>Whether a newer process has the shard (rule 32).</summary>
    public required Func<CancellationToken, Task<bool>> IsFenced { get; init; }
    public required PushStreams Streams { get; init; }
    public PushDelivery Delivery { get; init; }
    /// <summary>
    /// The SHA-256 of each bearer token that is let in, 64 hex digits: several, so that a new one can be listed before the old one goes.
    /// A token or a client certificate is required where the endpoint listens off loopback (rule 33).
    /// </summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];
    /// <summary>The SHA-256 of the DER bytes of each client certificate that is let in, 64 hex digits in lower case: several, so that a new
    /// one can be listed before the old one goes.</summary>
    public IReadOnlyList<string> ClientCertificates { get; init; } = [];
    /// <summary>The columns of W3C bodies that begin without `#Fields`; null: such a body is refused.</summary>
    public string? Fields { get; init; }

    /// <summary>The reason why this process has the shard no more, or null while it has; asked for each push.</summary>
    public Func<string?> WhyStopped { get; init; } = static () => null;

    /// <summary>A source of this shard. Call it when the shard was claimed and before it runs: the streams begin with what was
    /// captured.</summary>
    public static PushSource Of(ShardLoop shard, string name, ILineFormat format, PushDelivery delivery = PushDelivery.ExactlyOnce) => new()
    {
        Name = name, Shard = shard.Shard, Format = format, Sink = shard, IsFenced = shard.IsFencedAsync,
            Streams = new PushStreams(name, shard.State, cold: shard.ColdStreams),
        Delivery = delivery,
    };

    /// <summary>A source whose shard could not be claimed: <see cref="WhyStopped"/> says why, and nothing is taken.</summary>
    /// <param name="empty">A state of the shard with nothing in it.</param>
    public static PushSource OfStopped(ShardState empty, string name, ILineFormat format, PushDelivery delivery) => new()
    {
        Name = name, Shard = empty.Shard, Format = format, Sink = new StoppedShardSink(empty.Shard),
        IsFenced = static _ => Task.FromResult(false), Streams = new PushStreams(name, empty),
        Delivery = delivery,
    };

    /// <summary>Why these cannot be the columns of bodies of this format, or null.</summary>
    public static string? WhyNotFields(ILineFormat format, string fields) => PushFields.WhyNot(format, fields);

    /// <summary>A certificate's SHA-256 as <see cref="ClientCertificates"/> wants it, however it was written: openssl puts ':' between
    /// bytes. Null: it is none.</summary>
    public static string? Fingerprint(string text) => PushAccess.Fingerprint(text);

    /// <summary>Whether anyone may push to it.</summary>
    internal bool IsOpen => Tokens.Count == 0 && ClientCertificates.Count == 0;

    private sealed class StoppedShardSink(string shard) : IBlockSink
    {
        public ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel) =>
            throw new ShardStoppedException(shard, null);
    }
}

/// <summary>A shard that the process hosts no more, as /readyz lists it.</summary>
/// <param name="Reason">A closed list: corrupt, fork, fenced, locked.</param>
public sealed record PushStoppedShard(string Shard, string Reason);
