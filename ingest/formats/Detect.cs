using Pipeline.Core.Contracts;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Formats;

/// <summary>
/// What a log's first lines look like. <see cref="Format"/> is null when none or more than one fits; <see cref="Confidence"/> is the part
/// of the lines, in %, that have the format's shape
/// (without empty and over-long ones); <see cref="Why"/> holds counts only.
/// </summary>
public sealed record Detection(ILineFormat? Format, int Confidence, string Why);

/// <summary>Finds a log's format by parsing its start in each: what fits is what that format does not call malformed.</summary>
public static class Detect
{
    /// <summary>How many bytes at the start of a log are looked at.</summary>
    public const int Sample = 65_536;

    /// <param name="start">The log's first bytes; beyond <see cref="Sample"/> they are not read, and a last line that is cut there is not
    /// judged.</param>
    public static Detection Of(ReadOnlySpan<byte> start)
    {
        var head = start.Length > Sample ? start[..Sample] : start;
        var complete = head.LastIndexOf((byte)'\n') + 1;
        head = complete > 0 ? head[..complete] : head;
        if (head.IsEmpty)
        {
            return new Detection(null, 0, "there are no bytes yet");
        }
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            return new Detection(null, 0, "it begins with a UTF-16 byte order mark; expected UTF-8: convert it first");
        }

        var looks = LogFormats.All.Select(_ => default(Look)).ToArray();
        for (var i = 0; i < looks.Length; i++)
        {
            looks[i] = At(LogFormats.All[i], head);
        }
        var best = Enumerable.Range(0, looks.Length).MaxBy(i => looks[i].Confidence);
        var counts = string.Join(", ", LogFormats.All.Select((format, i) => $"{format.Name} {looks[i].Fits} of {looks[i].Judged} lines"));
        if (looks[best].Confidence < 50)
        {
            return new Detection(null, looks[best].Confidence, $"no format fits half of the lines: {counts}; name it with --format");
        }
        for (var i = 0; i < looks.Length; i++)
        {
            if (i != best && looks[i].Fits > 0 && 10 * looks[i].Fits >= looks[i].Judged)
            {
                return new Detection(null, looks[best].Confidence,
                    $"more than one format fits a tenth of the lines: {counts}; line {FirstOf(LogFormats.All[i], head)} is the first of " +
                    $"{LogFormats.All[i].Name}; take the file apart, or name one with --format");
            }
        }
        return new Detection(LogFormats.All[best], looks[best].Confidence, counts);
    }

    private static Look At(ILineFormat format, ReadOnlySpan<byte> head)
    {
        var lines = new ParsedLines(Shape("xencenter_version"), Shape("vm_uuid_prefix"));
        var fields = format.Parse(head, null, lines);
        var judged = lines.Lines - lines.Rejections.Count(Reason.Empty) - lines.Rejections.Count(Reason.TooLong);
        var fits = judged - lines.Rejections.Count(Reason.Malformed);

        // A W3C log of a quiet site may be a header only.
        return new Look(fits, judged, judged > 0 ? (int)(100 * fits / judged) : fields is not null ? 100 : 0);
    }

    /// <summary>The number of the first physical line that fits; the file's first is 1.</summary>
    private static long FirstOf(ILineFormat format, ReadOnlySpan<byte> head)
    {
        var lines = new ParsedLines(Shape("xencenter_version"), Shape("vm_uuid_prefix"));
        string? fields = null;
        for (var number = 1L; ; number++)
        {
            var end = head.IndexOf((byte)'\n');
            var line = end < 0 ? head : head[..(end + 1)];
            lines.Clear();
            fields = format.Parse(line, fields, lines);
            if (end < 0 || lines.Lines > lines.Rejections.Count(Reason.Empty) + lines.Rejections.Count(Reason.TooLong)
                + lines.Rejections.Count(Reason.Malformed))
            {
                return number;
            }
            head = head[(end + 1)..];
        }
    }

    /// <summary>A dataset's shape to parse into; these rows are looked at by nobody.</summary>
    private static Contract Shape(string field) => new(
        "detection", "0", "", ReadOnlyMemory<byte>.Empty,
        [new("time", FieldType.Timestamp, true, null, null), new("client_ip", FieldType.String, true, null, null),
            new(field, FieldType.String, false, null, null)],
        new Residency([], []), RetentionMode.None, 0);

    private readonly record struct Look(long Fits, long Judged, int Confidence);
}
