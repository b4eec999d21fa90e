using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest;
using Pipeline.Ingest.Formats;
using Pipeline.Worlds;

namespace Pipeline.Tests.Benchmarks.Stages;

/// <summary>Lines cut as ingest cuts them: blocks of whole lines of at most 1 MiB.</summary>
internal sealed record Blocks(ILineFormat Format, IReadOnlyList<(ReadOnlyMemory<byte> Lines, string? Fields)> Each, long Lines, long Bytes)
{
    public const int Seed = 4;

    /// <summary>`combined` lines of one day, of the generator that the whole way reads.</summary>
    public static Blocks Combined(int lines)
    {
        using var text = new MemoryStream(lines * 130);
        var truth = CombinedLog.Write(text, lines, Seed, days: 1);
        return Cut("combined", text.GetBuffer().AsMemory(0, (int)text.Length), truth.Counts.Lines);
    }

    public static Blocks Of(string format, int lines)
    {
        if (format == "combined")
        {
            return Combined(lines);
        }
        var batch = new LineSource(format, Seed).NextLines(lines);
        return Cut(format, batch.Bytes, batch.Counts.Lines);
    }

    /// <summary>The rows of both datasets, a pair of columns for each block.</summary>
    public IReadOnlyList<ParsedLines> Parse() => [.. Each.Select(block =>
    {
        var parsed = new ParsedLines(Contracts.XenCenterChecks, Contracts.AgentUpdates);
        Format.Parse(block.Lines.Span, block.Fields, parsed);
        return parsed;
    })];

    public static IEnumerable<Columns> Columns(IEnumerable<ParsedLines> parsed) => parsed.SelectMany(p => new[] { p.XenCenter, p.Agent }).Where(c => c.Rows > 0);

    private static Blocks Cut(string name, ReadOnlyMemory<byte> text, long lines)
    {
        var format = Formats.Named(name);
        var blocks = new List<(ReadOnlyMemory<byte>, string?)>();
        string? fields = null;
        var bytes = text.Length;
        while (!text.IsEmpty)
        {
            var end = text.Length <= SourceBlock.MostBytes ? text.Length : text.Span[..SourceBlock.MostBytes].LastIndexOf((byte)'\n') + 1;
            blocks.Add((text[..end], fields));
            fields = format.FieldsAfter(text.Span[..end], fields);
            text = text[end..];
        }
        return new Blocks(format, blocks, lines, bytes);
    }
}
