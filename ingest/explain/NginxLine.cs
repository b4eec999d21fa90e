using Pipeline.Ingest.Formats;
using Pipeline.Ingest.Formats.Text;

namespace Pipeline.Ingest.Explain;

/// <summary>A line of an nginx log_format, taken apart by its variables: their names are the configuration's, never the line's.</summary>
internal static class NginxLine
{
    private static readonly string[] Request = ["method", "target", "protocol"];

    /// <summary>Null: the line has not the log_format's shape.</summary>
    public static List<LineField>? Fields(NginxFormat format, ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith(format.First))
        {
            return null;
        }
        line = line[format.First.Length..];
        var fields = new List<LineField>();
        foreach (var step in format.Steps)
        {
            var end = step.End(line);
            if (end < 0)
            {
                return null;
            }
            Add(step, line[..end], format.Client is not null, fields);
            line = line[(end + step.Next.Length)..];
        }
        return line.IsEmpty ? fields : null;
    }

    private static void Add(in NginxStep step, ReadOnlySpan<byte> value, bool behindProxies, List<LineField> fields)
    {
        switch (step.Part)
        {
            case NginxPart.Request:
                for (var i = 0; i < Request.Length; i++)
                {
                    var blank = i < 2 ? value.IndexOf((byte)' ') : -1;
                    var word = blank < 0 ? value : value[..blank];
                    value = blank < 0 ? default : value[(blank + 1)..];
                    if (i == 1)
                    {
                        Target(word, fields);
                    }
                    else
                    {
                        fields.Add(new(Request[i], i == 0 ? Part.Method : Part.Undeclared, word.ToArray()));
                    }
                }
                break;
            case NginxPart.Target:
                Target(value, fields);
                break;
            default:
                fields.Add(new(step.Variable, step.Part switch
                {
                    NginxPart.Address => behindProxies ? Part.Peer : Part.Address,
                    NginxPart.Clients => Part.Clients,
                    NginxPart.TimeLocal or NginxPart.TimeIso or NginxPart.TimeUnix => Part.Time,
                    NginxPart.Method => Part.Method,
                    NginxPart.Path => Part.Path,
                    NginxPart.Query => Part.Query,
                    NginxPart.Agent => Part.Agent,
                    _ => Part.Undeclared,
                }, value.ToArray()));
                break;
        }
    }

    private static void Target(ReadOnlySpan<byte> target, List<LineField> fields)
    {
        var question = target.IndexOf((byte)'?');
        fields.Add(new("path", Part.Path, (question < 0 ? target : target[..question]).ToArray()));
        fields.Add(new("query", Part.Query, question < 0 ? [] : target[(question + 1)..].ToArray()));
    }
}
