using Pipeline.Core.Captures;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Shard;

/// <summary>
/// Whole lines from one source, in order: what a source offers to its shard. Immutable once offered; the shard gives <see cref="Lines"/>
/// back through
/// <see cref="Release"/> when they were parsed.
/// </summary>
public sealed record SourceBlock
{
    /// <summary>The most bytes of a file's block: what it encodes to always fits a capture.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>A line's most bytes without its terminator (rule 29).</summary>
    public const int MaxLineBytes = 65_536;

    public required string Source { get; init; }
    public required ILineFormat Format { get; init; }
    /// <summary>Lines ended by '\n'; the last one may be unterminated where it is final. A line over 64 KiB may be cut to a little over 64
    /// KiB, so From to To may exceed Lines.Length.</summary>
    public required ReadOnlyMemory<byte> Lines { get; init; }
    /// <summary>Lines of these that the source has offered before (rule 31): where each lies in <see cref="Lines"/>, its terminator with
    /// it, in order. They are counted and not parsed.</summary>
    public IReadOnlyList<Range> Repeated { get; init; } = [];
    /// <summary>Set where these are lines that were rejected before, and are records now: all of them.</summary>
    public RedrivenLines? Redrive { get; init; }
    /// <summary>The W3C field list in force before the first line.</summary>
    public string? FieldsBefore { get; init; }
    /// <summary>The position, without counts: see <see cref="Read"/>. Exactly one of File and Stream is set, or neither for a push without
    /// a key.</summary>
    public string? File { get; init; }
    public string? Stream { get; init; }
    /// <summary>The stream of the same source that this push's stream displaces (rule 32); null: none.</summary>
    public string? Retires { get; init; }
    public required long From { get; init; }
    public required long To { get; init; }
    public required string Check { get; init; }
    /// <summary>Physical lines before the first one in this file.</summary>
    public long Line { get; init; }
    /// <summary>A push lies whole in one capture (rule 33); a file's blocks need not.</summary>
    public bool Whole => File is null;
    /// <summary>See <see cref="ReadEntry.Checks"/>.</summary>
    public IReadOnlyList<EarlierCheck>? Checks { get; init; }
    /// <summary>See <see cref="ReadEntry.Branch"/>.</summary>
    public FileBranch? Branch { get; init; }
    /// <summary>Counters of the read that its lines do not tell: <see cref="LossNotes"/> and <see cref="DoubleNotes"/>.</summary>
    public IReadOnlyDictionary<string, long>? Notes { get; init; }
    /// <summary>Called once, when the bytes are no longer needed.</summary>
    public Action? Release { get; init; }
}

/// <summary>Lines of one read of an earlier capture that were rejected for one reason.</summary>
/// <param name="Done">Physical lines of that read that are records when this block is captured: these, and those of redrives before. In
/// order, apart.</param>
public sealed record RedrivenLines(RedriveOf Of, string Reason, IReadOnlyList<RejectedLines> Done);

/// <summary>What became of a block that was captured: the counts to answer its sender with.</summary>
public sealed record BlockOutcome(Link Capture, ReadEntry Read, IReadOnlyDictionary<string, long> Records,
    IReadOnlyList<RejectedLines> Rejected);

/// <summary>Takes a source's blocks in order. Waits while the shard has enough; never drops.</summary>
public interface IBlockSink
{
    /// <summary>
    /// Returns when the block was taken into the shard's queue. The inner task ends when the capture that holds it is on stable storage:
    /// only then may anything be acknowledged (promise 1). It fails with <see cref="FencedException"/> where a newer process has the shard.
    /// </summary>
    ValueTask<Task<BlockOutcome>> OfferAsync(SourceBlock block, CancellationToken cancel);

    /// <summary>Counts what may be a loss at a source (<see cref="Core.Captures.LossNotes"/>): the shard's next capture carries it. Never
    /// waits, costs no capture of its own while others come.</summary>
    void Note(string source, string note)
    {
    }
}

/// <summary>A named stream of lines from one endpoint.</summary>
public interface ISource
{
    string Name { get; }

    /// <summary>Offers blocks until the source ends or <paramref name="stop"/> asks to finish: what was read by then is still
    /// offered.</summary>
    Task RunAsync(IBlockSink sink, CancellationToken stop);
}
