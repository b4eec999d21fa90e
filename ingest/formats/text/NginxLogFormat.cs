using System.Text;
using Pipeline.Core;

namespace Pipeline.Ingest.Formats.Text;

/// <summary>
/// Compiles an nginx log_format, once: 1 take it out of its directive — 2 cut it into literals and variables — 3 give the variables their
/// parts — 4 refuse what nothing could read.
/// </summary>
internal static class NginxLogFormat
{
    /// <summary>A sound example for errors.</summary>
    public const string Example = """nginx:$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for" """;

    private const int MaxLength = 4096, MaxVariables = 64;

    /// <summary>Path and query, of three variables that stand side by side: the middle one is the question mark, or nothing.</summary>
    private const string UriAndArgs = "uri$is_args$args";

    private static readonly string[] Times = ["time_local", "time_iso8601", "msec"];

    /// <returns>The text before the first variable, and a step for each variable.</returns>
    /// <exception cref="PipelineException">2: it has no time, address or request; variables that nothing parts; an escape that is not
    /// nginx's default; or not the variable of the client's address.</exception>
    public static (byte[] First, NginxStep[] Steps) Compile(string text, ClientAddressRule? client)
    {
        // 1
        var format = Unwrap(text);
        // 2
        var (first, variables) = Cut(format);
        // 3
        var names = variables.Select(v => v.Name).ToList();
        var parts = Parts(names, client);
        // 4
        var missing = Missing(parts, names, client).ToList();
        if (missing.Count > 0)
        {
            throw Refused($"it has no {string.Join(", and no ", missing)}");
        }
        var steps = new NginxStep[variables.Count];
        var quotes = first.Count(c => c == '"');
        for (var i = 0; i < steps.Length; i++)
        {
            var (name, next) = variables[i];
            var part = parts.GetValueOrDefault(i);
            var quoted = quotes % 2 == 1 && next.StartsWith('"');
            quotes += next.Count(c => c == '"');
            if (next.Length == 0 && i + 1 < steps.Length)
            {
                throw Refused($"${name} and ${names[i + 1]} stand side by side, and nothing tells where one ends; put a blank or a " +
                    $"quote between them");
            }
            if (!quoted && part is NginxPart.Request or NginxPart.Agent or NginxPart.Clients && next.Length > 0 && next.All(c => c == ' '))
            {
                throw Refused($"${name} may hold blanks and is followed by one, so nothing tells where it ends; put it in double quotes");
            }
            steps[i] = new NginxStep("$" + name, part, quoted, Encoding.UTF8.GetBytes(next));
        }
        return (Encoding.UTF8.GetBytes(first), steps);
    }

    /// <summary>`log_format NAME escape=… 'part' 'part';` as it stands in nginx.conf, or the string alone.</summary>
    private static string Unwrap(string text)
    {
        text = text.Trim();
        if (text.StartsWith("log_format ", StringComparison.Ordinal))
        {
            text = text["log_format ".Length..].TrimStart();
            text = text[(text.IndexOf(' ') + 1)..].TrimStart();
        }
        if (text.StartsWith("escape=", StringComparison.Ordinal))
        {
            var end = text.IndexOf(' ');
            var escape = end < 0 ? text : text[..end];
            text = end < 0 ? "" : text[end..].TrimStart();
            if (escape == "escape=none")
            {
                throw Refused("escape=none writes what clients send as it is, quotes and line ends with it, so a client could write " +
                    "lines of its own; use the default escape");
            }
            if (escape is not "escape=default")
            {
                throw escape == "escape=json" ? Json() : Refused("its escape is not known; expected escape=default");
            }
        }
        if (text.StartsWith('{'))
        {
            throw Json();
        }
        var format = text.StartsWith('\'') ? Joined(text) : Unescape(text);
        return format.Length > MaxLength ? throw Refused($"it is {format.Length} characters long; expected at most {MaxLength}")
            : format.AsSpan().ContainsAny('\n', '\r', '\0') ? throw Refused("it holds a line end; a line of the log must be one line")
            : format;
    }

    private static string Joined(string text)
    {
        var joined = new StringBuilder();
        for (var rest = text; rest.Length > 0 && rest != ";"; rest = rest.TrimStart())
        {
            var close = rest[0] == '\'' ? 1 : rest.Length;
            while (close < rest.Length && rest[close] != '\'')
            {
                close += rest[close] == '\\' ? 2 : 1;
            }
            if (close >= rest.Length)
            {
                throw Refused("it begins with a single quote and is not a row of texts in single quotes");
            }
            joined.Append(Unescape(rest[1..close]));
            rest = rest[(close + 1)..];
        }
        return joined.ToString();
    }

    /// <summary>As nginx reads its configuration.</summary>
    private static string Unescape(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var next = text[i] == '\\' && i + 1 < text.Length ? text[i + 1] : '\0';
            (var c, i) = next switch { '"' or '\'' or '\\' => (next, i + 1), 't' => ('\t', i + 1), 'n' => ('\n', i + 1), 'r' =>
                ('\r', i + 1), _ => (text[i], i) };
            plain.Append(c);
        }
        return plain.ToString();
    }

    private static (string First, List<(string Name, string Next)> Variables) Cut(string format)
    {
        var pieces = format.Split('$');
        var found = new List<(string Name, string Next)>();
        foreach (var piece in pieces[1..])
        {
            var braced = piece.StartsWith('{');
            var end = braced ? piece.IndexOf('}') : piece.TakeWhile(c => char.IsAsciiLetterOrDigit(c) || c == '_').Count();
            var name = end <= 0 ? "" : piece[(braced ? 1 : 0)..end].ToLowerInvariant();
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                throw Refused("it has a $ without the name of a variable");
            }
            found.Add((name, piece[(end + (braced ? 1 : 0))..]));
        }
        for (var i = 0; i + 2 < found.Count; i++)
        {
            if (found[i] is ("uri" or "document_uri", "") && found[i + 1] is ("is_args", "") && found[i + 2].Name is "args"
                or "query_string")
            {
                found[i] = (UriAndArgs, found[i + 2].Next);
                found.RemoveRange(i + 1, 2);
            }
        }
        return found.Count > MaxVariables ? throw Refused($"it has {found.Count} variables; expected at most {MaxVariables}")
            : (pieces[0], found);
    }

    /// <summary>Of variables that are there twice the first counts.</summary>
    private static Dictionary<int, NginxPart> Parts(List<string> names, ClientAddressRule? client)
    {
        var parts = new Dictionary<int, NginxPart>();
        void Give(NginxPart part, params ReadOnlySpan<string> candidates)
        {
            foreach (var name in candidates)
            {
                if (names.IndexOf(name) is var at and >= 0 && parts.TryAdd(at, part))
                {
                    return;
                }
            }
        }
        var clients = Clients(client);
        Give(NginxPart.Address, client is null || !names.Contains("realip_remote_addr") ? "remote_addr" : "realip_remote_addr");
        Give(NginxPart.Clients, clients ?? "");
        switch (names.FirstOrDefault(Times.Contains))
        {
            case "time_local": Give(NginxPart.TimeLocal, "time_local"); break;
            case "time_iso8601": Give(NginxPart.TimeIso, "time_iso8601"); break;
            default: Give(NginxPart.TimeUnix, "msec"); break;
        }
        if (names.Contains("request"))
        {
            Give(NginxPart.Request, "request");
        }
        else
        {
            Give(NginxPart.Method, "request_method");
            Give(NginxPart.Target, "request_uri", UriAndArgs);
            if (!parts.ContainsValue(NginxPart.Target))
            {
                Give(NginxPart.Path, "uri", "document_uri");
                Give(NginxPart.Query, "args", "query_string");
            }
        }
        Give(NginxPart.Agent, "http_user_agent");
        return parts;
    }

    private static IEnumerable<string> Missing(Dictionary<int, NginxPart> parts, List<string> names, ClientAddressRule? client)
    {
        bool Has(params ReadOnlySpan<NginxPart> any) => any.ContainsAny([.. parts.Values]);
        if (!Has(NginxPart.Address))
        {
            yield return client is null ? "address ($remote_addr)" : "address of the peer ($realip_remote_addr or $remote_addr)";
        }
        if (client is not null && !Has(NginxPart.Clients))
        {
            yield return names.Contains(Clients(client)!) ? $"other address than ${Clients(client)}, which is the peer's"
                : $"${Clients(client)}, which client-address names";
        }
        if (!Has(NginxPart.TimeLocal, NginxPart.TimeIso, NginxPart.TimeUnix))
        {
            yield return "time ($time_local, $time_iso8601 or $msec)";
        }
        if (!Has(NginxPart.Request) && !(Has(NginxPart.Method) && Has(NginxPart.Target, NginxPart.Path)))
        {
            yield return "request ($request, or $request_method with $request_uri or $uri)";
        }
    }

    private static string? Clients(ClientAddressRule? client) => client?.Field.TrimStart('$').ToLowerInvariant();

    private static PipelineException Json() =>
        Refused("it writes JSON (escape=json, or a text in braces); name the source's format as ndjson with the members' names instead, " +
        "so that JSON is read as JSON");

    private static UsageException Refused(string why) =>
        new($"format nginx: this log_format cannot be read: {why}. A sound one: {Example.TrimEnd()}");
}
