using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Redrive;

/// <summary>
/// Reads again lines that were rejected, from the files that still hold them, and offers those that are records by now: 1 find the file
/// — 2 go through it — 3 try the lines — 4 offer. What is a record already is never offered again: the captures say which lines those
/// are, in the same put that makes them so.
/// </summary>
/// <param name="names">What this machine knows of the files' names.</param>
/// <param name="format">Null: each read's own, as this program reads it. Malformed lines may have been read in a wrong one: for them it is
/// the format that fits the file, where one does.</param>
/// <param name="reason">The code of the reason why the lines were rejected.</param>
public sealed class Redriver(
    IReadOnlyList<string> paths, FileNames names, ILineFormat? format, string reason, KeyedHash hash, IBlockSink sink, ParsedLines scratch)
{
    private readonly RejectedFiles _files = new(paths, names, hash);

    public async Task RunAsync(IReadOnlyList<RejectedRead> reads, RedriveOutcome outcome, CancellationToken cancel)
    {
        outcome.Found += reads.Sum(read => read.Lines);
        foreach (var file in reads.GroupBy(read => read.File))
        {
            // 1 find the file
            using var open = _files.Find(file.Key, [.. file]);
            if (open is null)
            {
                outcome.Unavailable += file.Sum(read => read.Lines);
                outcome.MissingFiles.Add(names.Find(file.Key) ?? file.Last().Path ?? $"file {file.Key}");
                continue;
            }
            await ReadAsync(open, [.. file.OrderBy(read => read.To)], outcome, cancel);
        }
    }

    private async Task ReadAsync(SourceFile file, IReadOnlyList<RejectedRead> reads, RedriveOutcome outcome, CancellationToken cancel)
    {
        // 2 go through it, from its start: the field list in force at a line is the one above it
        var rejected = reads.SelectMany(read => read.Rejected.SelectMany(Lines).Select(line => (read, line)));
        var lines = new Queue<(RejectedRead Read, long Line)>(rejected);
        var by = format ?? Detected(file, reads[0].Format) ?? LogFormats.Named(reads[0].Format);
        using var blocks = file.Blocks(new FileReading(reads[0].Source, reads[0].File, by, hash), null);
        var batch = new RedriveBatch(by, hash);
        var final = false;
        while (lines.Count > 0)
        {
            var before = blocks.Line;
            var block = blocks.Next(final);
            if (block is null)
            {
                if (final)
                {
                    break;
                }
                final = true;
                continue;
            }
            var fields = block.FieldsBefore;
            var (number, at, all) = (before, 0, block.Lines);
            while (at < all.Length && lines.Count > 0)
            {
                var end = all.Span[at..].IndexOf((byte)'\n');
                var line = all.Slice(at, end < 0 ? all.Length - at : end + 1);
                (at, number) = (at + line.Length, number + 1);
                if (by.IsDirective(line.Span))
                {
                    fields = by.FieldsAfter(line.Span, fields);
                }
                if (lines.Peek().Line != number)
                {
                    continue;
                }
                // 3 try the line
                var read = lines.Dequeue().Read;
                if (!IsRecord(by, line.Span, fields))
                {
                    outcome.Left++;
                    continue;
                }
                // 4 offer
                if (batch.MustEnd(read, fields, line.Length))
                {
                    await OfferAsync(batch, outcome, cancel);
                }
                batch.Add(read, fields, line.Span, number);
            }
            block.Release?.Invoke();
        }
        await OfferAsync(batch, outcome, cancel);
        // The file ends before: what is left cannot be had.
        outcome.Unavailable += lines.Count;
    }

    /// <summary>One line, one record. A line of several rows stays as it is: which of them were records already, no capture says.</summary>
    /// <summary>Null: the lines were rejected for another reason, no format fits, or the file was read in one of its own pattern.</summary>
    private ILineFormat? Detected(SourceFile file, string readAs) => reason == Reasons.Code(Reason.Malformed)
        && LogFormats.All.Any(known => known.Name == readAs) ? file.DetectFormat(out _) : null;

    private bool IsRecord(ILineFormat by, ReadOnlySpan<byte> line, string? fields)
    {
        scratch.Clear();
        by.Parse(line, fields, scratch);
        return scratch is { Lines: 1, Rejections.Total: 0, Duplicates.Count: 0 };
    }

    private async Task OfferAsync(RedriveBatch batch, RedriveOutcome outcome, CancellationToken cancel)
    {
        if (batch.Take() is not { } block)
        {
            return;
        }
        // One at a time: what the next one says is done includes this one.
        var captured = await await sink.OfferAsync(block, cancel);
        outcome.Redriven += captured.Read.Redriven!.Values.Sum();
        outcome.Captures++;
        foreach (var (dataset, rows) in captured.Records)
        {
            outcome.Records[dataset] = outcome.Records.GetValueOrDefault(dataset) + rows;
        }
    }

    private static IEnumerable<long> Lines(RejectedLines run)
    {
        for (var i = 0; i < run.Count; i++)
        {
            yield return run.FirstLine + i;
        }
    }
}
