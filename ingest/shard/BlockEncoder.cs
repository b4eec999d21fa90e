using System.Collections.Concurrent;
using Pipeline.Core.Captures;
using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest.Classification;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Shard;

/// <summary>One dataset's part of a block: encoded record batches, and their sums per UTC day.</summary>
public sealed record EncodedRows(string Dataset, IReadOnlyList<byte[]> Batches, long Rows, SortedDictionary<UtcDay, Sums> Days)
{
    public int Bytes => Batches.Sum(b => b.Length);
}

/// <summary>A block after parsing: what the capture will hold of it. Rejected lines are numbered as in the file, from 1.</summary>
public sealed record EncodedBlock(SourceBlock Block, ReadEntry Read, IReadOnlyList<RejectedLines> Rejected,
    IReadOnlyList<EncodedRows> Rows);

/// <summary>
/// Step 2 of the shard: lines → minimised columns → sums → Arrow batches. A pure function of the block, so that blocks can be encoded side
/// by side;
/// the scratch that it needs (columns, hash and encoders) is pooled.
/// </summary>
public sealed class BlockEncoder(Contract xencenter, Contract agent, ReadOnlyMemory<byte> rowKey) : IDisposable
{
    private readonly ConcurrentBag<Scratch> _pool = [];

    /// <summary>The contracts of the datasets that blocks are encoded for.</summary>
    public IReadOnlyList<Contract> Contracts { get; } = [xencenter, agent];

    public EncodedBlock Encode(SourceBlock block)
    {
        if (!_pool.TryTake(out var scratch))
        {
            scratch = new Scratch(xencenter, agent, rowKey.Span);
        }
        var parsed = scratch.Parsed;
        parsed.Clear();
        var fields = Parse(block, parsed);
        var read = new ReadEntry
        {
            Source = block.Source, Format = block.Format.Name, Parser = block.Format.Version is var version and not 1 ? version : null,
            File = block.File, Stream = block.Stream, Retires = block.Retires,
            From = block.From, To = block.To, Check = block.Check,
            Fields = fields, Line = block.Line, Physical = PhysicalLines(block.Lines.Span), Lines = parsed.Lines,
                Rejected = Counts(parsed.Rejections),
            Duplicates = parsed.Duplicates.Values.Sum(), DuplicateRules = parsed.Duplicates.Count == 0 ? null
                : new(parsed.Duplicates, StringComparer.Ordinal), Notes = Notes(parsed, block.Notes),
            Checks = block.Checks, Branch = block.Branch,
            Rules = Rules(parsed), Shapes = ShapeNames.Of(parsed.AgentShapes, parsed.PathShapes),
        };
        if (block.Redrive is { } redrive)
        {
            read = Redriven(read, redrive);
        }
        var rejected = new List<RejectedLines>(block.Redrive?.Done ?? []);
        foreach (var run in parsed.Rejections.Runs)
        {
            rejected.Add(new RejectedLines(0, Reasons.Code(run.Reason), block.Line + run.FirstLine + 1, run.Count));
        }
        var rows = new List<EncodedRows>(2);
        Add(rows, parsed.XenCenter, scratch.XenCenterFrames, scratch.Hash);
        Add(rows, parsed.Agent, scratch.AgentFrames, scratch.Hash);
        _pool.Add(scratch);
        block.Release?.Invoke();
        return new EncodedBlock(block with { Lines = default, Release = null }, read, rejected, rows);
    }

    /// <summary>The lines were counted when they were read, as rejections: here they change sides.</summary>
    private static ReadEntry Redriven(ReadEntry read, RedrivenLines redrive)
    {
        if (read.Rejected is not null || read.Duplicates > 0)
        {
            throw new InvalidOperationException($"a redrive of capture {redrive.Of.Capture} offered lines that are no records");
        }
        return read with
        {
            File = null, Line = 0, Physical = 0, Lines = 0, Redrive = redrive.Of, Notes = read.Notes,
            Rejected = new(StringComparer.Ordinal) { [redrive.Reason] = -read.Lines },
                Redriven = new(StringComparer.Ordinal) { [redrive.Reason] = read.Lines },
        };
    }

    /// <summary>What lies between repeated lines is parsed, they are counted.</summary>
    private static string? Parse(SourceBlock block, ParsedLines parsed)
    {
        var (fields, from) = (block.FieldsBefore, 0);
        foreach (var line in block.Repeated)
        {
            fields = block.Format.Parse(block.Lines.Span[from..line.Start.Value], fields, parsed);
            parsed.NextLine();
            parsed.Duplicate(DuplicateRules.Repeated);
            from = line.End.Value;
        }
        return block.Format.Parse(block.Lines.Span[from..], fields, parsed);
    }

    /// <summary>Lines as an editor counts them, directives among them; an unterminated last one counts.</summary>
    public static long PhysicalLines(ReadOnlySpan<byte> lines) => lines.Count((byte)'\n') + (lines.IsEmpty || lines[^1] == '\n' ? 0 : 1);

    public void Dispose()
    {
        foreach (var scratch in _pool)
        {
            scratch.Dispose();
        }
    }

    private static void Add(List<EncodedRows> rows, Columns columns, FrameEncoder frames, RowHash hash)
    {
        if (columns.Rows == 0)
        {
            return;
        }
        var days = new SortedDictionary<UtcDay, Sums>();
        hash.AddByDay(columns, days);
        rows.Add(new EncodedRows(columns.Contract.Dataset, frames.EncodeBatches(columns), columns.Rows, days));
    }

    private static SortedDictionary<string, long>? Counts(RejectionRuns rejections) => rejections.Total == 0 ? null
        : new(Reasons.All.Where(r => rejections.Count(r) > 0).ToDictionary(Reasons.Code, rejections.Count), StringComparer.Ordinal);

    private static SortedDictionary<string, long>? Rules(ParsedLines parsed)
    {
        SortedDictionary<string, long>? rules = null;
        for (var at = 0; at < parsed.Rules.Length; at++)
        {
            if (parsed.Rules[at] > 0)
            {
                (rules ??= new(StringComparer.Ordinal))[RuleTable.All[at].Name] = parsed.Rules[at];
            }
        }
        return rules;
    }

    private static SortedDictionary<string, long>? Notes(ParsedLines parsed, IReadOnlyDictionary<string, long>? given)
    {
        if (parsed.BadIds == 0 && parsed.LongIds == 0 && given is null)
        {
            return null;
        }
        var notes = new SortedDictionary<string, long>(given?.ToDictionary() ?? [], StringComparer.Ordinal);
        if (parsed.BadIds > 0)
        {
            notes["bad-id"] = parsed.BadIds;
        }
        if (parsed.LongIds > 0)
        {
            notes["long-id"] = parsed.LongIds;
        }
        return notes;
    }

    private sealed class Scratch(Contract xencenter, Contract agent, ReadOnlySpan<byte> rowKey) : IDisposable
    {
        public ParsedLines Parsed { get; } = new(xencenter, agent);
        public RowHash Hash { get; } = new(rowKey);
        public FrameEncoder XenCenterFrames { get; } = new(xencenter);
        public FrameEncoder AgentFrames { get; } = new(agent);

        public void Dispose()
        {
            Hash.Dispose();
            XenCenterFrames.Dispose();
            AgentFrames.Dispose();
        }
    }
}
