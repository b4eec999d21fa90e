using System.Buffers;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Redrive;

/// <summary>What a redrive found and did, of one source and reason. Lines are physical lines as captures name them.</summary>
public sealed record RedriveOutcome
{
    /// <summary>Rejections of files, in captures that stand, before it.</summary>
    public long Found { get; set; }

    /// <summary>Of them, now records (in a dry run: that would be).</summary>
    public long Redriven { get; set; }

    /// <summary>Still rejected, by any reason, or of several rows in one line.</summary>
    public long Left { get; set; }

    /// <summary>Of files that are gone, or hold something else by now.</summary>
    public long Unavailable { get; set; }

    /// <summary>Rejections of pushes, which no file holds.</summary>
    public long Pushed { get; set; }

    public SortedDictionary<string, long> Records { get; } = new(StringComparer.Ordinal);

    public List<string> MissingFiles { get; } = [];

    public long Captures { get; set; }
}

/// <summary>
/// Reads again lines that were rejected, from the files that still hold them, and offers those that are records by now: 1 find the file — 2 go through it — 3 try the lines — 4 offer.
/// What is a record already is never offered again: the captures say which lines those are, in the same put that makes them so.
/// </summary>
/// <param name="names">What this machine knows of the files' names.</param>
/// <param name="format">Null: each read's own, as this program reads it.</param>
public sealed class Redriver(IReadOnlyList<string> paths, FileNames names, Func<string, ILineFormat> format, KeyedHash hash, IBlockSink sink, ParsedLines scratch)
{
    /// <summary>The most lines of a block: their records fit a capture.</summary>
    private const int MaxLines = 32_768;

    private readonly Dictionary<string, List<string>> _byFingerprint = new(StringComparer.Ordinal);
    private bool _looked;

    public async Task RunAsync(IReadOnlyList<RejectedRead> reads, RedriveOutcome outcome, CancellationToken cancel)
    {
        outcome.Found += reads.Sum(read => read.Lines);
        foreach (var file in reads.GroupBy(read => read.File))
        {
            // 1 find the file
            using var open = Find(file.Key, [.. file]);
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
        var lines = new Queue<(RejectedRead Read, long Line)>(reads.SelectMany(read => read.Rejected.SelectMany(run => Lines(run).Select(line => (read, line)))));
        var by = format(reads[0].Format);
        using var blocks = file.Blocks(new FileReading(reads[0].Source, reads[0].File, by, hash), null);
        var batch = new Batch(by, hash);
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
    private bool IsRecord(ILineFormat by, ReadOnlySpan<byte> line, string? fields)
    {
        scratch.Clear();
        by.Parse(line, fields, scratch);
        return scratch is { Lines: 1, Rejections.Total: 0, Duplicates.Count: 0 };
    }

    private async Task OfferAsync(Batch batch, RedriveOutcome outcome, CancellationToken cancel)
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

    /// <summary>The file that holds what was read, whatever its name is by now.</summary>
    private SourceFile? Find(string identity, IReadOnlyList<RejectedRead> reads)
    {
        var hints = reads.Select(read => read.Path).Prepend(names.Find(identity)).OfType<string>().Distinct(StringComparer.Ordinal);
        foreach (var path in hints.Concat(Named(identity.Split('.')[0])).Concat(hints.SelectMany(Beside)).Distinct(StringComparer.Ordinal))
        {
            SourceFile? file = null;
            try
            {
                file = File.Exists(path) ? SourceFile.Open(path) : null;
                if (file is not null && Fingerprint(file) == identity.Split('.')[0] && reads.All(read => read.To <= file.ContentLength && file.Before(read.To) is { } before && hash.Of(before) == read.Check))
                {
                    return file;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is as good as gone, and reported so.
            }
            file?.Dispose();
        }
        return null;
    }

    /// <summary>Where a rotation puts it: `access.log` becomes `access.log.1`, `access.log-20261102.gz`.</summary>
    private static IEnumerable<string> Beside(string path) =>
        Path.GetDirectoryName(path) is { Length: > 0 } folder && Directory.Exists(folder) ? Directory.EnumerateFiles(folder, Path.GetFileName(path) + "*").Order(StringComparer.Ordinal) : [];

    private List<string> Named(string fingerprint)
    {
        if (!_looked)
        {
            _looked = true;
            foreach (var path in paths.SelectMany(SourcePaths.Find))
            {
                try
                {
                    using var file = SourceFile.Open(path);
                    if (Fingerprint(file) is { } found)
                    {
                        (_byFingerprint.TryGetValue(found, out var known) ? known : _byFingerprint[found] = []).Add(path);
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The same.
                }
            }
        }
        return _byFingerprint.GetValueOrDefault(fingerprint) ?? [];
    }

    private string? Fingerprint(SourceFile file) => FileFingerprint.Of(file.ContentAt(0), hash, final: true);

    private static IEnumerable<long> Lines(RejectedLines run)
    {
        for (var i = 0; i < run.Count; i++)
        {
            yield return run.FirstLine + i;
        }
    }

    /// <summary>Lines of one read and one field list, until they are a block.</summary>
    private sealed class Batch(ILineFormat by, KeyedHash hash)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private readonly List<long> _lines = [];
        private RejectedRead? _read;
        private IReadOnlyList<RejectedLines> _done = [];
        private string? _fields;

        public bool MustEnd(RejectedRead read, string? fields, int bytes) =>
            _lines.Count > 0 && (_read != read || _fields != fields || _lines.Count == MaxLines || _bytes.WrittenCount + bytes > SourceBlock.MaxBytes);

        public void Add(RejectedRead read, string? fields, ReadOnlySpan<byte> line, long number)
        {
            if (_read != read)
            {
                (_read, _done) = (read, read.Done);
            }
            _fields = fields;
            _bytes.Write(line);
            if (line[^1] != '\n')
            {
                _bytes.Write("\n"u8);
            }
            _lines.Add(number);
        }

        public SourceBlock? Take()
        {
            if (_lines.Count == 0)
            {
                return null;
            }
            _done = LineRuns.With(_done, _lines, RejectionBlock.Redriven);
            var block = new SourceBlock
            {
                Source = _read!.Source, Format = by, Lines = _bytes.WrittenSpan.ToArray(), FieldsBefore = _fields, From = 0, To = 0, Check = hash.Of(_bytes.WrittenSpan),
                Redrive = new RedrivenLines(_read.Of, _read.Reason, _done),
            };
            _bytes.ResetWrittenCount();
            _lines.Clear();
            return block;
        }
    }
}
