using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Files;

/// <summary>What every block of one file says of it.</summary>
public sealed record FileReading(string Source, string Identity, ILineFormat Format, KeyedHash Hash)
{
    /// <summary>Blocks bring the checks at which the file is recognised when it goes back.</summary>
    public bool IsRemembered { get; init; }
    /// <summary>Set where the file is read for the first time, and not from its start or not without doubt.</summary>
    public BranchPoint? Begins { get; init; }
}

/// <summary>Where a file is read up to, moved on block by block: what each block says of it, and the cursor that the shard will have of
/// it.</summary>
internal sealed class FilePosition(FileReading file, FileCursor? from)
{
    private FileCursor? _last = from;
    private BranchPoint? _begins = file.Begins;

    /// <summary>Where the next block begins.</summary>
    public long Offset { get; private set; } = from?.Offset ?? 0;

    /// <summary>Physical lines before <see cref="Offset"/>.</summary>
    public long Line { get; private set; } = from?.Line ?? 0;

    /// <summary>The position after the last block; null before the first.</summary>
    public FileCursor? Cursor { get; private set; }

    public long PossibleDoubles { get; private set; }

    /// <summary>The file parts from another one, and no block of it was taken yet.</summary>
    public bool Begins => _begins is not null;

    private string? Fields => _last?.Fields;

    /// <param name="lines">The block's lines; of a very long one only a part.</param>
    /// <param name="to">Where the block ends in the file.</param>
    /// <param name="before">The up to <see cref="EarlierCheck.Window"/> bytes before that.</param>
    public SourceBlock Take(ReadOnlyMemory<byte> lines, long to, ReadOnlySpan<byte> before, Action release)
    {
        var doubles = Doubtful(lines.Span, to);
        var block = new SourceBlock
        {
            Source = file.Source, Format = file.Format, Lines = lines, FieldsBefore = Fields, File = file.Identity, Release = release,
            From = Offset, To = to, Check = file.Hash.Of(before[Math.Max(0, before.Length - LineBlocks.CheckedBytes)..]), Line = Line,
            Checks = file.IsRemembered ? Checks(lines.Span, to, before) : null, Branch = _last?.Branch, Notes = Notes(doubles),
        };
        var read = new ReadEntry
        {
            Source = file.Source, Format = file.Format.Name, From = Offset, To = to, Check = block.Check,
                Fields = file.Format.FieldsAfter(lines.Span, Fields),
            Line = Line, Physical = BlockEncoder.PhysicalLines(lines.Span), Lines = 0, Checks = block.Checks, Branch = block.Branch,
        };
        _last = Cursor = read.Cursor(Begins ? null : _last);
        (Line, Offset, PossibleDoubles, _begins) = (Cursor.Line, to, PossibleDoubles + doubles, null);
        return block;
    }

    /// <summary>The checks of a block, and before the first block of a file that parts from another those that it has in common with
    /// that.</summary>
    private IReadOnlyList<EarlierCheck> Checks(ReadOnlySpan<byte> lines, long to, ReadOnlySpan<byte> before)
    {
        List<EarlierCheck> checks = [.. Begins ? _last?.Checks ?? [] : [], .. to - Offset == lines.Length
            ? BlockChecks.Of(lines, Offset, file) : []];
        if (to > 0)
        {
            checks.Add(EarlierCheck.Of(to, before, file.Hash));
        }
        return EarlierChecks.Thin(checks, to);
    }

    /// <summary>Lines of a block that may be captured already.</summary>
    private long Doubtful(ReadOnlySpan<byte> lines, long to) => _last?.Branch?.Doubt is not { } doubt || doubt <= Offset ? 0
        : BlockEncoder.PhysicalLines(doubt >= to ? lines : lines[..(int)Math.Min(lines.Length, doubt - Offset)]);

    private Dictionary<string, long>? Notes(long doubles)
    {
        if (doubles == 0 && _begins is not { Edited: true })
        {
            return null;
        }
        var notes = new Dictionary<string, long>(StringComparer.Ordinal);
        if (doubles > 0)
        {
            notes[DoubleNotes.Rewound] = doubles;
        }
        if (_begins is { Edited: true })
        {
            notes[LossNotes.Edited] = 1;
        }
        return notes;
    }
}
