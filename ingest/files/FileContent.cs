using System.Buffers;
using Pipeline.Core.Captures;
using Pipeline.Core.Records;
using Pipeline.Ingest.Formats;

namespace Pipeline.Ingest.Files;

/// <summary>What deciders ask of one opened file: the checks at offsets, each read once, and where a check is found elsewhere.</summary>
internal sealed class FileContent(SourceFile file, KeyedHash hash, long firstLineEnd)
{
    private readonly Dictionary<long, string?> _checks = [];
    private readonly Dictionary<long, EarlierCheck?> _earlier = [];

    /// <summary>Where its first data line ends.</summary>
    public long FirstLineEnd => firstLineEnd;

    public bool IsGzip => file.IsGzip;

    /// <summary><see cref="long.MaxValue"/> where only reading can tell.</summary>
    public long Length => file.ContentLength;

    /// <summary>The check at an offset; null where the file ends before.</summary>
    public string? CheckAt(long offset) =>
        _checks.TryGetValue(offset, out var known) ? known : _checks[offset] = offset <= Length && file.Before(offset) is { } before
            ? hash.Of(before) : null;

    /// <summary>Whether the content has an offset at all.</summary>
    public bool Reaches(long offset) => CheckAt(offset) is not null;

    /// <summary>Whether its content before a check's offset is what it was.</summary>
    public bool Has(EarlierCheck check) => EarlierAt(check.Offset) == check;

    /// <summary>Whether it goes on where a cursor stands. Null: it ends before.</summary>
    public bool? IsAt(FileCursor cursor) => CheckAt(cursor.Offset) is not { } check ? null : check == cursor.Check
        && (cursor.Checks is not { Count: > 0 } checks || checks[^1].Offset != cursor.Offset || Has(checks[^1]));

    private EarlierCheck? EarlierAt(long offset) =>
        _earlier.TryGetValue(offset, out var known) ? known : _earlier[offset] = offset <= Length
            && file.Before(offset, EarlierCheck.Window) is { } before ? EarlierCheck.Of(offset, before, hash) : null;

    /// <summary>Where line ends after <paramref name="from"/> have one of these checks: the first and the last place of each that is
    /// found.</summary>
    public Dictionary<ulong, (long First, long Last)> Search(long from, HashSet<ulong> hashes, long to = long.MaxValue)
    {
        var found = new Dictionary<ulong, (long First, long Last)>();
        if (hashes.Count == 0)
        {
            return found;
        }
        var buffer = ArrayPool<byte>.Shared.Rent(EarlierCheck.Window + 64 * 1024);
        try
        {
            var kept = (int)Math.Min(from, EarlierCheck.Window);
            var content = file.ContentAt(from - kept);
            kept = content.ReadAtLeast(buffer.AsSpan(0, kept), kept, throwOnEndOfStream: false);
            for (int read; from < to && (read = content.Read(buffer.AsSpan(kept))) > 0;)
            {
                var all = buffer.AsSpan(0, kept + read);
                for (int at = kept, next; (next = all[at..].IndexOf((byte)'\n')) >= 0;)
                {
                    at += next + 1;
                    var check = EarlierCheck.Of(0, all[Math.Max(0, at - EarlierCheck.Window)..at], hash).Hash;
                    if (hashes.Contains(check))
                    {
                        var place = from + at - kept;
                        found[check] = (found.TryGetValue(check, out var places) ? places.First : place, place);
                    }
                }
                from += read;
                kept = Math.Min(all.Length, EarlierCheck.Window);
                all[^kept..].CopyTo(buffer);
            }
            return found;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>The cursor at which a file that parts from another is read on.</summary>
    public FileCursor Start(FileReading reading, BranchPoint point)
    {
        var (line, fields) = Before(point.From, reading.Format);
        return new FileCursor
        {
            Source = reading.Source, Offset = point.From, Check = CheckAt(point.From)
                ?? "", Fields = fields, Line = line, Format = reading.Format.Name,
            Checks = EarlierChecks.Thin([.. point.Checks, .. EarlierAt(point.From) is { } here ? [here] : (EarlierCheck[])[]], point.From),
                Branch = new FileBranch(point.Of, point.Doubt),
        };
    }

    /// <summary>The physical lines before an offset, and the W3C field list in force there.</summary>
    private (long Lines, string? Fields) Before(long offset, ILineFormat format)
    {
        using var blocks = new LineBlocks(file.ContentAt(0), new FileReading("", "", format, hash), null, []);
        var (lines, fields) = (0L, (string?)null);
        while (blocks.Offset < offset && blocks.Next() is { } block)
        {
            var length = (int)Math.Min(block.Lines.Length, offset - block.From);
            var span = block.Lines.Span[..length];
            fields = format.FieldsAfter(span, block.FieldsBefore);
            lines = block.Line + Shard.BlockEncoder.PhysicalLines(span);
            block.Release!();
        }
        return (lines, fields);
    }
}
