using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.W3c;
using Pipeline.Ingest.Shard;

namespace Pipeline.Ingest.Push;

/// <summary>The column lists of pushed W3C logs: a body brings its own, or its source has one for those that bring none.</summary>
internal static class PushFields
{
    /// <summary>Whether lines of this format mean nothing without a list of columns.</summary>
    public static bool Needs(ILineFormat format) => format.FieldsAfter("#Fields: date\n"u8, null) is not null;

    /// <summary>Why the list cannot be a source's, or null.</summary>
    public static string? WhyNot(ILineFormat format, string fields)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes("#Fields: " + fields);
        return !Needs(format) ? $"its format is {format.Name}, whose lines have no list of columns"
            : fields.Any(char.IsControl) || !W3cFields.Of(format.FieldsAfter(bytes, null), null).Usable
                ? $"expected one line of at most {W3cFields.MaxColumns} names, as a log has them behind #Fields:, with date, time, " +
                $"c-ip, cs-method, cs-uri-stem and cs(User-Agent) among them"
            : null;
    }

    /// <summary>
    /// Null, or a refusal where a line comes before any list: each line would be counted as malformed and acknowledged, and its client
    /// would forget it. Refused, it still has them.
    /// </summary>
    public static PushReply.Refused? Refuse(PushSource source, ReadOnlySpan<byte> body)
    {
        if (source.Fields is not null || !Needs(source.Format))
        {
            return null;
        }
        var at = 0;
        while (at < body.Length)
        {
            var end = body[at..].IndexOf((byte)'\n');
            var line = end < 0 ? body[at..] : body.Slice(at, end);
            if (!line.Trim("\r"u8).IsEmpty && !source.Format.IsDirective(line))
            {
                return source.Format.FieldsAfter(body[..at], null) is not null ? null
                    : new(PushCode.NoFields,
                        $"Line {BlockEncoder.PhysicalLines(body[..at]) + 1} of the body comes before any #Fields, so its columns have " +
                        $"no names. Nothing was captured. Begin each body with the log's own #Fields line, or give the source " +
                        $"push.fields.");
            }
            at = end < 0 ? body.Length : at + end + 1;
        }
        return null;
    }
}
