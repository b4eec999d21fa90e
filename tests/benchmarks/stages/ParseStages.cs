using Pipeline.Core.Contracts;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Json;
using Pipeline.Ingest.Shard;
using Pipeline.Tests.Benchmarks.Whole;

namespace Pipeline.Tests.Benchmarks.Stages;

internal static class ParseStages
{
    private const int Lines = 100_000;

    /// <summary>Lines → minimised columns: split, parse, classify, minimise.</summary>
    public static IEnumerable<Figure> Parse(string format, ClientAddressRule? client = null)
    {
        var blocks = Blocks.Of(format, Lines, client);
        var parsed = new ParsedLines(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates);
        var figure = Repeat.Rate($"parse, classify, minimise `{blocks.Format.Name}`{(client is null ? "" : ", clients behind proxies")}",
            "lines/s", blocks.Lines, () =>
        {
            long lines = 0;
            foreach (var (text, fields) in blocks.Each)
            {
                parsed.Clear();
                blocks.Format.Parse(text.Span, fields, parsed);
                lines += parsed.Lines;
            }
            Check.Equal("parsed lines", lines, blocks.Lines);
        });
        yield return (format == "combined" ? figure.AtLeast(8e6) : client is null
            ? figure.AtLeast(blocks.Format is JsonFormat ? 1.5e6 : 3e6)
            : figure) with { Note = $"{blocks.Bytes / (double)blocks.Lines * figure.Median / 1e6:0} MB/s" };
    }

    /// <summary>The same of a log of which 99 % are others' requests: probes, attacks, browsers, clients nobody knows.</summary>
    public static IEnumerable<Figure> Foreign()
    {
        foreach (var (kind, unknown) in new[] { ("foreign", 10), ("unknown", 100) })
        {
            var blocks = Blocks.Foreign(Lines, unknown);
            var parsed = new ParsedLines(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates);
            yield return Repeat.Rate($"parse, classify, minimise `combined`, 99 % {kind}", "lines/s", blocks.Lines, () =>
            {
                foreach (var (text, _) in blocks.Each)
                {
                    parsed.Clear();
                    blocks.Format.Parse(text.Span, null, parsed);
                }
            }).AtLeast(3e6) with { Note = $"{blocks.Bytes / blocks.Lines} B a line" };
        }
    }

    /// <summary>All that a worker does to a block: parse, hash, encode.</summary>
    public static IEnumerable<Figure> Block()
    {
        var blocks = Blocks.Combined(Lines);
        using var encoder = new BlockEncoder(PublishedContracts.XenCenterChecks, PublishedContracts.AgentUpdates,
            InstallationKey.New().RowKey());
        var sources = blocks.Each.Select(b => new SourceBlock { Source = "web", Format = blocks.Format, Lines = b.Lines, File = "file",
            From = 0, To = b.Lines.Length, Check = "" }).ToList();
        yield return Repeat.Rate("block: parse, hash and encode", "lines/s", blocks.Lines, () =>
        {
            Check.Equal("encoded lines", sources.Sum(source => encoder.Encode(source).Read.Lines), blocks.Lines);
        });
    }
}
