namespace Pipeline.Ingest.Formats.Text;

/// <summary>What a variable of a log_format is to the parser.</summary>
internal enum NginxPart : byte
{
    Skipped,

    /// <summary>The client, or with a `client-address` its peer.</summary>
    Address,

    /// <summary>The variable that `client-address` names.</summary>
    Clients,

    TimeLocal,
    TimeIso,

    /// <summary>`$msec`: seconds since 1970 with three digits behind the point.</summary>
    TimeUnix,

    /// <summary>`METHOD target HTTP/x`.</summary>
    Request,

    Method,

    /// <summary>Path and query, as the client sent them.</summary>
    Target,

    Path,
    Query,
    Agent,
}

/// <summary>One variable of a compiled log_format, and the literal text that ends it.</summary>
/// <param name="Variable">As it is written, `$` with it.</param>
/// <param name="Quoted">It ends at the quote that no backslash escapes; <paramref name="Next"/> begins with that quote.</param>
/// <param name="Next">Empty: the variable is the last, and goes to the line's end.</param>
internal readonly record struct NginxStep(string Variable, NginxPart Part, bool Quoted, byte[] Next)
{
    /// <summary>How many bytes of the text are the variable's value; −1 where what must follow it does not.</summary>
    public int End(ReadOnlySpan<byte> text)
    {
        if (Next.Length == 0)
        {
            return text.Length;
        }
        // Most of what is skipped is one byte, `-`.
        if (text.Length > Next.Length && text[0] == '-' && Next[0] != '-' && text[1..].StartsWith(Next))
        {
            return 1;
        }
        if (!Quoted)
        {
            return Next.Length == 1 ? text.IndexOf(Next[0]) : text.IndexOf(Next);
        }
        var quote = LogFields.ClosingQuote(text);
        return quote >= 0 && text[quote..].StartsWith(Next) ? quote : -1;
    }
}
